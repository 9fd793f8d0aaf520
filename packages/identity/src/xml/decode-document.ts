import { utf8Decode } from '@bitdust/crypto'
import { MAX_IDENTITY_BYTES } from '../document/limits.ts'
import { malformed } from './malformed.ts'

/**
 * The text of an identity file.
 *
 * @param bytes - UTF-8, at most {@link MAX_IDENTITY_BYTES}.
 * @throws {IdentityError} `IdentityMalformed`
 */
export function decodeDocument(bytes: Uint8Array): string {
  if (bytes.length > MAX_IDENTITY_BYTES)
    throw malformed(`document is ${bytes.length} bytes, limit is ${MAX_IDENTITY_BYTES}`)
  try {
    return utf8Decode(bytes)
  } catch (cause) {
    throw malformed('document is not UTF-8', cause)
  }
}
