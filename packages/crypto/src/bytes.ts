import { CryptoError } from './errors.ts'

const HEX_DIGITS = '0123456789abcdef'
const HEX_OF_BYTE = Array.from(
  { length: 256 },
  (_, byte) => HEX_DIGITS.charAt(byte >> 4) + HEX_DIGITS.charAt(byte & 15),
)

const encoder = new TextEncoder()
// ignoreBOM keeps a leading U+FEFF: what was encoded must come back unchanged.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Joins byte strings into one new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Compares two byte strings. For equal lengths the time does not depend on the content; a length is no secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/** Writes bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX_OF_BYTE[byte]
  return text
}

/**
 * Reads lower-case hex.
 *
 * @throws {CryptoError} `RecordInvalid` for an odd length or any other character, upper case included: one value has
 * one spelling.
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw new CryptoError('RecordInvalid', 'not lower-case hex')
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = (hexDigit(text.charCodeAt(2 * i)) << 4) | hexDigit(text.charCodeAt(2 * i + 1))
  return bytes
}

/** Value of `0`..`9` (character codes 0x30 and up) or `a`..`f` (0x61 and up). */
function hexDigit(code: number): number {
  return code < 0x61 ? code - 0x30 : code - 0x57
}

/** Writes text as UTF-8. A lone surrogate becomes U+FFFD, as everywhere on the web. */
export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text)
}

/**
 * Reads UTF-8 strictly; a byte order mark is an ordinary character.
 *
 * @throws {CryptoError} `RecordInvalid` for anything that is not well-formed UTF-8.
 */
export function utf8Decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new CryptoError('RecordInvalid', 'not UTF-8', { cause })
  }
}

/**
 * Writes an unsigned 32-bit big-endian integer, 4 bytes.
 *
 * @throws {CryptoError} `LimitExceeded` if the value is not an integer from 0 to 2^32 - 1.
 */
export function u32be(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new CryptoError('LimitExceeded', `${value} is not an unsigned 32-bit integer`)
  }
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/**
 * Writes an unsigned 64-bit big-endian integer, 8 bytes.
 *
 * @throws {CryptoError} `LimitExceeded` if the value is not an integer from 0 to 2^53 - 1.
 */
export function u64be(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new CryptoError('LimitExceeded', `${value} is not an unsigned safe integer`)
  }
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, Math.floor(value / 0x1_0000_0000))
  view.setUint32(4, value >>> 0)
  return bytes
}
