import type { Fingerprint, RsaPublicKey } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import {
  type Header,
  headerRecord,
  type JournalId,
  type LocationId,
  type Members,
  membersRecord,
  type Opened,
} from '@bitdust/records'
import { codeOf } from '../failure.ts'
import { newerRecord, openLocationRecord } from '../locations/fetch-record.ts'
import type { CallOptions, RemoteSuppliers, StoredJournalHead } from '../ports.ts'

/** Entries, and bytes of them, that go to a supplier at once. */
const BATCH_ENTRIES = 256
const BATCH_BYTES = 1024 * 1024

export interface CopyRecordsOptions extends CallOptions {
  /** Our own fingerprint and key: what is copied is ours. */
  readonly customer: Fingerprint
  readonly ownerKey: RsaPublicKey
  readonly remotes: RemoteSuppliers
  /** Suppliers that are asked what there is. */
  readonly sources: readonly PeerRef[]
  /** Suppliers that are brought up to date; may be among the sources. */
  readonly targets: readonly PeerRef[]
}

/** How the copying went. */
export interface CopyOutcome {
  /** Sources that told all they have. */
  readonly answered: number
  /** What went wrong at targets, by fingerprint. A target which is not in here has everything that the sources have. */
  readonly failed: ReadonlyMap<Fingerprint, unknown>
}

/** What one supplier keeps of one location, unverified. */
interface Holding {
  readonly peer: PeerRef
  readonly header: Opened<Header> | null
  readonly members: Opened<Members> | null
  readonly heads: ReadonlyMap<JournalId, StoredJournalHead>
}

/**
 * Copies headers, member lists and journals of all our locations to suppliers that lack them: to new ones, and to those
 * which come back from offline. Suppliers verify what they are given, and so do we before we pass a record on.
 */
export async function copyRecords(options: CopyRecordsOptions): Promise<CopyOutcome> {
  const { customer, remotes, sources, targets, signal } = options
  const failed = new Map<Fingerprint, unknown>()
  const silent = new Set<Fingerprint>()
  const locations = new Set<LocationId>()
  await each(
    sources,
    async (peer) => {
      for (const location of await remotes.listLocations(peer, { customer }, { signal })) locations.add(location)
    },
    (peer) => silent.add(peer.fingerprint),
  )

  for (const location of [...locations].sort()) {
    const holdings: Holding[] = []
    const asked = [
      ...sources,
      ...targets.filter((target) => !sources.some(({ fingerprint }) => fingerprint === target.fingerprint)),
    ]
    await each(
      asked,
      async (peer) => {
        holdings.push(await holdingOf(peer, location, options))
      },
      (peer, error) => {
        silent.add(peer.fingerprint)
        if (targets.some(({ fingerprint }) => fingerprint === peer.fingerprint)) failed.set(peer.fingerprint, error)
      },
    )
    signal.throwIfAborted()
    const reached = targets.filter(({ fingerprint }) => !failed.has(fingerprint))
    await each(
      reached,
      (target) => bringUpToDate(target, location, holdings, options),
      (target, error) => {
        failed.set(target.fingerprint, error)
      },
    )
  }
  signal.throwIfAborted()
  return { answered: sources.filter(({ fingerprint }) => !silent.has(fingerprint)).length, failed }
}

/** Does something for all peers side by side; a failure of one is told to `onFailure` and stops nobody else. */
async function each(
  peers: readonly PeerRef[],
  work: (peer: PeerRef) => Promise<void>,
  onFailure: (peer: PeerRef, error: unknown) => void,
): Promise<void> {
  await Promise.all(peers.map((peer) => work(peer).catch((error) => onFailure(peer, error))))
}

async function holdingOf(
  peer: PeerRef,
  location: LocationId,
  { customer, ownerKey, remotes, signal }: CopyRecordsOptions,
): Promise<Holding> {
  const [header, members, heads] = await Promise.all([
    remotes.getRecord(peer, { customer, kind: 'header', location }, { signal }),
    remotes.getRecord(peer, { customer, kind: 'members', location }, { signal }),
    remotes.journalHeads(peer, { customer, location }, { signal }),
  ])
  return {
    peer,
    header: await openLocationRecord(headerRecord, header, { location, ownerKey }),
    members: await openLocationRecord(membersRecord, members, { location, ownerKey }),
    heads: new Map(heads.map((head) => [head.journal, head])),
  }
}

async function bringUpToDate(
  target: PeerRef,
  location: LocationId,
  holdings: readonly Holding[],
  options: CopyRecordsOptions,
): Promise<void> {
  const { customer, remotes, signal } = options
  const own = holdings.find(({ peer }) => peer.fingerprint === target.fingerprint)
  const header = holdings.map((holding) => holding.header).reduce(newerRecord, null)
  const members = holdings.map((holding) => holding.members).reduce(newerRecord, null)
  // The header first: a supplier takes nothing for a location of which it knows nothing.
  if (header !== null && isNewer(header, own?.header ?? null))
    await remotes.putRecord(target, { customer, kind: 'header', record: header.bytes }, { signal })
  if (members !== null && isNewer(members, own?.members ?? null))
    await remotes.putRecord(target, { customer, kind: 'members', record: members.bytes }, { signal })
  for (const journal of new Set(holdings.flatMap(({ heads }) => [...heads.keys()])))
    await copyJournal(target, location, journal, own?.heads.get(journal)?.sequence ?? -1, holdings, options)
}

function isNewer(a: Opened<{ readonly revision: number }>, b: Opened<{ readonly revision: number }> | null): boolean {
  return b === null || a.body.revision > b.body.revision
}

/** Appends what is missing behind `last`, from whoever has the longest copy; from the next one when that fails. */
async function copyJournal(
  target: PeerRef,
  location: LocationId,
  journal: JournalId,
  last: number,
  holdings: readonly Holding[],
  options: CopyRecordsOptions,
): Promise<void> {
  const { customer, remotes, signal } = options
  const reachOf = (holding: Holding) => holding.heads.get(journal)?.sequence ?? -1
  const holders = holdings.filter((holding) => reachOf(holding) > last).sort((a, b) => reachOf(b) - reachOf(a))
  let next = last + 1
  let refusal: unknown = null

  async function append(entries: readonly Uint8Array[]): Promise<void> {
    try {
      await remotes.appendJournal(target, { customer, location, entries, backfill: true }, { signal })
      refusal = null
      next += entries.length
    } catch (error) {
      refusal = error
      throw error
    }
  }

  for (const holder of holders) {
    if (reachOf(holder) < next) break
    try {
      const query = { customer, location, journal, from: next }
      for await (const entries of batches(remotes.getJournal(holder.peer, query, { signal }))) await append(entries)
    } catch {
      signal.throwIfAborted()
    }
  }
  // Entries that do not fit are those of a fork, or made up by the holder: nothing that the target lacks.
  if (refusal !== null && codeOf(refusal) !== 'RecordInvalid') throw refusal
}

async function* batches(entries: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Uint8Array[]> {
  let batch: Uint8Array[] = []
  let bytes = 0
  for await (const entry of entries) {
    if (batch.length === BATCH_ENTRIES || (batch.length > 0 && bytes + entry.length > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(entry)
    bytes += entry.length
  }
  if (batch.length > 0) yield batch
}
