import { backend } from '#backend'
import { GCM_TAG_BYTES } from './backend/backend.ts'
import { concatBytes, utf8Encode } from './bytes.ts'
import { CryptoError } from './errors.ts'
import { randomBytes } from './random.ts'
import { signedBytes } from './signed-bytes.ts'

/** Version that is written. */
const VERSION = 1
const SALT_BYTES = 32
const KEY_BYTES = 32
const HEADER_BYTES = 1 + SALT_BYTES
const NO_CONTEXT = new Uint8Array(0)
/** Every entry has its own key, so one fixed nonce is never used twice with a key. */
const NONCE = new Uint8Array(12)

/** How many bytes {@link encryptEntry} adds to a plaintext. */
export const ENTRY_OVERHEAD_BYTES: number = HEADER_BYTES + GCM_TAG_BYTES

// offset 0: version u8 · 1: salt 32 · 33: AES-256-GCM ciphertext · last 16: tag.
// Key = HKDF-SHA-256(secret, salt, info = label, 32). Additional data = signedBytes(label, context).

/**
 * Encrypts an entry under a shared secret. Each call derives its own key from fresh random bytes, so that devices
 * which do not know of each other never repeat one.
 *
 * @param secret - 32 random bytes, such as a location secret.
 * @param label - What the entry is for, one of {@link LABELS}.
 * @param context - Bytes that are not stored but must be the same on decryption. @default none
 */
export async function encryptEntry(
  secret: Uint8Array,
  label: string,
  plaintext: Uint8Array,
  context: Uint8Array = NO_CONTEXT,
): Promise<Uint8Array> {
  const salt = randomBytes(SALT_BYTES)
  const cipher = await importEntryKey(secret, salt, label)
  const entry = concatBytes(Uint8Array.of(VERSION), salt, new Uint8Array(plaintext.length + GCM_TAG_BYTES))
  await cipher.seal(NONCE, signedBytes(label, context), plaintext, entry.subarray(HEADER_BYTES))
  return entry
}

/**
 * Decrypts what {@link encryptEntry} made.
 *
 * @throws {CryptoError} `BlockAuthFailed` for another secret, label or context, or changed bytes; `VersionUnsupported`
 * for a newer format.
 */
export async function decryptEntry(
  secret: Uint8Array,
  label: string,
  bytes: Uint8Array,
  context: Uint8Array = NO_CONTEXT,
): Promise<Uint8Array> {
  if (bytes.length < ENTRY_OVERHEAD_BYTES) throw new CryptoError('BlockAuthFailed', `entry is ${bytes.length} bytes`)
  if (bytes[0] !== VERSION) throw new CryptoError('VersionUnsupported', `entry has version ${bytes[0]}`)
  const cipher = await importEntryKey(secret, bytes.subarray(1, HEADER_BYTES), label)
  const plaintext = new Uint8Array(bytes.length - ENTRY_OVERHEAD_BYTES)
  await cipher.open(NONCE, signedBytes(label, context), bytes.subarray(HEADER_BYTES), plaintext)
  return plaintext
}

async function importEntryKey(secret: Uint8Array, salt: Uint8Array, label: string) {
  const key = backend.hkdfSha256(secret, salt, utf8Encode(label), KEY_BYTES)
  const cipher = await backend.importAesKey(key)
  key.fill(0)
  return cipher
}
