import { equalBytes, type RsaPublicKey } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import type { LocationId, Opened } from '@bitdust/records'
import { readQuorum } from '@bitdust/upkeep'
import type { OpenedFamily } from '../family/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'
import { gather } from './gather.ts'
import type { LocationRecordKind } from './location-books.ts'

/** A kind of record that names its owner's location and rises by revisions. */
export interface LocationRecord<Body> {
  open(bytes: Uint8Array): Opened<Body>
  verify(opened: Opened<Body>, role: 'owner', key: RsaPublicKey): Promise<void>
}

/** What a record of a location has to have. */
export interface LocationBody {
  readonly location: LocationId
  readonly revision: number
}

/** The record, or null for bytes that are none which `ownerKey` signed for this location. */
export async function openLocationRecord<Body extends LocationBody>(
  record: LocationRecord<Body>,
  bytes: Uint8Array | null,
  { location, ownerKey }: { readonly location: LocationId; readonly ownerKey: RsaPublicKey },
): Promise<Opened<Body> | null> {
  if (bytes === null) return null
  try {
    const opened = record.open(bytes)
    await record.verify(opened, 'owner', ownerKey)
    return opened.body.location === location ? opened : null
  } catch {
    return null
  }
}

/** The one with the higher revision; the first one when they are equal. */
export function newerRecord<Body extends { readonly revision: number }>(
  a: Opened<Body> | null,
  b: Opened<Body> | null,
): Opened<Body> | null {
  if (a === null || b === null) return a ?? b
  return b.body.revision > a.body.revision ? b : a
}

export interface FetchRecordOptions<Body> extends CallOptions {
  readonly kind: LocationRecordKind
  readonly record: LocationRecord<Body>
  readonly location: LocationId
  readonly ownerKey: RsaPublicKey
  readonly family: OpenedFamily
  readonly online?: (position: number) => boolean
  readonly remotes: Pick<RemoteSuppliers, 'getRecord'>
  readonly clock: Clock
}

/** The newest record that the suppliers have. */
export interface FetchedRecord<Body> {
  /** Null: none of those who answered has one. */
  readonly newest: Opened<Body> | null
  /** Whether a read quorum answered, so that nothing newer can have been acknowledged. */
  readonly enough: boolean
}

/** Asks the suppliers for a record of a location and takes the highest revision that verifies. */
export async function fetchRecord<Body extends LocationBody>(
  options: FetchRecordOptions<Body>,
): Promise<FetchedRecord<Body>> {
  const { kind, record, location, ownerKey, family, online, remotes, clock, signal } = options
  const customer = ownerKey.fingerprint
  const { done, enough } = await gather(
    family,
    readQuorum(family.body.n),
    (peer, _, taskSignal) => remotes.getRecord(peer, { customer, kind, location }, { signal: taskSignal }),
    { signal, clock, ...(online === undefined ? {} : { online }) },
  )
  let newest: Opened<Body> | null = null
  for (const bytes of done.values()) {
    // Mostly all have the same.
    if (bytes === null || (newest !== null && equalBytes(bytes, newest.bytes))) continue
    newest = newerRecord(newest, await openLocationRecord(record, bytes, { location, ownerKey }))
  }
  return { newest, enough }
}
