/**
 * The field GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11D) and the generator 2. Plus and minus are xor.
 */
const POLYNOMIAL = 0x11d

/** Elements of the field other than 0, and the order of the generator. */
export const ORDER = 255

/** Powers of the generator, twice over, so that the sum of two logarithms is an index. */
export const powers = new Uint8Array(2 * ORDER)

/** Logarithms to the base of the generator; that of 0 does not exist. */
export const logarithms = new Uint8Array(ORDER + 1)

for (let exponent = 0, value = 1; exponent < ORDER; exponent++) {
  powers[exponent] = value
  powers[exponent + ORDER] = value
  logarithms[value] = exponent
  value = value & 0x80 ? (value << 1) ^ POLYNOMIAL : value << 1
}

export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : powers[logarithms[a]! + logarithms[b]!]!
}

/** `b` is not 0. */
export function divide(a: number, b: number): number {
  return a === 0 ? 0 : powers[logarithms[a]! + ORDER - logarithms[b]!]!
}
