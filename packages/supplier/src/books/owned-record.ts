import type { RsaPublicKey } from '@bitdust/crypto'
import {
  familyRecord,
  headerRecord,
  membersRecord,
  type Opened,
  type RecordKind,
  type Revisioned,
} from '@bitdust/records'
import type { StoredRecordKind } from '../protocol/records.ts'
import type { RecordPlace } from './record-book.ts'

/** A record of an owner, whatever its kind. */
export interface OwnedRecord {
  readonly opened: Opened<Revisioned>
  /** Where it belongs. */
  readonly place: RecordPlace
  /** @throws {RecordError} `SignatureInvalid` unless the record names this key's owner as its own, and the key signed it. */
  verify(key: RsaPublicKey): Promise<void>
}

/** Reads a record. @throws {RecordError} `LimitExceeded`, `VersionUnsupported`, `RecordInvalid`. */
export function openOwnedRecord(kind: StoredRecordKind, bytes: Uint8Array): OwnedRecord {
  return openers[kind](bytes)
}

const openers = {
  family: opener(familyRecord, () => ({ kind: 'family' })),
  header: opener(headerRecord, ({ location }) => ({ kind: 'header', location })),
  members: opener(membersRecord, ({ location }) => ({ kind: 'members', location })),
}

function opener<T extends Revisioned>(
  record: RecordKind<T, 'owner'>,
  placeOf: (body: T) => RecordPlace,
): (bytes: Uint8Array) => OwnedRecord {
  return (bytes) => {
    const opened = record.open(bytes)
    return { opened, place: placeOf(opened.body), verify: (key) => record.verify(opened, 'owner', key) }
  }
}
