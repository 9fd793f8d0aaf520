import { fromBase64, toBase64 } from './base64.ts'
import { concatBytes, equalBytes, u32be, utf8Encode } from './bytes.ts'
import {
  DER_BIT_STRING,
  DER_INTEGER,
  DER_SEQUENCE,
  readDer,
  readSingleDer,
  readUnsigned,
  writeDer,
  writeUnsigned,
} from './der.ts'
import { CryptoError, isBitdustError } from './errors.ts'

/** Smallest modulus accepted, in bits. */
export const MIN_RSA_BITS = 2_048
/** Largest modulus accepted, in bits. */
export const MAX_RSA_BITS = 4_096

/** AlgorithmIdentifier of rsaEncryption with NULL parameters (RFC 3279 §2.3.1). */
export const RSA_ALGORITHM: Uint8Array = Uint8Array.of(
  0x30,
  0x0d,
  0x06,
  0x09,
  0x2a,
  0x86,
  0x48,
  0x86,
  0xf7,
  0x0d,
  0x01,
  0x01,
  0x01,
  0x05,
  0x00,
)

const SSH_ALGORITHM = 'ssh-rsa'
const SSH_ALGORITHM_BYTES = utf8Encode(SSH_ALGORITHM)
/** 65537, the only exponent accepted. */
const EXPONENT = Uint8Array.of(0x01, 0x00, 0x01)

/**
 * Checks a modulus and an exponent by looking at their bytes only; no arithmetic is done on hostile numbers.
 *
 * @param modulus - Big-endian, without leading zeros.
 * @returns The size of the modulus in bits.
 * @throws {CryptoError} `KeyMalformed` unless the modulus is odd, 2048 to 4096 bits, a multiple of 8 bits, and the exponent is 65537.
 */
export function checkRsaNumbers(modulus: Uint8Array, exponent: Uint8Array): number {
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS || bits % 8 !== 0) {
    throw new CryptoError('KeyMalformed', `RSA modulus is ${bits} bits, must be ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`)
  }
  if (modulus.at(-1)! % 2 === 0) throw new CryptoError('KeyMalformed', 'RSA modulus is even')
  if (!equalBytes(exponent, EXPONENT)) throw new CryptoError('KeyMalformed', 'RSA exponent is not 65537')
  return bits
}

/** SubjectPublicKeyInfo (RFC 5280 §4.1) of a modulus with exponent 65537. */
export function writeSpki(modulus: Uint8Array): Uint8Array {
  const key = writeDer(DER_SEQUENCE, writeDer(DER_INTEGER, writeUnsigned(modulus)), writeDer(DER_INTEGER, EXPONENT))
  return writeDer(DER_SEQUENCE, RSA_ALGORITHM, writeDer(DER_BIT_STRING, Uint8Array.of(0), key))
}

/**
 * Reads a SubjectPublicKeyInfo.
 *
 * @returns The modulus, checked.
 * @throws {CryptoError} `KeyMalformed`.
 */
export function readSpki(spki: Uint8Array): Uint8Array {
  const content = readSingleDer(spki, DER_SEQUENCE)
  const [algorithm, key, ...more] = (content && readDer(content)) ?? []
  const isRsa = algorithm?.tag === DER_SEQUENCE && equalBytes(writeDer(DER_SEQUENCE, algorithm.content), RSA_ALGORITHM)
  if (!isRsa || key?.tag !== DER_BIT_STRING || key.content[0] !== 0 || more.length > 0) {
    throw new CryptoError('KeyMalformed', 'not the DER of an RSA SubjectPublicKeyInfo')
  }
  return readPkcs1Public(key.content.subarray(1))
}

/**
 * Reads an RSAPublicKey (RFC 8017 A.1.1).
 *
 * @returns The modulus, checked.
 * @throws {CryptoError} `KeyMalformed`.
 */
export function readPkcs1Public(der: Uint8Array): Uint8Array {
  const content = readSingleDer(der, DER_SEQUENCE)
  const integers = content && readIntegers(content)
  const [modulus, exponent, ...more] = integers ?? []
  if (modulus === undefined || exponent === undefined || more.length > 0) {
    throw new CryptoError('KeyMalformed', 'not the DER of an RSAPublicKey')
  }
  checkRsaNumbers(modulus, exponent)
  return modulus
}

/** Magnitudes of a run of INTEGERs, or `null` if the bytes are anything else. */
export function readIntegers(content: Uint8Array): Uint8Array[] | null {
  const integers: Uint8Array[] = []
  for (const element of readDer(content) ?? []) {
    const magnitude = element.tag === DER_INTEGER ? readUnsigned(element.content) : null
    if (magnitude === null) return null
    integers.push(magnitude)
  }
  return integers
}

/** Writes a public key as an OpenSSH line without comment (RFC 4253 §6.6). */
export function formatOpenSsh(modulus: Uint8Array): string {
  const fields = [SSH_ALGORITHM_BYTES, EXPONENT, writeUnsigned(modulus)]
  const blob = concatBytes(...fields.flatMap((field) => [u32be(field.length), field]))
  return `${SSH_ALGORITHM} ${toBase64(blob)}`
}

/**
 * Reads an OpenSSH line; a comment after the key is ignored.
 *
 * @returns The modulus, checked.
 * @throws {CryptoError} `KeyMalformed`, also for integers that are not minimal and for bytes after the last field.
 */
export function parseOpenSsh(line: string): Uint8Array {
  const [, base64] = /^ssh-rsa ([A-Za-z0-9+/]+={0,2})(?:[ \t][^\r\n]*)?\s*$/.exec(line) ?? []
  const fields = base64 === undefined ? null : readSshFields(base64)
  const [algorithm, exponentField, modulusField, ...more] = fields ?? []
  const exponent = exponentField && readUnsigned(exponentField)
  const modulus = modulusField && readUnsigned(modulusField)
  const isRsa = algorithm !== undefined && equalBytes(algorithm, SSH_ALGORITHM_BYTES)
  if (!isRsa || !exponent || !modulus || more.length > 0) {
    throw new CryptoError('KeyMalformed', 'not an OpenSSH ssh-rsa public key')
  }
  checkRsaNumbers(modulus, exponent)
  return modulus
}

/** Splits a blob of length-prefixed strings, or `null` if it does not end with the last of them. */
function readSshFields(base64: string): Uint8Array[] | null {
  const blob = decodeOrNull(base64)
  if (blob === null) return null
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  const fields: Uint8Array[] = []
  for (let offset = 0; offset < blob.length; ) {
    if (offset + 4 > blob.length) return null
    const end = offset + 4 + view.getUint32(offset)
    if (end > blob.length) return null
    fields.push(blob.subarray(offset + 4, end))
    offset = end
  }
  return fields
}

function decodeOrNull(base64: string): Uint8Array | null {
  try {
    return fromBase64(base64)
  } catch (error) {
    if (isBitdustError(error, 'RecordInvalid')) return null
    throw error
  }
}
