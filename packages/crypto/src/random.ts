/** Most bytes that one call of `getRandomValues` gives (W3C Web Cryptography §10.1). */
const PIECE_BYTES = 65_536

/** Random bytes from the platform's cryptographic generator, the only source of randomness in the project. */
export function randomBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let offset = 0; offset < size; offset += PIECE_BYTES) {
    globalThis.crypto.getRandomValues(bytes.subarray(offset, offset + PIECE_BYTES))
  }
  return bytes
}
