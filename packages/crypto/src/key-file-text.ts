import type { ScryptCost } from './backend/backend.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { CryptoError, isBitdustError } from './errors.ts'
import { type Fingerprint, parseFingerprint } from './fingerprint.ts'
import { MAX_RSA_BITS, MIN_RSA_BITS } from './rsa-public-numbers.ts'

/** Longest key file that is read, in characters. 64 KiB. */
export const MAX_KEY_FILE_CHARACTERS = 65_536
/** Longest key id and label, in characters. */
export const MAX_KEY_FILE_NAME_CHARACTERS = 512

const FORMAT = 'bitdust-key'
/** Version that is written, and the only one that is read. */
const VERSION = 1
const HEADER_FIELDS = ['format', 'version', 'keyId', 'kind', 'bits', 'fingerprint', 'creator', 'generation', 'label']
const ENCRYPTED_FIELDS = ['kdf', 'N', 'r', 'p', 'salt', 'nonce', 'ciphertext']

/** What a key file says about its key in the open. */
export interface KeyFileHeader {
  /** Name of the key as people write it, `alias$user@host`. This package does not look inside. */
  readonly keyId: string
  readonly kind: 'private' | 'public'
  readonly bits: number
  readonly fingerprint: Fingerprint
  /** Fingerprint of the identity that made the key. */
  readonly creator?: Fingerprint
  /** Which of the keys that followed each other under this name; absent for the first. */
  readonly generation?: number
  /** A note for people. */
  readonly label?: string
}

/** A private key under a passphrase. */
export interface EncryptedBody {
  readonly cost: ScryptCost
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  /** AES-256-GCM of the PKCS#8 DER, tag included. */
  readonly ciphertext: Uint8Array
}

/** A key file taken apart; nothing in it was checked by cryptography. */
export interface KeyFileText {
  readonly header: KeyFileHeader
  /** PEM or an OpenSSH line in the open, or an encrypted private key. */
  readonly body: string | EncryptedBody
}

/** Writes a key file: JSON, indented, for people to look at. */
export function formatKeyFile({ header, body }: KeyFileText): string {
  const encrypted = typeof body === 'string' ? { body } : { encrypted: formatEncrypted(body) }
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...header, ...encrypted }, null, 2)}\n`
}

/**
 * Takes a key file apart. Fields that are not known are refused.
 *
 * @throws {CryptoError} `LimitExceeded`, `VersionUnsupported` or `KeyMalformed`, in that order of checking.
 */
export function parseKeyFile(text: string): KeyFileText {
  if (text.length > MAX_KEY_FILE_CHARACTERS) {
    throw new CryptoError('LimitExceeded', `key file is ${text.length} characters, limit is ${MAX_KEY_FILE_CHARACTERS}`)
  }
  const fields = parseObject(text)
  if (fields.format !== FORMAT) throw malformed('format')
  if (fields.version !== VERSION) {
    if (Number.isSafeInteger(fields.version)) {
      throw new CryptoError('VersionUnsupported', `key file has version ${fields.version}`)
    }
    throw malformed('version')
  }
  const { body, encrypted, ...rest } = fields
  refuseOthers(rest, HEADER_FIELDS)
  const header = parseHeader(rest)
  if (encrypted === undefined) return { header, body: textField(body, 'body', MAX_KEY_FILE_CHARACTERS) }
  if (body !== undefined || header.kind === 'public') throw malformed('encrypted')
  return { header, body: parseEncrypted(encrypted) }
}

/** The field `kdf` has one value today; it is there so that another function can be told apart later. */
function formatEncrypted({ cost, salt, nonce, ciphertext }: EncryptedBody) {
  const { N, r, p } = cost
  return { kdf: 'scrypt', N, r, p, salt: toBase64(salt), nonce: toBase64(nonce), ciphertext: toBase64(ciphertext) }
}

function parseHeader(fields: Fields): KeyFileHeader {
  const { kind, bits, creator, generation, label } = fields
  if (kind !== 'private' && kind !== 'public') throw malformed('kind')
  if (typeof bits !== 'number' || !Number.isInteger(bits) || bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
    throw malformed('bits')
  }
  return {
    keyId: nameField(fields.keyId, 'keyId'),
    kind,
    bits,
    fingerprint: parseFingerprint(nameField(fields.fingerprint, 'fingerprint')),
    ...(creator === undefined ? {} : { creator: parseFingerprint(nameField(creator, 'creator')) }),
    ...(generation === undefined ? {} : { generation: laterGeneration(generation) }),
    ...(label === undefined ? {} : { label: nameField(label, 'label') }),
  }
}

/** The first generation is never written, so that a key has one spelling. */
export function laterGeneration(value: unknown): number {
  const generation = countField(value, 'generation')
  if (generation === 1) throw malformed('generation')
  return generation
}

function parseEncrypted(value: unknown): EncryptedBody {
  if (!isFields(value)) throw malformed('encrypted')
  refuseOthers(value, ENCRYPTED_FIELDS)
  if (value.kdf !== 'scrypt') throw malformed('kdf')
  return {
    cost: { N: countField(value.N, 'N'), r: countField(value.r, 'r'), p: countField(value.p, 'p') },
    salt: bytesField(value.salt, 'salt'),
    nonce: bytesField(value.nonce, 'nonce'),
    ciphertext: bytesField(value.ciphertext, 'ciphertext'),
  }
}

type Fields = { readonly [name: string]: unknown }

function parseObject(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text)
    if (isFields(value)) return value
  } catch (cause) {
    throw new CryptoError('KeyMalformed', 'key file is not JSON', { cause })
  }
  throw new CryptoError('KeyMalformed', 'key file is not a JSON object')
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuseOthers(fields: Fields, known: readonly string[]): void {
  for (const name of Object.keys(fields)) if (!known.includes(name)) throw malformed(name)
}

/** Checks a name that a person may see: neither empty nor long, and without control characters. */
export function nameField(value: unknown, name: string): string {
  const text = textField(value, name, MAX_KEY_FILE_NAME_CHARACTERS)
  if (text === '' || /\p{Cc}/u.test(text) || !text.isWellFormed()) throw malformed(name)
  return text
}

function textField(value: unknown, name: string, maxCharacters: number): string {
  if (typeof value !== 'string' || value.length > maxCharacters) throw malformed(name)
  return value
}

function countField(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) throw malformed(name)
  return value
}

function bytesField(value: unknown, name: string): Uint8Array {
  try {
    return fromBase64(textField(value, name, MAX_KEY_FILE_CHARACTERS))
  } catch (cause) {
    throw isBitdustError(cause, 'RecordInvalid') ? malformed(name) : cause
  }
}

function malformed(field: string): CryptoError {
  return new CryptoError('KeyMalformed', `field ${field} of the key file is not allowed or has a wrong value`, {
    subject: field,
  })
}
