import { type CanonicalValue, decodeCanonical } from '@bitdust/crypto'
import { invalid, RecordError } from './errors.ts'

/** Decodes canonical CBOR of at most `maxBytes`; the limit is checked before anything is decoded or allocated. */
export function decodeLimited(bytes: Uint8Array, maxBytes: number, name: string): CanonicalValue {
  if (bytes.length > maxBytes)
    throw new RecordError('LimitExceeded', `${name}: ${bytes.length} bytes, limit is ${maxBytes}`, { subject: name })
  try {
    return decodeCanonical(bytes, { maxBytes })
  } catch (cause) {
    return invalid(name, 'not canonical CBOR', cause)
  }
}
