/** SHA-256 over a stream of bytes. */
export interface Sha256 {
  /** Adds bytes. They are read before the call returns and not kept. */
  update(bytes: Uint8Array): this
  /** The 32-byte hash. The object must not be used afterwards. */
  digest(): Uint8Array
}

/** Cost of {@link Backend.scrypt}, named as in RFC 7914 §6. Memory is about 128 x N x r bytes. */
export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** AES-256-GCM under one key, with 12-byte nonces and 16-byte tags. */
export interface AesGcm {
  /** Writes ciphertext and tag to `output`, which is 16 bytes longer than `plaintext`. */
  seal(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array, output: Uint8Array): Promise<void>
  /**
   * Writes the plaintext to `output`, which is 16 bytes shorter than `sealed`. The content of `output` means nothing
   * when the call fails.
   *
   * @throws {CryptoError} `BlockAuthFailed` if key, nonce, additional data or any byte is not what was sealed.
   */
  open(nonce: Uint8Array, additionalData: Uint8Array, sealed: Uint8Array, output: Uint8Array): Promise<void>
}

/** What an RSA public key can do. Padding and hash are fixed: PSS and OAEP with SHA-256. */
export interface RsaPublicOperations {
  verifyPss(message: Uint8Array, signature: Uint8Array): Promise<boolean>
  encryptOaep(label: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>
}

/** What an RSA private key can do. */
export interface RsaPrivateOperations {
  signPss(message: Uint8Array): Promise<Uint8Array>
  /** Rejects, with whatever error the platform gives, when the ciphertext does not open. */
  decryptOaep(label: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array>
  exportPkcs8(): Promise<Uint8Array>
}

/** What an Ed25519 public key can do. */
export interface Ed25519PublicOperations {
  verify(message: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/** What an Ed25519 private key can do. */
export interface Ed25519PrivateOperations {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Promise<Uint8Array>
}

/**
 * The primitives that a platform provides. There are two: `node.ts` (node:crypto) and `web.ts` (Web Cryptography and
 * @noble/hashes); `#backend` in package.json chooses. Both give the same bytes for the same input. Arguments were
 * checked by the callers in this package.
 */
export interface Backend {
  sha256(parts: readonly Uint8Array[]): Uint8Array
  createSha256(): Sha256
  sha256Bulk(bytes: Uint8Array): Promise<Uint8Array>
  hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array
  hkdfSha256(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array
  scrypt(passphrase: Uint8Array, salt: Uint8Array, cost: ScryptCost, length: number): Promise<Uint8Array>
  /** @param key - 32 bytes. */
  importAesKey(key: Uint8Array): Promise<AesGcm>
  /** A new key pair with exponent 65537, as PKCS#8 DER. */
  generateRsaKey(bits: number): Promise<Uint8Array>
  importRsaPublicKey(spki: Uint8Array): Promise<RsaPublicOperations>
  importRsaPrivateKey(pkcs8: Uint8Array): Promise<RsaPrivateOperations>
  /** @param bytes - 32 bytes. */
  importEd25519PublicKey(bytes: Uint8Array): Ed25519PublicOperations
  /** @param seed - 32 bytes. */
  importEd25519Seed(seed: Uint8Array): Promise<Ed25519PrivateOperations>
}

/** DER of a PKCS#8 Ed25519 private key up to the 32-byte seed (RFC 8410 §7). */
export const ED25519_PKCS8_PREFIX: Uint8Array = Uint8Array.of(
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x70,
  0x04,
  0x22,
  0x04,
  0x20,
)

/** Salt of every PSS signature, in bytes. */
export const PSS_SALT_BYTES = 32

/** Tag of AES-GCM, in bytes. */
export const GCM_TAG_BYTES = 16
