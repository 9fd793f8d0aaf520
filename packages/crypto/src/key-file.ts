import { backend } from '#backend'
import { type AesGcm, GCM_TAG_BYTES, type ScryptCost } from './backend/backend.ts'
import { type CanonicalValue, encodeCanonical } from './canonical.ts'
import { CryptoError, isBitdustError } from './errors.ts'
import type { Fingerprint } from './fingerprint.ts'
import { scrypt } from './key-derivation.ts'
import {
  type EncryptedBody,
  formatKeyFile,
  type KeyFileHeader,
  laterGeneration,
  nameField,
  parseKeyFile,
} from './key-file-text.ts'
import { LABELS } from './labels.ts'
import { randomBytes } from './random.ts'
import { importRsaPrivateKey, importRsaPublicKey, type RsaPrivateKey, type RsaPublicKey } from './rsa.ts'
import { signedBytes } from './signed-bytes.ts'

const SALT_BYTES = 16
const NONCE_BYTES = 12
const KEY_BYTES = 32
/** A third of a second and 128 MiB on a machine of 2026. */
const DEFAULT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 }

/** A key of a user with its names, as it stands in a key file. */
export type KeyFile = {
  /** Name of the key as people write it, `alias$user@host`; at most 512 characters. */
  readonly keyId: string
  /** Fingerprint of the identity that made the key. */
  readonly creator?: Fingerprint
  /** Which of the keys that followed each other under this name, from 2; absent for the first. */
  readonly generation?: number
  /** A note for people, at most 512 characters. */
  readonly label?: string
} & (
  | { readonly kind: 'private'; readonly key: RsaPrivateKey }
  | { readonly kind: 'public'; readonly key: RsaPublicKey }
)

/** How a key file is written. */
export interface WriteKeyFileOptions {
  /** Protects a private key. Without one it stands in the file as PEM for everybody who can read the file. */
  readonly passphrase?: string
  /** Cost of a guess at the passphrase; lower it only where 128 MiB of memory cannot be had. @default N=2^17 r=8 p=1 */
  readonly cost?: ScryptCost
}

/**
 * Writes a key file: JSON text of a few KiB. With a passphrase every field is authenticated; without one only the key
 * itself is (by its fingerprint), and key id, creator and label are hints.
 *
 * @throws {CryptoError} `KeyMalformed` for a key id or label that is empty, too long or has control characters, for a
 * generation below 2, and for a passphrase on a public key; `LimitExceeded` for a cost outside the limits of {@link scrypt}.
 */
export async function writeKeyFile(file: KeyFile, options: WriteKeyFileOptions = {}): Promise<string> {
  const header = headerOf(file)
  if (file.kind === 'public') {
    if (options.passphrase !== undefined) throw new CryptoError('KeyMalformed', 'a public key takes no passphrase')
    return formatKeyFile({ header, body: file.key.toOpenSsh() })
  }
  if (options.passphrase === undefined) return formatKeyFile({ header, body: await file.key.toPem('pkcs8') })
  const body = await encryptBody(header, file.key, options.passphrase, options.cost ?? DEFAULT_COST)
  return formatKeyFile({ header, body })
}

/**
 * Reads a key file. Undoes {@link writeKeyFile}.
 *
 * @param text - At most 64 KiB.
 * @throws {CryptoError} `LimitExceeded` for a longer text or a key derivation of more than 1 GiB, before any work;
 * `VersionUnsupported` for a newer format; `KeyUnlockFailed` if the passphrase is missing or wrong or a byte was
 * changed; `KeyMalformed` for anything else.
 */
export async function readKeyFile(text: string, options: { readonly passphrase?: string } = {}): Promise<KeyFile> {
  const { header, body } = parseKeyFile(text)
  const { keyId, creator, generation, label, kind, bits, fingerprint } = header
  const names = {
    keyId,
    ...(creator === undefined ? {} : { creator }),
    ...(generation === undefined ? {} : { generation }),
    ...(label === undefined ? {} : { label }),
  }
  const file: KeyFile =
    kind === 'public'
      ? { ...names, kind, key: await importOpenSsh(body) }
      : { ...names, kind, key: await importBody(header, body, options.passphrase) }
  const publicKey = file.kind === 'public' ? file.key : file.key.publicKey
  if (publicKey.fingerprint !== fingerprint || publicKey.bits !== bits) {
    throw new CryptoError('KeyMalformed', 'the key in the key file is not the one that its header names')
  }
  return file
}

