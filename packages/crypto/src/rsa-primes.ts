import { fromHex, toHex } from './bytes.ts'
import { CryptoError } from './errors.ts'
import type { RsaPrivateNumbers } from './rsa-private-numbers.ts'

const EXPONENT = 65_537n

/**
 * All numbers of an RSA private key out of its two primes (RFC 8017 §3.2), exponent 65537. Not constant in time: for
 * keys of one's own, on one's own machine.
 *
 * @param p - Big-endian. That it is prime is not checked.
 * @throws {CryptoError} `KeyMalformed` if the two cannot be the primes of a key.
 */
export function numbersOfPrimes(p: Uint8Array, q: Uint8Array): RsaPrivateNumbers {
  const [first, second] = [toNumber(p), toNumber(q)]
  const d = inverseOf(EXPONENT, (first - 1n) * (second - 1n))
  const coefficient = inverseOf(second, first)
  if (first <= 1n || second <= 1n || d === null || coefficient === null) {
    throw new CryptoError('KeyMalformed', 'the two numbers are not the primes of an RSA key')
  }
  const n = first * second
  return [n, EXPONENT, d, first, second, d % (first - 1n), d % (second - 1n), coefficient].map(
    toMagnitude,
  ) as unknown as RsaPrivateNumbers
}

/** The number that gives 1 when it is multiplied by `value` modulo `modulus`, or null (extended Euclid). */
function inverseOf(value: bigint, modulus: bigint): bigint | null {
  if (modulus <= 1n) return null
  let [a, b] = [value % modulus, modulus]
  let [x, y] = [1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  return a === 1n ? ((x % modulus) + modulus) % modulus : null
}

function toNumber(magnitude: Uint8Array): bigint {
  return magnitude.length === 0 ? 0n : BigInt(`0x${toHex(magnitude)}`)
}

function toMagnitude(value: bigint): Uint8Array {
  const digits = value.toString(16)
  return fromHex(digits.padStart(digits.length + (digits.length % 2), '0'))
}
