import { toHex } from './bytes.ts'
import { CryptoError } from './errors.ts'
import { sha256 } from './hash.ts'

/** SHA-256 over the SPKI of a public key, as 64 lower-case hex digits. The stable name of an identity or a key. */
export type Fingerprint = string & { readonly __brand: 'Fingerprint' }

/**
 * Reads a fingerprint.
 *
 * @throws {CryptoError} `KeyMalformed` unless the text is 64 lower-case hex digits.
 */
export function parseFingerprint(text: string): Fingerprint {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new CryptoError('KeyMalformed', 'fingerprint is not 64 lower-case hex digits')
  return text as Fingerprint
}

/** The fingerprint of a public key. */
export function fingerprintOf(spki: Uint8Array): Fingerprint {
  return toHex(sha256(spki)) as Fingerprint
}
