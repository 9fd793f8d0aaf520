import { backend } from '#backend'
import type { RsaPrivateOperations } from './backend/backend.ts'
import { utf8Encode } from './bytes.ts'
import { CryptoError } from './errors.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'
import { formatPem, parsePem } from './pem.ts'
import {
  checkPrivateNumbers,
  type RsaPrivateNumbers,
  readPkcs1Private,
  readPkcs8,
  writePkcs1Private,
  writePkcs8,
} from './rsa-private-numbers.ts'
import { formatOpenSsh, parseOpenSsh, readPkcs1Public, readSpki, writeSpki } from './rsa-public-numbers.ts'
import { signedBytes } from './signed-bytes.ts'

/** Longest text or DER that is looked at: an encrypted 4096-bit private key as PEM is below 4 KiB. */
const MAX_KEY_BYTES = 16_384
/** By how much OAEP with SHA-256 makes a plaintext shorter than the modulus (RFC 8017 §7.1.1). */
const OAEP_OVERHEAD_BYTES = 66

/** An RSA public key. Make one with {@link importRsaPublicKey}. */
export interface RsaPublicKey {
  /** Size of the modulus. */
  readonly bits: number
  /** The key as DER SubjectPublicKeyInfo. Not to be changed. */
  readonly spki: Uint8Array
  readonly fingerprint: Fingerprint
  /**
   * Checks an RSASSA-PSS signature (SHA-256, MGF1-SHA-256, salt of 32 bytes) over `signedBytes(label, message)`.
   * Whatever is wrong with the signature is `false`, never a throw.
   */
  verify(label: string, message: Uint8Array, signature: Uint8Array): Promise<boolean>
  /**
   * Encrypts a few bytes with RSA-OAEP-SHA-256 so that only {@link RsaPrivateKey.unwrap} with the same label opens them.
   *
   * @param plaintext - At most bits / 8 - 66 bytes (190 for 2048 bits).
   * @throws {CryptoError} `LimitExceeded` for a longer plaintext.
   */
  wrap(label: string, plaintext: Uint8Array): Promise<Uint8Array>
  /** The key as `ssh-rsa AAAA...`, without comment. */
  toOpenSsh(): string
  /** The key as PEM: `BEGIN PUBLIC KEY`. */
  toPem(): string
}

/** An RSA private key. Make one with {@link generateRsaKey} or {@link importRsaPrivateKey}. */
export interface RsaPrivateKey {
  /** Size of the modulus. */
  readonly bits: number
  readonly publicKey: RsaPublicKey
  /** Signs `signedBytes(label, message)`; see {@link RsaPublicKey.verify}. The signature is bits / 8 bytes. */
  sign(label: string, message: Uint8Array): Promise<Uint8Array>
  /**
   * Opens what {@link RsaPublicKey.wrap} made.
   *
   * @throws {CryptoError} `KeyUnlockFailed` for another key, another label, or changed bytes.
   */
  unwrap(label: string, wrapped: Uint8Array): Promise<Uint8Array>
  /** The private key as DER PKCS#8. The caller wipes it with `fill(0)` when done. */
  exportPkcs8(): Promise<Uint8Array>
  /** The private key as PEM without a passphrase: `BEGIN PRIVATE KEY` (pkcs8) or `BEGIN RSA PRIVATE KEY` (pkcs1). */
  toPem(format: 'pkcs1' | 'pkcs8'): Promise<string>
}

/** Sizes of new keys, in bits. */
export type RsaKeyBits = 2048 | 3072 | 4096

/** Makes a new RSA key pair with exponent 65537. Takes 30 ms to a few seconds. */
export async function generateRsaKey(bits: RsaKeyBits = 3072): Promise<RsaPrivateKey> {
  if (bits !== 2048 && bits !== 3072 && bits !== 4096) {
    throw new CryptoError('KeyMalformed', `new RSA keys are 2048, 3072 or 4096 bits, not ${bits}`)
  }
  const numbers = readPkcs8(await backend.generateRsaKey(bits))
  if (numbers === null) throw new CryptoError('KeyMalformed', 'the platform made a key that is not PKCS#8')
  return privateKeyOf(numbers)
}

/**
 * Reads a private key: PEM (PKCS#8, PKCS#1, or either protected by a passphrase) or DER PKCS#8.
 *
 * @param options.passphrase - For PEM that is encrypted.
 * @throws {CryptoError} `KeyMalformed` if it is not an RSA key of 2048 to 4096 bits with exponent 65537 whose numbers
 * belong together; `KeyUnlockFailed` if it is encrypted and the passphrase is missing or wrong; `LimitExceeded` if its
 * key derivation would take too long.
 */
export async function importRsaPrivateKey(
  pemOrDer: string | Uint8Array,
  options: { readonly passphrase?: string } = {},
): Promise<RsaPrivateKey> {
  checkSize(pemOrDer)
  const strict = typeof pemOrDer === 'string' ? readPrivatePem(pemOrDer) : readPkcs8(pemOrDer)
  const numbers = strict ?? (typeof pemOrDer === 'string' ? await readOddPem(pemOrDer, options.passphrase) : null)
  if (numbers === null) throw new CryptoError('KeyMalformed', 'not an RSA private key in PEM or PKCS#8 DER')
  checkPrivateNumbers(numbers)
  return privateKeyOf(numbers)
}

