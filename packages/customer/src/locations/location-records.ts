import type { RsaPublicKey } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import type { LocationId, Opened } from '@bitdust/records'
import { readQuorum, storeQuorum } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import type { OpenedFamily } from '../family/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'
import {
  type FetchedRecord,
  fetchRecord,
  type LocationBody,
  type LocationRecord,
  newerRecord,
  openLocationRecord,
} from './fetch-record.ts'
import type { LocationBooks, LocationRecordKind } from './location-books.ts'
import { atSuppliers } from './quorum.ts'

/** Whose record, of which location. */
export interface RecordOwner {
  readonly location: LocationId
  readonly ownerKey: RsaPublicKey
}

/** And where it is. */
export interface RecordPlace extends RecordOwner {
  readonly family: OpenedFamily
  readonly online?: (position: number) => boolean
}

/** One kind of record of our locations: the ones in the own store, and those at suppliers. */
export interface LocationRecords<Body> {
  /** The newest that this device keeps, also one that too few suppliers have; null when there is none that verifies. */
  kept(owner: RecordOwner): Promise<Opened<Body> | null>
  /** What the suppliers have. */
  fetch(place: RecordPlace, options: CallOptions): Promise<FetchedRecord<Body>>
  /** The same; throws `Timeout` (retryable) when too few answered to be sure that it is the newest. */
  fetchEnough(place: RecordPlace, options: CallOptions): Promise<Opened<Body> | null>
  /**
   * Keeps a record here as sent and stores it at H suppliers, in this order; whether it counts here is for the caller.
   * Throws `UploadIncomplete`.
   */
  store(record: Opened<Body>, place: RecordPlace, options: CallOptions): Promise<void>
}

export interface LocationRecordsOptions<Body> {
  readonly kind: LocationRecordKind
  readonly record: LocationRecord<Body>
  readonly remotes: Pick<RemoteSuppliers, 'getRecord' | 'putRecord'>
  readonly clock: Clock
  readonly books: LocationBooks
}

export function createLocationRecords<Body extends LocationBody>({
  kind,
  record,
  remotes,
  clock,
  books,
}: LocationRecordsOptions<Body>): LocationRecords<Body> {
  function fetch(place: RecordPlace, options: CallOptions): Promise<FetchedRecord<Body>> {
    return fetchRecord({ ...place, ...options, kind, record, remotes, clock })
  }

  return {
    fetch,
    async kept(owner) {
      const counts = await openLocationRecord(record, await books.record(kind, owner.location), owner)
      return newerRecord(counts, await openLocationRecord(record, await books.sentRecord(kind, owner.location), owner))
    },
    async fetchEnough(place, options) {
      const { newest, enough } = await fetch(place, options)
      if (enough) return newest
      const need = readQuorum(place.family.body.n)
      throw new CustomerError('Timeout', `fewer than ${need} suppliers told which ${kind} they have`, {
        need,
        retryable: true,
        subject: place.location,
      })
    },
    async store(opened, { location, ownerKey, family, online }, { signal }) {
      await books.keepSentRecord(kind, location, opened.bytes)
      const customer = ownerKey.fingerprint
      await atSuppliers(
        family,
        storeQuorum(family.body.n),
        (peer, _, taskSignal) =>
          remotes.putRecord(peer, { customer, kind, record: opened.bytes }, { signal: taskSignal }),
        { signal, subject: `${kind} of ${location}`, ...(online === undefined ? {} : { online }) },
      )
    },
  }
}
