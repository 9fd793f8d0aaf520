import { equalBytes, toHex } from './bytes.ts'
import { DER_INTEGER, DER_OCTET_STRING, DER_SEQUENCE, readDer, readSingleDer, writeDer, writeUnsigned } from './der.ts'
import { CryptoError } from './errors.ts'
import { checkRsaNumbers, RSA_ALGORITHM, readIntegers } from './rsa-public-numbers.ts'

const ZERO = Uint8Array.of(0)

/** The magnitudes of an RSAPrivateKey in the order of RFC 8017 A.1.2: n, e, d, p, q, d mod p-1, d mod q-1, 1/q mod p. */
export type RsaPrivateNumbers = readonly Uint8Array[] & { readonly length: 8 }

/** Reads an RSAPrivateKey (RFC 8017 A.1.2), or gives `null` if the bytes are not the strict DER of one. */
export function readPkcs1Private(der: Uint8Array): RsaPrivateNumbers | null {
  const content = readSingleDer(der, DER_SEQUENCE)
  const [version, ...numbers] = (content && readIntegers(content)) ?? []
  if (version === undefined || !equalBytes(version, ZERO) || !isPrivateNumbers(numbers)) return null
  return numbers
}

/** Reads a PrivateKeyInfo (RFC 5208 §5) without attributes, or gives `null` if the bytes are not the strict DER of one. */
export function readPkcs8(der: Uint8Array): RsaPrivateNumbers | null {
  const content = readSingleDer(der, DER_SEQUENCE)
  const [version, algorithm, key, ...more] = (content && readDer(content)) ?? []
  if (version?.tag !== DER_INTEGER || !equalBytes(version.content, ZERO) || more.length > 0) return null
  const isRsa = algorithm?.tag === DER_SEQUENCE && equalBytes(writeDer(DER_SEQUENCE, algorithm.content), RSA_ALGORITHM)
  return isRsa && key?.tag === DER_OCTET_STRING ? readPkcs1Private(key.content) : null
}

/** Writes an RSAPrivateKey. */
export function writePkcs1Private(numbers: RsaPrivateNumbers): Uint8Array {
  return writeDer(
    DER_SEQUENCE,
    ...[ZERO, ...numbers].map((magnitude) => writeDer(DER_INTEGER, writeUnsigned(magnitude))),
  )
}

/** Writes a PrivateKeyInfo. */
export function writePkcs8(numbers: RsaPrivateNumbers): Uint8Array {
  const key = writeDer(DER_OCTET_STRING, writePkcs1Private(numbers))
  return writeDer(DER_SEQUENCE, writeDer(DER_INTEGER, ZERO), RSA_ALGORITHM, key)
}

/**
 * Checks that the numbers belong together (RFC 8017 §3.2): a damaged or made-up key would give wrong signatures, and
 * a wrong CRT number would give the factors away. That p and q are prime is not checked.
 *
 * @throws {CryptoError} `KeyMalformed`. Size and exponent are judged before any arithmetic.
 */
export function checkPrivateNumbers(numbers: RsaPrivateNumbers): void {
  checkRsaNumbers(numbers[0]!, numbers[1]!)
  const maxBytes = numbers[0]!.length
  const isBounded = numbers.every((magnitude) => magnitude.length <= maxBytes)
  if (!isBounded || !belongTogether(numbers.map((magnitude) => BigInt(`0x${toHex(magnitude)}`)))) {
    throw new CryptoError('KeyMalformed', 'numbers of the RSA private key do not belong together')
  }
}

function belongTogether(numbers: readonly bigint[]): boolean {
  const [n, e, d, p, q, dp, dq, qInverse] = numbers as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint]
  if (p <= 1n || q <= 1n || p === q || p * q !== n) return false
  const invertsExponent = (e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n && d < n
  return invertsExponent && dp === d % (p - 1n) && dq === d % (q - 1n) && qInverse < p && (q * qInverse) % p === 1n
}

function isPrivateNumbers(numbers: readonly Uint8Array[]): numbers is RsaPrivateNumbers {
  return numbers.length === 8
}
