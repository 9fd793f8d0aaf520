import { encodeCanonical } from '@bitdust/crypto'
import { decodeLimited } from './decode-limited.ts'
import type { Field } from './fields.ts'

/** An unsigned message of a protocol, or a plaintext that is sealed: canonical CBOR of one field. */
export interface Message<T> {
  /** @throws {RecordError} `RecordInvalid` naming the field that does not fit. */
  encode(value: T): Uint8Array
  /** @throws {RecordError} `LimitExceeded` above `maxBytes`, before decoding; else `RecordInvalid` naming the field. */
  decode(bytes: Uint8Array, maxBytes: number): T
}

/** Defines a message by its field. `name` begins the path in errors. */
export function defineMessage<T>(field: Field<T>, name = 'message'): Message<T> {
  return {
    encode: (value) => encodeCanonical(field.encode(value, name)),
    decode: (bytes, maxBytes) => field.decode(decodeLimited(bytes, maxBytes, name), name),
  }
}
