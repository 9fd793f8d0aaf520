import { backend } from '#backend'
import { GCM_TAG_BYTES } from './backend/backend.ts'
import { concatBytes } from './bytes.ts'
import { CryptoError, isBitdustError } from './errors.ts'
import { randomBytes } from './random.ts'
import type { RsaPrivateKey, RsaPublicKey } from './rsa.ts'
import { signedBytes } from './signed-bytes.ts'

/** Version that is written. */
const VERSION = 1
const HEADER_BYTES = 3
const KEY_BYTES = 32
const NONCE_BYTES = 12
const NO_CONTEXT = new Uint8Array(0)

// offset 0: version u8 · 1: wrapped length w u16 BE · 3: key wrapped by RSA-OAEP under the label ·
// 3+w: nonce 12 · 15+w: AES-256-GCM ciphertext · last 16: tag.  Additional data = signedBytes(label, context).

/** How many bytes {@link sealTo} adds to a plaintext for a key of `bits` bits. */
export function sealOverhead(bits: number): number {
  return HEADER_BYTES + bits / 8 + NONCE_BYTES + GCM_TAG_BYTES
}

/**
 * Encrypts bytes of any length so that only the holder of a private key reads them. Says nothing about who wrote them.
 *
 * @param label - What the sealed bytes are for, one of {@link LABELS}; the same is needed to open.
 * @param context - Bytes that are not stored but must be the same on opening. @default none
 */
export async function sealTo(
  publicKey: Pick<RsaPublicKey, 'wrap'>,
  label: string,
  plaintext: Uint8Array,
  context: Uint8Array = NO_CONTEXT,
): Promise<Uint8Array> {
  const key = randomBytes(KEY_BYTES)
  const nonce = randomBytes(NONCE_BYTES)
  const wrapped = await publicKey.wrap(label, key)
  const cipher = await backend.importAesKey(key)
  key.fill(0)
  const header = Uint8Array.of(VERSION, wrapped.length >> 8, wrapped.length & 255)
  const sealed = concatBytes(header, wrapped, nonce, new Uint8Array(plaintext.length + GCM_TAG_BYTES))
  const output = sealed.subarray(header.length + wrapped.length + nonce.length)
  await cipher.seal(nonce, signedBytes(label, context), plaintext, output)
  return sealed
}

/**
 * Opens what {@link sealTo} made.
 *
 * @throws {CryptoError} `KeyUnlockFailed` for another key, label or context, or changed bytes; `VersionUnsupported`
 * for a newer format.
 */
export async function openSealed(
  privateKey: Pick<RsaPrivateKey, 'unwrap'>,
  label: string,
  sealed: Uint8Array,
  context: Uint8Array = NO_CONTEXT,
): Promise<Uint8Array> {
  const [version, high, low] = sealed
  if (version === undefined || high === undefined || low === undefined) throw notOpened()
  if (version !== VERSION) throw new CryptoError('VersionUnsupported', `sealed bytes have version ${version}`)
  const nonceStart = HEADER_BYTES + high * 256 + low
  const cipherStart = nonceStart + NONCE_BYTES
  const plaintextBytes = sealed.length - cipherStart - GCM_TAG_BYTES
  if (plaintextBytes < 0) throw notOpened()

  const key = await privateKey.unwrap(label, sealed.subarray(HEADER_BYTES, nonceStart))
  if (key.length !== KEY_BYTES) throw notOpened()
  const cipher = await backend.importAesKey(key)
  key.fill(0)
  const plaintext = new Uint8Array(plaintextBytes)
  const nonce = sealed.subarray(nonceStart, cipherStart)
  try {
    await cipher.open(nonce, signedBytes(label, context), sealed.subarray(cipherStart), plaintext)
  } catch (error) {
    throw isBitdustError(error, 'BlockAuthFailed') ? notOpened(error) : error
  }
  return plaintext
}

function notOpened(cause?: unknown): CryptoError {
  return new CryptoError('KeyUnlockFailed', 'sealed bytes do not open with this key, label and context', { cause })
}
