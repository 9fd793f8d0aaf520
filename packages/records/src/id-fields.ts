import { type DeviceId, type Fingerprint, fromHex, toHex } from '@bitdust/crypto'
import { deviceOfPeerId, type Idurl, parseIdurl } from '@bitdust/identity'
import { invalid } from './errors.ts'
import { bytes, type Field, integer, optional, text, uint } from './fields.ts'
import type { BlockId, EntryHash, Hash32, JournalId, LocationId, RecordHash } from './ids.ts'
import { MAX_SUPPLIERS } from './limits.ts'

/** Any SHA-256 value. */
export const hash32: Field<Hash32> = hex32<Hash32>()
/** Fingerprint of an identity or of a share key. */
export const fingerprint: Field<Fingerprint> = hex32<Fingerprint>()
/** Public key of a device. */
export const deviceId: Field<DeviceId> = hex32<DeviceId>()
/** Where files live. */
export const locationId: Field<LocationId> = hex32<LocationId>()
/** Hash of a block record. */
export const blockId: Field<BlockId> = hex32<BlockId>()
/** Hash of location, writer and device. */
export const journalId: Field<JournalId> = hex32<JournalId>()
/** Hash of a journal entry, all of its bytes. */
export const entryHash: Field<EntryHash> = hex32<EntryHash>()
/** Hash of a record, all of its bytes. */
export const recordHash: Field<RecordHash> = hex32<RecordHash>()

/** Hash of the revision before; null in the first. */
export const optionalRecordHash: Field<RecordHash | null> = optional(recordHash)

/** Milliseconds since the Unix epoch, not before it. */
export const timestamp: Field<number> = uint(8.64e15)
/** Revisions of a record count from 1; the first has no previous. */
export const revisionNumber: Field<number> = integer(1, Number.MAX_SAFE_INTEGER)
/** Generations of a location count from 1. */
export const generationNumber: Field<number> = integer(1, 2 ** 32 - 1)
/** A supplier position, from 0. */
export const position: Field<number> = uint(MAX_SUPPLIERS - 1)
/** Number of suppliers in a family. */
export const supplierCount: Field<number> = integer(2, MAX_SUPPLIERS)

/**
 * Canonical address of an identity document. Private hosts pass: whether to connect to one is decided by whoever
 * resolves it, with the settings of his network.
 */
export const idurl: Field<Idurl> = checked(text(512), (value) => parseIdurl(value, { allowPrivate: true }))

/** Peer id of a device: the text form of an Ed25519 key. */
export const peerId: Field<string> = checked(text(128), (value) => {
  deviceOfPeerId(value)
  return value
})

/** Ids are hex in memory, because map keys and logs want text, and 32 bytes on the wire. */
function hex32<T extends string>(): Field<T> {
  const wire = bytes(32)
  return {
    encode(value, path) {
      if (!/^[0-9a-f]{64}$/.test(value)) return invalid(path, 'expected 64 lower-case hex digits')
      return wire.encode(fromHex(value), path)
    },
    decode: (value, path) => toHex(wire.decode(value, path)) as T,
  }
}

/** Text that a parser of names accepts and leaves as it is, so that one name has one form. */
export function checked<T extends string>(field: Field<string>, parse: (value: string) => T): Field<T> {
  function check(value: string, path: string): T {
    let parsed: T
    try {
      parsed = parse(value)
    } catch (cause) {
      return invalid(path, cause instanceof Error ? cause.message : 'malformed', cause)
    }
    return parsed === value ? parsed : invalid(path, 'not in its canonical form')
  }
  return {
    encode: (value, path) => field.encode(check(value, path), path),
    decode: (value, path) => check(field.decode(value, path), path),
  }
}
