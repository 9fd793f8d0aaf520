import { logarithms, ORDER, powers } from './gf256.ts'

/**
 * How much of each known fragment stands in each unknown one. Fragment i is the value at point i of one polynomial, so
 * this is Lagrange's formula: the known value at s enters the one at w with the product of (w - t) / (s - t) over all
 * other known points t. Products are sums of logarithms here, which makes a whole matrix O(n^2).
 *
 * @param known - Points of all fragments that determine the polynomial.
 * @param wanted - Points at which it is wanted, none of them known.
 * @param columns - Those of the known points whose coefficients are asked for.
 * @returns All coefficients of the first column, then of the second one, and so on.
 */
export function lagrangeCoefficients(
  known: readonly number[],
  wanted: readonly number[],
  columns: readonly number[],
): Uint8Array<ArrayBuffer> {
  const numerators = wanted.map((w) => known.reduce((sum, t) => sum + logarithms[w ^ t]!, 0))
  const coefficients = new Uint8Array(columns.length * wanted.length)
  for (const [column, s] of columns.entries()) {
    // The logarithm of s - s is left out; that of 0 is stored as 0.
    const denominator = known.reduce((sum, t) => sum + logarithms[s ^ t]!, 0)
    for (const [row, w] of wanted.entries()) {
      const exponent = (numerators[row]! - logarithms[w ^ s]! - denominator) % ORDER
      coefficients[column * wanted.length + row] = powers[exponent < 0 ? exponent + ORDER : exponent]!
    }
  }
  return coefficients
}
