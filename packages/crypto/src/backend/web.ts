import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { fromBase64Url } from '../base64.ts'
import { concatBytes } from '../bytes.ts'
import { CryptoError } from '../errors.ts'
import {
  type AesGcm,
  type Backend,
  ED25519_PKCS8_PREFIX,
  GCM_TAG_BYTES,
  PSS_SALT_BYTES,
  type RsaPrivateOperations,
  type Sha256,
} from './backend.ts'

const { subtle } = globalThis.crypto

const PSS = { name: 'RSA-PSS', hash: 'SHA-256' } as const
const PSS_PARAMETERS = { name: 'RSA-PSS', saltLength: PSS_SALT_BYTES } as const
const OAEP = { name: 'RSA-OAEP', hash: 'SHA-256' } as const
const ED25519 = 'Ed25519'
const EXPONENT = Uint8Array.of(1, 0, 1)

/** The primitives by Web Cryptography, and by @noble/hashes where a result is needed at once. */
export const backend: Backend = {
  sha256(parts) {
    const hasher = sha256.create()
    for (const part of parts) hasher.update(part)
    return hasher.digest()
  },

  createSha256() {
    const hasher = sha256.create()
    const self: Sha256 = {
      update(bytes) {
        hasher.update(bytes)
        return self
      },
      digest: () => hasher.digest(),
    }
    return self
  },

  sha256Bulk: async (bytes) => new Uint8Array(await subtle.digest('SHA-256', bytes)),

  hmacSha256(key, parts) {
    const mac = hmac.create(sha256, key)
    for (const part of parts) mac.update(part)
    return mac.digest()
  },

  hkdfSha256: (secret, salt, info, length) => hkdf(sha256, secret, salt, info, length),

  // One more KiB than the cost needs: the library counts its own working space too.
  scrypt: (passphrase, salt, { N, r, p }, length) =>
    scryptAsync(passphrase, salt, { N, r, p, dkLen: length, maxmem: 128 * r * (N + p) + 1_024 }),

  async importAesKey(key) {
    return aesGcm(await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']))
  },

  async generateRsaKey(bits) {
    const algorithm = { ...PSS, modulusLength: bits, publicExponent: EXPONENT }
    const { privateKey } = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
    return new Uint8Array(await subtle.exportKey('pkcs8', privateKey))
  },

  async importRsaPublicKey(spki) {
    const [pssKey, oaepKey] = await Promise.all([
      subtle.importKey('spki', spki, PSS, false, ['verify']),
      subtle.importKey('spki', spki, OAEP, false, ['encrypt']),
    ])
    return {
      verifyPss: (message, signature) => subtle.verify(PSS_PARAMETERS, pssKey, signature, message),
      encryptOaep: async (label, plaintext) =>
        new Uint8Array(await subtle.encrypt({ name: OAEP.name, label: label }, oaepKey, plaintext)),
    }
  },

  async importRsaPrivateKey(pkcs8): Promise<RsaPrivateOperations> {
    const [pssKey, oaepKey] = await Promise.all([
      subtle.importKey('pkcs8', pkcs8, PSS, true, ['sign']),
      subtle.importKey('pkcs8', pkcs8, OAEP, false, ['decrypt']),
    ])
    return {
      signPss: async (message) => new Uint8Array(await subtle.sign(PSS_PARAMETERS, pssKey, message)),
      decryptOaep: async (label, ciphertext) =>
        new Uint8Array(await subtle.decrypt({ name: OAEP.name, label: label }, oaepKey, ciphertext)),
      exportPkcs8: async () => new Uint8Array(await subtle.exportKey('pkcs8', pssKey)),
    }
  },

  importEd25519PublicKey(bytes) {
    // A point that is not on the curve is refused here and has no signature that holds.
    const imported = subtle.importKey('raw', bytes, ED25519, false, ['verify']).catch(() => null)
    return {
      async verify(message, signature) {
        const key = await imported
        return key !== null && subtle.verify(ED25519, key, signature, message)
      },
    }
  },

  async importEd25519Seed(seed) {
    const pkcs8 = concatBytes(ED25519_PKCS8_PREFIX, seed)
    const key = await subtle.importKey('pkcs8', pkcs8, ED25519, true, ['sign'])
    pkcs8.fill(0)
    const { x } = await subtle.exportKey('jwk', key)
    if (x === undefined) throw new CryptoError('KeyMalformed', 'the platform gives no public part of the device key')
    return {
      publicKey: fromBase64Url(x),
      sign: async (message) => new Uint8Array(await subtle.sign(ED25519, key, message)),
    }
  },
}

type ImportedKey = Awaited<ReturnType<typeof subtle.importKey>>

function aesGcm(key: ImportedKey): AesGcm {
  const parameters = (nonce: Uint8Array, additionalData: Uint8Array) => ({
    name: 'AES-GCM',
    iv: nonce,
    additionalData,
    tagLength: GCM_TAG_BYTES * 8,
  })
  return {
    async seal(nonce, additionalData, plaintext, output) {
      output.set(new Uint8Array(await subtle.encrypt(parameters(nonce, additionalData), key, plaintext)))
    },
    async open(nonce, additionalData, sealed, output) {
      const opened = await subtle.decrypt(parameters(nonce, additionalData), key, sealed).catch((cause: unknown) => {
        throw new CryptoError('BlockAuthFailed', `${sealed.length} sealed bytes do not open`, { cause })
      })
      output.set(new Uint8Array(opened))
    },
  }
}
