import { u32be } from '@bitdust/crypto'
import { MAX_JOURNAL_ENTRY_BYTES } from '@bitdust/records'
import { SupplierError } from '../errors.ts'
import { MAX_ENTRIES, MAX_ENTRIES_BYTES } from '../limits.ts'

// Journal entries in a body, one after another: bytes u32 BE · entry record
const LENGTH_BYTES = 4

/** Bytes that an entry takes in a body. */
export function framedSize(entry: Uint8Array): number {
  return LENGTH_BYTES + entry.length
}

/** Writes entries as the pieces of a body. */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array[] {
  return entries.flatMap((entry) => [u32be(entry.length), entry])
}

/**
 * Reads the entries of a body.
 *
 * @returns Views on `body`.
 * @throws {SupplierError} `PacketMalformed`; `LimitExceeded` for too many entries.
 */
export function decodeEntries(body: Uint8Array): Uint8Array[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const entries: Uint8Array[] = []
  for (let offset = 0; offset < body.length; ) {
    if (entries.length === MAX_ENTRIES) throw new SupplierError('LimitExceeded', `more than ${MAX_ENTRIES} entries`)
    const start = offset + LENGTH_BYTES
    const length = start <= body.length ? view.getUint32(offset) : Number.POSITIVE_INFINITY
    if (length > MAX_JOURNAL_ENTRY_BYTES || start + length > body.length)
      throw new SupplierError('PacketMalformed', `entry ${entries.length} does not end inside the body`)
    entries.push(body.subarray(start, start + length))
    offset = start + length
  }
  return entries
}

/** Cuts entries into groups, each of which fits one packet. */
export function* inPackets(entries: readonly Uint8Array[]): Generator<Uint8Array[], void, undefined> {
  let group: Uint8Array[] = []
  let size = 0
  for (const entry of entries) {
    if (group.length === MAX_ENTRIES || (group.length > 0 && size + framedSize(entry) > MAX_ENTRIES_BYTES)) {
      yield group
      group = []
      size = 0
    }
    group.push(entry)
    size += framedSize(entry)
  }
  if (group.length > 0) yield group
}
