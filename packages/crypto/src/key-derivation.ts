import { backend } from '#backend'
import type { ScryptCost } from './backend/backend.ts'
import { utf8Encode } from './bytes.ts'
import { CryptoError } from './errors.ts'
import { HASH_BYTES } from './hash.ts'

/** Most bytes that HKDF-SHA-256 can give (RFC 5869 §2.3). */
const MAX_HKDF_BYTES = 255 * HASH_BYTES
/** Highest scrypt N. */
const MAX_SCRYPT_N = 2 ** 20
/** Highest N x r x p x 128: the memory of scrypt, and with p its time too. 1 GiB. */
const MAX_SCRYPT_BYTES = 2 ** 30

/** What {@link hkdfSha256} needs beside the secret. */
export interface HkdfOptions {
  readonly salt: Uint8Array
  /** What the derived key is for. */
  readonly info: Uint8Array
  /** Bytes wanted, at most 8160. */
  readonly length: number
}

/**
 * HKDF-SHA-256 (RFC 5869): a key from a secret that is already random.
 *
 * @throws {CryptoError} `LimitExceeded` if `length` is above 8160.
 */
export function hkdfSha256(secret: Uint8Array, { salt, info, length }: HkdfOptions): Uint8Array {
  if (length > MAX_HKDF_BYTES) {
    throw new CryptoError('LimitExceeded', `HKDF length is ${length} bytes, limit is ${MAX_HKDF_BYTES}`)
  }
  return backend.hkdfSha256(secret, salt, info, length)
}

/**
 * scrypt (RFC 7914): a key from a passphrase, slow on purpose.
 *
 * @param passphrase - Brought to Unicode form NFC first, so that it is the same however a keyboard composed it.
 * @param options.length - Bytes wanted.
 * @throws {CryptoError} `LimitExceeded` before any work if N is not a power of two from 2 to 2^20, or if
 * 128 x N x r x p is above 1 GiB.
 */
export async function scrypt(
  passphrase: string,
  salt: Uint8Array,
  { N, r, p, length }: ScryptCost & { readonly length: number },
): Promise<Uint8Array> {
  const powerOfTwo = Number.isInteger(N) && N >= 2 && N <= MAX_SCRYPT_N && (N & (N - 1)) === 0
  const counts = Number.isInteger(r) && r >= 1 && Number.isInteger(p) && p >= 1
  if (!powerOfTwo || !counts || 128 * N * r * p > MAX_SCRYPT_BYTES) {
    throw new CryptoError('LimitExceeded', `scrypt N=${N} r=${r} p=${p} is outside the limits (N <= 2^20, 1 GiB)`)
  }
  return backend.scrypt(utf8Encode(passphrase.normalize('NFC')), salt, { N, r, p }, length)
}
