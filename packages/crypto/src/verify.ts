import { CryptoError } from './errors.ts'

/** Any key that can check a signature: {@link RsaPublicKey}, {@link DevicePublicKey}. */
export interface Verifier {
  verify(label: string, message: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/**
 * Checks a signature where a wrong one is an error and not an answer.
 *
 * @throws {CryptoError} `SignatureInvalid`.
 */
export async function requireSignature(
  key: Verifier,
  label: string,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<void> {
  if (!(await key.verify(label, message, signature))) {
    throw new CryptoError('SignatureInvalid', 'signature does not match key, label and message', { subject: label })
  }
}
