import { backend } from '#backend'
import { GCM_TAG_BYTES } from './backend/backend.ts'
import { utf8Encode } from './bytes.ts'
import { CryptoError } from './errors.ts'
import { LABELS } from './labels.ts'

/** Plaintext bytes of a segment; only the last one may be shorter. */
export const SEGMENT_BYTES = 65_536
/** Bytes by which a segment grows when it is encrypted. */
export const SEGMENT_TAG_BYTES = GCM_TAG_BYTES
/** Length of a block key, in bytes. */
export const BLOCK_KEY_BYTES = 32

const SEALED_SEGMENT_BYTES = SEGMENT_BYTES + SEGMENT_TAG_BYTES
/** The segment number is 32 bits of the nonce. */
const MAX_SEGMENTS = 2 ** 32
const ADDITIONAL_DATA = utf8Encode(LABELS.block)

// A block:  segment 0 · segment 1 · ... · last segment. At least one; the last holds 0 to 65536 bytes of plaintext,
//           0 only when the whole block is empty.
// Segment:  ciphertext (as long as its plaintext) · tag 16.  AES-256-GCM, additional data = the block label.
// Nonce:    offset 0: seven zero bytes · 7: segment number u32 BE · 11: u8, 1 for the last segment, else 0.

/** Bytes that {@link encryptBlock} makes of `plaintextBytes` bytes. */
export function ciphertextSize(plaintextBytes: number): number {
  return plaintextBytes + segmentCount(plaintextBytes, SEGMENT_BYTES) * SEGMENT_TAG_BYTES
}

/**
 * Bytes of plaintext in a ciphertext of `ciphertextBytes` bytes.
 *
 * @throws {CryptoError} `BlockAuthFailed` if no plaintext has a ciphertext of this size.
 */
export function plaintextSize(ciphertextBytes: number): number {
  const size = ciphertextBytes - segmentCount(ciphertextBytes, SEALED_SEGMENT_BYTES) * SEGMENT_TAG_BYTES
  if (!Number.isSafeInteger(ciphertextBytes) || size < 0 || ciphertextSize(size) !== ciphertextBytes) {
    throw new CryptoError('BlockAuthFailed', `${ciphertextBytes} bytes is not the size of an encrypted block`)
  }
  return size
}

/**
 * Encrypts a block under its own key.
 *
 * @param key - 32 fresh random bytes. A key must never encrypt a second block: the nonces count from zero.
 * @param options.into - Where the ciphertext goes: {@link ciphertextSize} bytes that do not overlap the plaintext. @default a new array
 * @returns The ciphertext.
 * @throws {CryptoError} `KeyMalformed` for a key of another length, `LimitExceeded` above 2^32 segments or for an `into`
 * of another length.
 */
export async function encryptBlock(
  key: Uint8Array,
  plaintext: Uint8Array,
  { into }: { readonly into?: Uint8Array } = {},
): Promise<Uint8Array> {
  const cipher = await importBlockKey(key)
  const segments = segmentCount(plaintext.length, SEGMENT_BYTES)
  checkSegments(segments)
  const ciphertext = into ?? new Uint8Array(ciphertextSize(plaintext.length))
  if (ciphertext.length !== ciphertextSize(plaintext.length))
    throw new CryptoError(
      'LimitExceeded',
      `room for ${ciphertext.length} bytes, expected ${ciphertextSize(plaintext.length)}`,
    )
  const pending: Promise<void>[] = []
  for (let segment = 0; segment < segments; segment++) {
    pending.push(
      cipher.seal(
        segmentNonce(segment, segments),
        ADDITIONAL_DATA,
        part(plaintext, segment, SEGMENT_BYTES),
        part(ciphertext, segment, SEALED_SEGMENT_BYTES),
      ),
    )
  }
  await Promise.all(pending)
  return ciphertext
}

/**
 * Decrypts a whole block. Undoes {@link encryptBlock}.
 *
 * @throws {CryptoError} `BlockAuthFailed` if any segment was changed, moved, dropped or added; nothing is returned
 * then. `KeyMalformed` for a key of another length.
 */