/**
 * What a key file says about its key, without unlocking it. Hints only: nothing was checked by cryptography.
 *
 * @throws {CryptoError} `LimitExceeded`, `VersionUnsupported` or `KeyMalformed`.
 */
export function inspectKeyFile(text: string): KeyFileHeader & { readonly isEncrypted: boolean } {
  const { header, body } = parseKeyFile(text)
  return { ...header, isEncrypted: typeof body !== 'string' }
}

function headerOf(file: KeyFile): KeyFileHeader {
  const { bits, fingerprint } = file.kind === 'public' ? file.key : file.key.publicKey
  return {
    keyId: nameField(file.keyId, 'keyId'),
    kind: file.kind,
    bits,
    fingerprint,
    ...(file.creator === undefined ? {} : { creator: file.creator }),
    ...(file.generation === undefined ? {} : { generation: laterGeneration(file.generation) }),
    ...(file.label === undefined ? {} : { label: nameField(file.label, 'label') }),
  }
}

async function importOpenSsh(body: string | EncryptedBody): Promise<RsaPublicKey> {
  if (typeof body !== 'string') throw new CryptoError('KeyMalformed', 'a public key is never encrypted')
  return importRsaPublicKey(body)
}

async function importBody(
  header: KeyFileHeader,
  body: string | EncryptedBody,
  passphrase: string | undefined,
): Promise<RsaPrivateKey> {
  if (typeof body === 'string') return importRsaPrivateKey(body)
  if (passphrase === undefined) throw new CryptoError('KeyUnlockFailed', 'the key file needs a passphrase')
  const pkcs8 = await decryptBody(header, body, passphrase)
  const key = await importRsaPrivateKey(pkcs8)
  pkcs8.fill(0)
  return key
}

async function encryptBody(
  header: KeyFileHeader,
  key: RsaPrivateKey,
  passphrase: string,
  cost: ScryptCost,
): Promise<EncryptedBody> {
  const salt = randomBytes(SALT_BYTES)
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = await passphraseCipher(passphrase, salt, cost)
  const pkcs8 = await key.exportPkcs8()
  const ciphertext = new Uint8Array(pkcs8.length + GCM_TAG_BYTES)
  await cipher.seal(nonce, additionalData(header, cost), pkcs8, ciphertext)
  pkcs8.fill(0)
  return { cost, salt, nonce, ciphertext }
}

async function decryptBody(header: KeyFileHeader, body: EncryptedBody, passphrase: string): Promise<Uint8Array> {
  const { cost, salt, nonce, ciphertext } = body
  if (salt.length !== SALT_BYTES || nonce.length !== NONCE_BYTES || ciphertext.length < GCM_TAG_BYTES) {
    throw new CryptoError('KeyMalformed', 'salt, nonce or ciphertext of the key file has a wrong length')
  }
  const cipher = await passphraseCipher(passphrase, salt, cost)
  const pkcs8 = new Uint8Array(ciphertext.length - GCM_TAG_BYTES)
  try {
    await cipher.open(nonce, additionalData(header, cost), ciphertext, pkcs8)
  } catch (cause) {
    if (!isBitdustError(cause, 'BlockAuthFailed')) throw cause
    throw new CryptoError('KeyUnlockFailed', 'the passphrase is wrong or the key file was changed', { cause })
  }
  return pkcs8
}

async function passphraseCipher(passphrase: string, salt: Uint8Array, cost: ScryptCost): Promise<AesGcm> {
  const key = await scrypt(passphrase, salt, { ...cost, length: KEY_BYTES })
  const cipher = await backend.importAesKey(key)
  key.fill(0)
  return cipher
}

/** Binds everything that stands in the open to the encrypted key. */
function additionalData(header: KeyFileHeader, { N, r, p }: ScryptCost): Uint8Array {
  const open: { [name: string]: CanonicalValue } = { ...header, N, r, p }
  return signedBytes(LABELS.keyFile, encodeCanonical(open))
}
