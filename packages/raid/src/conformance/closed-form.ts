/** GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1, generator 2; powers twice over, so that a sum of logarithms needs no modulus. */
const POLYNOMIAL = 0x11d
const powers = new Uint8Array(510)
const logarithms = new Uint8Array(256)
for (let exponent = 0, value = 1; exponent < 255; exponent++) {
  powers[exponent] = value
  powers[exponent + 255] = value
  logarithms[value] = exponent
  value = value & 0x80 ? (value << 1) ^ POLYNOMIAL : value << 1
}

function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : powers[logarithms[a]! + logarithms[b]!]!
}

function divide(a: number, b: number): number {
  return a === 0 ? 0 : powers[logarithms[a]! + 255 - logarithms[b]!]!
}

/** How much of data fragment c stands in fragment n + r: the Lagrange polynomial of point c at point n + r; minus is xor. */
function coefficient(r: number, c: number, n: number): number {
  let product = 1
  for (let j = 0; j < n; j++) if (j !== c) product = divide(multiply(product, (n + r) ^ j), c ^ j)
  return product
}

/**
 * Parity by the closed form of the code, written from its definition and from nothing else: the oracle of the laws.
 * Slow, for short fragments.
 */
export function closedFormParity(data: readonly Uint8Array[], parityCount: number): Uint8Array[] {
  return Array.from({ length: parityCount }, (_, r) => {
    const row = data.map((_, c) => coefficient(r, c, data.length))
    return Uint8Array.from(data[0]!, (_, at) =>
      data.reduce((sum, fragment, c) => sum ^ multiply(row[c]!, fragment[at]!), 0),
    )
  })
}