/**
 * Reads a public key: an OpenSSH line (a comment is ignored), PEM (SPKI or PKCS#1) or DER SPKI. Strict: whoever signs
 * or hashes a key must be able to rely on one spelling.
 *
 * @throws {CryptoError} `KeyMalformed` if it is not an RSA key of 2048 to 4096 bits, odd modulus, exponent 65537, or
 * if bytes are left over; nothing is computed with such a key.
 */
export async function importRsaPublicKey(input: string | Uint8Array): Promise<RsaPublicKey> {
  checkSize(input)
  return publicKeyOf(readModulus(input))
}

function readModulus(input: string | Uint8Array): Uint8Array {
  if (typeof input !== 'string') return readSpki(input)
  if (input.startsWith('ssh-')) return parseOpenSsh(input)
  const pem = parsePem(input)
  if (pem?.label === 'PUBLIC KEY') return readSpki(pem.der)
  if (pem?.label === 'RSA PUBLIC KEY') return readPkcs1Public(pem.der)
  throw new CryptoError('KeyMalformed', 'not a public key in OpenSSH, PEM or DER form')
}

function readPrivatePem(text: string): RsaPrivateNumbers | null {
  const pem = parsePem(text)
  if (pem?.label === 'PRIVATE KEY') return readPkcs8(pem.der)
  if (pem?.label === 'RSA PRIVATE KEY') return readPkcs1Private(pem.der)
  return null
}

/** Loads the forgiving reader only when it is needed: it is large, and most keys never see it. */
async function readOddPem(text: string, passphrase: string | undefined): Promise<RsaPrivateNumbers | null> {
  const { readForgePem } = await import('./forge-pem.ts')
  return readPkcs1Private(readForgePem(text, passphrase))
}

async function publicKeyOf(modulusView: Uint8Array): Promise<RsaPublicKey> {
  // A view would change with the caller's bytes, and could keep a whole private key in memory.
  const modulus = new Uint8Array(modulusView)
  const spki = writeSpki(modulus)
  const operations = await backend.importRsaPublicKey(spki)
  const maxWrapBytes = modulus.length - OAEP_OVERHEAD_BYTES
  return {
    bits: modulus.length * 8,
    spki,
    fingerprint: fingerprintOf(spki),
    // Platforms also take a signature without its leading zeros, which would be a second spelling (RFC 8017 §8.1.2).
    verify: async (label, message, signature) =>
      signature.length === modulus.length && operations.verifyPss(signedBytes(label, message), signature),
    async wrap(label, plaintext) {
      if (plaintext.length > maxWrapBytes) {
        throw new CryptoError('LimitExceeded', `${plaintext.length} bytes to wrap, limit is ${maxWrapBytes}`)
      }
      return operations.encryptOaep(utf8Encode(label), plaintext)
    },
    toOpenSsh: () => formatOpenSsh(modulus),
    toPem: () => formatPem('PUBLIC KEY', spki),
  }
}

async function privateKeyOf(numbers: RsaPrivateNumbers): Promise<RsaPrivateKey> {
  const pkcs8 = writePkcs8(numbers)
  const [operations, publicKey] = await Promise.all([importPkcs8(pkcs8), publicKeyOf(numbers[0]!)])
  pkcs8.fill(0)
  return {
    bits: publicKey.bits,
    publicKey,
    sign: (label, message) => operations.signPss(signedBytes(label, message)),
    async unwrap(label, wrapped) {
      // Node also takes bytes without their leading zeros, which would be a second spelling (RFC 8017 §7.1.2).
      if (wrapped.length * 8 !== publicKey.bits) {
        throw new CryptoError('KeyUnlockFailed', `wrapped bytes are ${wrapped.length}, must be ${publicKey.bits / 8}`)
      }
      try {
        return await operations.decryptOaep(utf8Encode(label), wrapped)
      } catch {
        // Without the cause: why a padding is wrong is nobody's business (RFC 8017 §7.1.2).
        throw new CryptoError('KeyUnlockFailed', 'wrapped bytes do not open with this key and label')
      }
    },
    exportPkcs8: () => operations.exportPkcs8(),
    async toPem(format) {
      const exported = await operations.exportPkcs8()
      if (format === 'pkcs8') return formatPem('PRIVATE KEY', exported)
      return formatPem('RSA PRIVATE KEY', writePkcs1Private(readPkcs8(exported)!))
    },
  }
}

async function importPkcs8(pkcs8: Uint8Array): Promise<RsaPrivateOperations> {
  try {
    return await backend.importRsaPrivateKey(pkcs8)
  } catch (cause) {
    throw new CryptoError('KeyMalformed', 'the platform refuses the RSA private key', { cause })
  }
}

function checkSize(input: string | Uint8Array): void {
  if (input.length > MAX_KEY_BYTES) {
    throw new CryptoError('KeyMalformed', `key is ${input.length} bytes, limit is ${MAX_KEY_BYTES}`)
  }
}
