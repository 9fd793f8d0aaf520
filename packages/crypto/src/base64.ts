import { CryptoError } from './errors.ts'

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Writes bytes as base64 with padding (RFC 4648 §4), in one line. */
export function toBase64(bytes: Uint8Array): string {
  const text = encode(bytes, STANDARD)
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/**
 * Reads base64 with padding (RFC 4648 §4).
 *
 * @throws {CryptoError} `RecordInvalid` for white space, missing padding, or unused bits that are not zero: one value
 * has one spelling.
 */
export function fromBase64(text: string): Uint8Array {
  const unpadded = text.replace(/={1,2}$/, '')
  if (text.length % 4 !== 0 || Math.ceil(unpadded.length / 4) * 4 !== text.length) {
    throw new CryptoError('RecordInvalid', 'base64 is not padded to a multiple of four characters')
  }
  return decode(unpadded, VALUE_STANDARD)
}

/** Writes bytes as base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  return encode(bytes, URL_SAFE)
}

/**
 * Reads base64url without padding (RFC 4648 §5).
 *
 * @throws {CryptoError} `RecordInvalid` for padding, any other character, or unused bits that are not zero.
 */
export function fromBase64Url(text: string): Uint8Array {
  return decode(text, VALUE_URL_SAFE)
}

const VALUE_STANDARD = valuesOf(STANDARD)
const VALUE_URL_SAFE = valuesOf(URL_SAFE)

/** Value of each character code below 128, or -1. */
function valuesOf(alphabet: string): Int8Array {
  const values = new Int8Array(128).fill(-1)
  for (let value = 0; value < 64; value++) values[alphabet.charCodeAt(value)] = value
  return values
}

function encode(bytes: Uint8Array, alphabet: string): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += alphabet.charAt(three >> 18) + alphabet.charAt((three >> 12) & 63)
    if (i + 1 < bytes.length) text += alphabet.charAt((three >> 6) & 63)
    if (i + 2 < bytes.length) text += alphabet.charAt(three & 63)
  }
  return text
}

function decode(text: string, values: Int8Array): Uint8Array {
  if (text.length % 4 === 1) throw new CryptoError('RecordInvalid', 'base64 has an impossible length')
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let written = 0
  let buffered = 0
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const value = values[text.charCodeAt(i)] ?? -1
    if (value < 0) throw new CryptoError('RecordInvalid', `base64 has a character that is not in its alphabet at ${i}`)
    buffered = ((buffered << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[written++] = buffered >> bits
    }
  }
  if ((buffered & ((1 << bits) - 1)) !== 0)
    throw new CryptoError('RecordInvalid', 'base64 has unused bits that are set')
  return bytes
}
