import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  hash,
  hkdfSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  scrypt,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { toBase64Url } from '../base64.ts'
import { concatBytes } from '../bytes.ts'
import { CryptoError } from '../errors.ts'
import {
  type AesGcm,
  type Backend,
  ED25519_PKCS8_PREFIX,
  GCM_TAG_BYTES,
  PSS_SALT_BYTES,
  type RsaPrivateOperations,
  type RsaPublicOperations,
  type ScryptCost,
  type Sha256,
} from './backend.ts'

/** Longest input that is copied together for a one-shot hash: below it, a copy is cheaper than a hash object. */
const ONE_SHOT_BYTES = 16_384

const GCM_OPTIONS = { authTagLength: GCM_TAG_BYTES } as const
const PSS_OPTIONS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES } as const

const scratch = new Uint8Array(ONE_SHOT_BYTES)
const generateKeyPairAsync = promisify(generateKeyPair)

/** The primitives by node:crypto. */
export const backend: Backend = {
  sha256,
  createSha256,
  sha256Bulk: async (bytes) => sha256([bytes]),

  hmacSha256(key, parts) {
    const hmac = createHmac('sha256', key)
    for (const part of parts) hmac.update(part)
    return plain(hmac.digest())
  },

  hkdfSha256: (secret, salt, info, length) => new Uint8Array(hkdfSync('sha256', secret, salt, info, length)),

  scrypt: (passphrase, salt, cost, length) =>
    new Promise((resolve, reject) => {
      const options = { ...cost, maxmem: scryptMemory(cost) }
      scrypt(passphrase, salt, length, options, (error, key) => (error ? reject(error) : resolve(plain(key))))
    }),

  importAesKey: async (key) => aesGcm(createSecretKey(key)),

  async generateRsaKey(bits) {
    const { privateKey } = await generateKeyPairAsync('rsa', { modulusLength: bits, publicExponent: 65_537 })
    return plain(privateKey.export({ format: 'der', type: 'pkcs8' }))
  },

  importRsaPublicKey: async (spki) => rsaPublic(createPublicKey({ key: view(spki), format: 'der', type: 'spki' })),
  importRsaPrivateKey: async (pkcs8) =>
    rsaPrivate(createPrivateKey({ key: view(pkcs8), format: 'der', type: 'pkcs8' })),

  importEd25519PublicKey(bytes) {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(bytes) }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return { verify: async (message, signature) => verify(null, message, key, signature) }
  },

  async importEd25519Seed(seed) {
    const pkcs8 = view(concatBytes(ED25519_PKCS8_PREFIX, seed))
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    pkcs8.fill(0)
    // The SPKI of an Ed25519 key ends with the 32 bytes of the key (RFC 8410 §4).
    const publicKey = plain(createPublicKey(key).export({ format: 'der', type: 'spki' })).slice(-32)
    return { publicKey, sign: async (message) => plain(sign(null, message, key)) }
  },
}

function sha256(parts: readonly Uint8Array[]): Uint8Array {
  const only = parts.length === 1 ? parts[0] : undefined
  if (only !== undefined) return plain(hash('sha256', only, 'buffer'))
  let size = 0
  for (const part of parts) size += part.length
  if (size > ONE_SHOT_BYTES) {
    const hasher = createHash('sha256')
    for (const part of parts) hasher.update(part)
    return plain(hasher.digest())
  }
  let offset = 0
  for (const part of parts) {
    scratch.set(part, offset)
    offset += part.length
  }
  return plain(hash('sha256', scratch.subarray(0, size), 'buffer'))
}

function createSha256(): Sha256 {
  const hasher = createHash('sha256')
  const self: Sha256 = {
    update(bytes) {
      hasher.update(bytes)
      return self
    },
    digest: () => plain(hasher.digest()),
  }
  return self
}

function aesGcm(key: KeyObject): AesGcm {
  return {
    async seal(nonce, additionalData, plaintext, output) {
      const cipher = createCipheriv('aes-256-gcm', key, nonce, GCM_OPTIONS).setAAD(additionalData)
      output.set(cipher.update(plaintext))
      cipher.final()
      output.set(cipher.getAuthTag(), plaintext.length)
    },
    async open(nonce, additionalData, sealed, output) {
      const end = sealed.length - GCM_TAG_BYTES
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, GCM_OPTIONS)
      decipher.setAAD(additionalData).setAuthTag(sealed.subarray(end))
      output.set(decipher.update(sealed.subarray(0, end)))
      try {
        decipher.final()
      } catch (cause) {
        throw new CryptoError('BlockAuthFailed', `${sealed.length} sealed bytes do not open`, { cause })
      }
    },
  }
}

function rsaPublic(key: KeyObject): RsaPublicOperations {
  return {
    verifyPss: async (message, signature) => verify('sha256', message, { key, ...PSS_OPTIONS }, signature),
    encryptOaep: async (label, plaintext) => plain(publicEncrypt(oaep(key, label), plaintext)),
  }
}

function rsaPrivate(key: KeyObject): RsaPrivateOperations {
  return {
    // On the thread pool: a signature of a 4096-bit key takes more than a millisecond.
    signPss: (message) =>
      new Promise((resolve, reject) => {
        sign('sha256', message, { key, ...PSS_OPTIONS }, (error, signature) =>
          error ? reject(error) : resolve(plain(signature)),
        )
      }),
    decryptOaep: async (label, ciphertext) => plain(privateDecrypt(oaep(key, label), ciphertext)),
    exportPkcs8: async () => plain(key.export({ format: 'der', type: 'pkcs8' })),
  }
}

function oaep(key: KeyObject, label: Uint8Array) {
  return { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: label }
}

/** What OpenSSL counts for one run (RFC 7914 §5 and §6), with a little room. */
function scryptMemory({ N, r, p }: ScryptCost): number {
  return 128 * r * (N + p + 2) + 65_536
}

/** The same bytes as a plain Uint8Array: a Buffer has another `slice` and would leak a Node type into the API. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

/** The same bytes as a Buffer, where node:crypto's key functions demand one. */
function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
