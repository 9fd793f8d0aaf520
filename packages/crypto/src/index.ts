/**
 * Keys, signatures, sealing, block encryption, hash trees, the key file format and every label of BitDust. Runs on Node
 * and in browsers; knows nothing of identities, files or networks. What it needs of Node alone is in `./files`.
 *
 * @module
 */
export type { ScryptCost, Sha256 } from './backend/backend.ts'
export { fromBase32, toBase32 } from './base32.ts'
export { fromBase64, fromBase64Url, toBase64, toBase64Url } from './base64.ts'
export {
  BLOCK_KEY_BYTES,
  ciphertextSize,
  decryptBlock,
  decryptBlockRange,
  encryptBlock,
  plaintextSize,
  SEGMENT_BYTES,
  SEGMENT_TAG_BYTES,
} from './block-cipher.ts'
export { concatBytes, equalBytes, fromHex, toHex, u32be, u64be, utf8Decode, utf8Encode } from './bytes.ts'
export { type CanonicalValue, decodeCanonical, encodeCanonical, MAX_CANONICAL_DEPTH } from './canonical.ts'
export {
  DEVICE_KEY_BYTES,
  DEVICE_SIGNATURE_BYTES,
  type DeviceId,
  type DeviceKey,
  type DevicePublicKey,
  deviceKeyFromSeed,
  devicePublicKeyOf,
  generateDeviceKey,
  importDevicePublicKey,
  parseDeviceId,
} from './device-key.ts'
export { BitdustError, type BitdustErrorOptions, CryptoError, type CryptoErrorCode, isBitdustError } from './errors.ts'
export { type Fingerprint, parseFingerprint } from './fingerprint.ts'
export { fingerprintColours, fingerprintWords } from './fingerprint-words.ts'
export { createSha256, HASH_BYTES, hmacSha256, sha256, sha256Bulk } from './hash.ts'
export {
  createTreeHasher,
  LEAF_BYTES,
  type TreeHasher,
  type TreeProof,
  treeProof,
  treeProofs,
  treeRoot,
  verifyTreeProof,
} from './hash-tree.ts'
export { type HkdfOptions, hkdfSha256, scrypt } from './key-derivation.ts'
export { inspectKeyFile, type KeyFile, readKeyFile, type WriteKeyFileOptions, writeKeyFile } from './key-file.ts'
export { type KeyFileHeader, MAX_KEY_FILE_CHARACTERS } from './key-file-text.ts'
export { LABELS } from './labels.ts'
export { formatPaperKey, isPaperKey, readPaperKey } from './paper-key.ts'
export { randomBytes } from './random.ts'
export {
  generateRsaKey,
  importRsaPrivateKey,
  importRsaPublicKey,
  type RsaKeyBits,
  type RsaPrivateKey,
  type RsaPublicKey,
} from './rsa.ts'
export { openSealed, sealOverhead, sealTo } from './seal.ts'
export { decryptStream, encryptStream, type StreamKeyLookup } from './sealed-stream.ts'
export { decryptEntry, ENTRY_OVERHEAD_BYTES, encryptEntry } from './secret-box.ts'
export { signedBytes } from './signed-bytes.ts'
export { requireSignature, type Verifier } from './verify.ts'
export { wordsOf } from './words.ts'