export async function decryptBlock(key: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array> {
  const cipher = await importBlockKey(key)
  const plaintext = new Uint8Array(plaintextSize(ciphertext.length))
  const segments = segmentCount(ciphertext.length, SEALED_SEGMENT_BYTES)
  checkSegments(segments)
  const pending: Promise<void>[] = []
  for (let segment = 0; segment < segments; segment++) {
    pending.push(
      cipher.open(
        segmentNonce(segment, segments),
        ADDITIONAL_DATA,
        part(ciphertext, segment, SEALED_SEGMENT_BYTES),
        part(plaintext, segment, SEGMENT_BYTES),
      ),
    )
  }
  await Promise.all(pending)
  return plaintext
}

/**
 * Decrypts a part of a block and reads only the segments that it touches.
 *
 * @param ciphertextBytes - Size of the whole ciphertext, from a source that is trusted for it (block id or layout).
 * @param readCipher - Gives bytes `from` (included) to `to` (excluded) of the ciphertext. Called once, or not at all for an empty range.
 * @param offset - First plaintext byte wanted.
 * @param length - Plaintext bytes wanted.
 * @throws {CryptoError} `LimitExceeded` if the range is not inside the block, `BlockAuthFailed` if a touched segment
 * is not what was encrypted, `KeyMalformed` for a key of another length.
 */
export async function decryptBlockRange(
  key: Uint8Array,
  ciphertextBytes: number,
  readCipher: (from: number, to: number) => Promise<Uint8Array>,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const cipher = await importBlockKey(key)
  const blockBytes = plaintextSize(ciphertextBytes)
  const isRange = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
  if (!isRange || offset + length > blockBytes) {
    throw new CryptoError('LimitExceeded', `range ${offset}+${length} is outside a block of ${blockBytes} bytes`)
  }
  if (length === 0) return new Uint8Array(0)

  const segments = segmentCount(ciphertextBytes, SEALED_SEGMENT_BYTES)
  checkSegments(segments)
  const first = Math.floor(offset / SEGMENT_BYTES)
  const end = Math.floor((offset + length - 1) / SEGMENT_BYTES) + 1
  const from = first * SEALED_SEGMENT_BYTES
  const to = Math.min(end * SEALED_SEGMENT_BYTES, ciphertextBytes)
  const ciphertext = await readCipher(from, to)
  if (ciphertext.length !== to - from) {
    throw new CryptoError('BlockAuthFailed', `got ${ciphertext.length} bytes of ciphertext, wanted ${to - from}`)
  }

  const firstByte = first * SEGMENT_BYTES
  const plaintext = new Uint8Array(Math.min(end * SEGMENT_BYTES, blockBytes) - firstByte)
  const pending: Promise<void>[] = []
  for (let segment = first; segment < end; segment++) {
    pending.push(
      cipher.open(
        segmentNonce(segment, segments),
        ADDITIONAL_DATA,
        part(ciphertext, segment - first, SEALED_SEGMENT_BYTES),
        part(plaintext, segment - first, SEGMENT_BYTES),
      ),
    )
  }
  await Promise.all(pending)
  return plaintext.subarray(offset - firstByte, offset - firstByte + length)
}

function importBlockKey(key: Uint8Array) {
  if (key.length !== BLOCK_KEY_BYTES) {
    throw new CryptoError('KeyMalformed', `block key is ${key.length} bytes, must be ${BLOCK_KEY_BYTES}`)
  }
  return backend.importAesKey(key)
}

/** An empty block is one empty segment, so that even its emptiness is authenticated. */
function segmentCount(bytes: number, segmentBytes: number): number {
  return Math.max(1, Math.ceil(bytes / segmentBytes))
}

function checkSegments(segments: number): void {
  if (segments > MAX_SEGMENTS) throw new CryptoError('LimitExceeded', `${segments} segments, limit is ${MAX_SEGMENTS}`)
}

function segmentNonce(segment: number, segments: number): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(7, segment)
  nonce[11] = segment === segments - 1 ? 1 : 0
  return nonce
}

function part(bytes: Uint8Array, index: number, partBytes: number): Uint8Array {
  return bytes.subarray(index * partBytes, (index + 1) * partBytes)
}
