import { CryptoError } from './errors.ts'

/** Crockford's alphabet: no I, L, O, U, so that hand and voice make fewer mistakes. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LOOK_ALIKES: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1' }
const BITS = 5

/** Writes bytes as base32 in Crockford's alphabet, upper case, without padding; the last character ends in zero bits. */
export function toBase32(bytes: Uint8Array): string {
  let text = ''
  let buffered = 0
  let bits = 0
  for (const byte of bytes) {
    buffered = (buffered << 8) | byte
    for (bits += 8; bits >= BITS; bits -= BITS) text += ALPHABET.charAt((buffered >> (bits - BITS)) & 31)
    buffered &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + ALPHABET.charAt((buffered << (BITS - bits)) & 31)
}

/**
 * Reads base32 in Crockford's alphabet as people type it: any case, O for 0, I and L for 1. The inverse of
 * {@link toBase32}.
 *
 * @throws {CryptoError} `RecordInvalid` for any other character, an impossible length, or unused bits that are not zero.
 */
export function fromBase32(text: string): Uint8Array {
  if ((text.length * BITS) % 8 >= BITS) throw new CryptoError('RecordInvalid', 'base32 has an impossible length')
  const bytes = new Uint8Array(Math.floor((text.length * BITS) / 8))
  let written = 0
  let buffered = 0
  let bits = 0
  for (const [index, typed] of [...text].entries()) {
    // Letters beyond ASCII have upper cases too, some of two characters.
    const upper = /[a-z]/.test(typed) ? typed.toUpperCase() : typed
    const value = ALPHABET.indexOf(LOOK_ALIKES[upper] ?? upper)
    if (value < 0)
      throw new CryptoError('RecordInvalid', `base32 has a character that is not in its alphabet at ${index}`)
    buffered = (buffered << BITS) | value
    bits += BITS
    if (bits >= 8) {
      bits -= 8
      bytes[written++] = buffered >> bits
      buffered &= (1 << bits) - 1
    }
  }
  if (buffered !== 0) throw new CryptoError('RecordInvalid', 'base32 has unused bits that are set')
  return bytes
}
