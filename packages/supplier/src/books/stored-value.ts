import { decodeCanonical, encodeCanonical } from '@bitdust/crypto'
import type { Field } from '@bitdust/records'
import { SupplierError } from '../errors.ts'

/** A value in the books and its bytes: canonical CBOR [version, value]. */
export interface StoredValue<T> {
  encode(value: T): Uint8Array
  /** @throws {SupplierError} `StorageCorrupt` naming the key, `VersionUnsupported`. */
  decode(bytes: Uint8Array, key: string): T
}

const VERSION = 1
const MAX_VALUE_BYTES = 64 * 1024

/** Defines a value by its field. */
export function storedValue<T>(field: Field<T>): StoredValue<T> {
  return {
    encode: (value) => encodeCanonical([VERSION, field.encode(value, 'value')]),
    decode(bytes, key) {
      const [version, value] = decodePair(bytes, key)
      if (version !== VERSION)
        throw new SupplierError('VersionUnsupported', `books have version ${String(version)}, known is ${VERSION}`, {
          subject: key,
        })
      return guarded(key, () => field.decode(value, key))
    },
  }
}

function decodePair(bytes: Uint8Array, key: string) {
  const pair = guarded(key, () => decodeCanonical(bytes, { maxBytes: MAX_VALUE_BYTES }))
  if (Array.isArray(pair) && pair.length === 2) return [pair[0]!, pair[1]!] as const
  throw new SupplierError('StorageCorrupt', 'a value in the books is not [version, value]', { subject: key })
}

function guarded<T>(key: string, decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    throw new SupplierError('StorageCorrupt', 'a value in the books cannot be read', { subject: key, cause })
  }
}
