import { backend } from '#backend'
import { GCM_TAG_BYTES } from './backend/backend.ts'
import { type ByteReader, createByteReader } from './byte-reader.ts'
import { concatBytes, equalBytes, fromHex, toHex, utf8Encode } from './bytes.ts'
import { CryptoError } from './errors.ts'
import type { Fingerprint } from './fingerprint.ts'
import { HASH_BYTES } from './hash.ts'
import { LABELS } from './labels.ts'
import { randomBytes } from './random.ts'
import type { RsaPrivateKey, RsaPublicKey } from './rsa.ts'
import { MAX_RSA_BITS, MIN_RSA_BITS } from './rsa-public-numbers.ts'
import { signedBytes } from './signed-bytes.ts'

const FORMAT = utf8Encode('bitdust-stream')
/** Version that is written, and the only one that is read. */
const VERSION = 1
const KEY_BYTES = 32
const SEGMENT_BYTES = 65_536
const SEALED_SEGMENT_BYTES = SEGMENT_BYTES + GCM_TAG_BYTES
/** The segment number is 32 bits of the nonce: 256 TiB. */
const MAX_SEGMENTS = 2 ** 32

// offset 0: "bitdust-stream" 14 · 14: version u8 · 15: fingerprint of the key 32 · 47: length w of the wrapped key u16 BE ·
// 49: content key wrapped by RSA-OAEP under the label stream-key · 49+w: segments.
// Segment: AES-256-GCM ciphertext of 65536 bytes (the last one: 0 to 65536, 0 only in an empty stream) · tag 16.
// Additional data = signedBytes(stream label, all bytes before the segments).
// Nonce: offset 0: seven zero bytes · 7: segment number u32 BE · 11: u8, 1 for the last segment, else 0 (STREAM of
// Hoang, Reyhanitabar, Rogaway and Vizár, as in age). The content key is fresh, so that the nonces may count from zero.
const FIXED_BYTES = FORMAT.length + 1 + HASH_BYTES + 2

/** Finds the private key with a fingerprint, or at least somebody who unwraps with it; null when there is none. */
export type StreamKeyLookup = (fingerprint: Fingerprint) => Promise<Pick<RsaPrivateKey, 'unwrap'> | null>

/**
 * Encrypts a stream of any length for the holder of a private key. Says nothing about who wrote it.
 *
 * @param plaintext - Chunks of any size. Read no faster than the result is; a chunk must not change after it was given.
 * @returns The ciphertext: a header of a few hundred bytes, then 16 bytes more for each 64 KiB begun.
 * @throws {CryptoError} `LimitExceeded` above 256 TiB. What `plaintext` throws passes through.
 */
export async function* encryptStream(
  to: Pick<RsaPublicKey, 'wrap' | 'fingerprint'>,
  plaintext: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const key = randomBytes(KEY_BYTES)
  const wrapped = await to.wrap(LABELS.streamKey, key)
  const length = Uint8Array.of(wrapped.length >> 8, wrapped.length & 255)
  const header = concatBytes(FORMAT, Uint8Array.of(VERSION), fromHex(to.fingerprint), length, wrapped)
  const cipher = await backend.importAesKey(key)
  key.fill(0)
  const additionalData = signedBytes(LABELS.stream, header)
  yield header
  const reader = createByteReader(plaintext)
  try {
    let isLast = false
    for (let segment = 0; !isLast; segment++) {
      checkSegment(segment)
      const part = await reader.take(SEGMENT_BYTES)
      isLast = await reader.isAtEnd()
      const sealed = new Uint8Array(part.length + GCM_TAG_BYTES)
      await cipher.seal(nonceOf(segment, isLast), additionalData, part, sealed)
      yield sealed
    }
  } finally {
    await reader.close()
  }
}

/**
 * Decrypts what {@link encryptStream} made. Gives out a segment only after its tag was verified, so everything that
 * came is what was encrypted; that it is all of it is certain only when the stream ends without an error.
 *
 * @param keyOf - Asked once for the key that the header names.
 * @param ciphertext - Chunks of any size.
 * @throws {CryptoError} `RecordInvalid` for bytes that are no such stream; `VersionUnsupported` for a newer format;
 * `KeyUnlockFailed` if the key is not here or does not open it; `BlockAuthFailed` if anything was changed, moved, cut
 * off or added. What `keyOf` and `ciphertext` throw passes through.
 */
export async function* decryptStream(
  keyOf: StreamKeyLookup,
  ciphertext: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = createByteReader(ciphertext)
  try {
    const { header, fingerprint, wrapped } = await readHeader(reader)
    const privateKey = await keyOf(fingerprint)
    if (privateKey === null) {
      throw new CryptoError('KeyUnlockFailed', `the stream is for the key ${fingerprint}, which is not here`, {
        subject: fingerprint,
      })
    }
    const key = await privateKey.unwrap(LABELS.streamKey, wrapped)
    if (key.length !== KEY_BYTES) throw new CryptoError('KeyUnlockFailed', 'the stream holds no content key')
    const cipher = await backend.importAesKey(key)
    key.fill(0)
    const additionalData = signedBytes(LABELS.stream, header)
    let isLast = false
    for (let segment = 0; !isLast; segment++) {
      checkSegment(segment)
      const sealed = await reader.take(SEALED_SEGMENT_BYTES)
      isLast = await reader.isAtEnd()
      const plaintextBytes = sealed.length - GCM_TAG_BYTES
      if (plaintextBytes < (segment === 0 ? 0 : 1)) throw new CryptoError('BlockAuthFailed', 'the stream was cut off')
      const part = new Uint8Array(plaintextBytes)
      await cipher.open(nonceOf(segment, isLast), additionalData, sealed, part)
      if (part.length > 0) yield part
    }
  } finally {
    await reader.close()
  }
}

async function readHeader(reader: ByteReader) {
  const fixed = await reader.take(FIXED_BYTES)
  if (!equalBytes(fixed.subarray(0, FORMAT.length), FORMAT)) {
    throw new CryptoError('RecordInvalid', 'this was not made by encrypting a stream for a key')
  }
  const version = fixed[FORMAT.length]
  if (version !== undefined && version !== VERSION) {
    throw new CryptoError('VersionUnsupported', `the encrypted stream has version ${version}`)
  }
  if (fixed.length < FIXED_BYTES) throw new CryptoError('BlockAuthFailed', 'the stream was cut off')
  const wrappedBytes = new DataView(fixed.buffer).getUint16(FIXED_BYTES - 2)
  if (wrappedBytes * 8 < MIN_RSA_BITS || wrappedBytes * 8 > MAX_RSA_BITS) {
    throw new CryptoError('RecordInvalid', `the stream has a wrapped key of ${wrappedBytes} bytes`)
  }
  const wrapped = await reader.take(wrappedBytes)
  const fingerprint = toHex(fixed.subarray(FORMAT.length + 1, FIXED_BYTES - 2)) as Fingerprint
  return { header: concatBytes(fixed, wrapped), fingerprint, wrapped }
}

function checkSegment(segment: number): void {
  if (segment >= MAX_SEGMENTS) throw new CryptoError('LimitExceeded', 'a stream has at most 256 TiB')
}

function nonceOf(segment: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(7, segment)
  nonce[11] = isLast ? 1 : 0
  return nonce
}
