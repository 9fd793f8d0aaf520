import type { Fingerprint } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { type EntryHash, type JournalId, journalIdOf } from '@bitdust/records'
import PQueue from 'p-queue'
import { CustomerError, isCustomerError } from '../errors.ts'
import { codeOf } from '../failure.ts'
import type { OpenedFamily } from '../family/types.ts'
import { gather } from '../locations/gather.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers, StoredJournalHead } from '../ports.ts'
import { fetchEntries } from './fetch-entries.ts'
import { freshQuorum } from './fresh-quorum.ts'
import type { JournalBooks } from './journal-books.ts'
import type { JournalTree } from './journal-tree.ts'
import type { SyncReport } from './types.ts'

/** Journals that are read at the same time. */
const CONCURRENCY = 4

export interface SyncOptions extends CallOptions {
  readonly location: Location
  readonly remotes: RemoteSuppliers
  readonly tree: JournalTree
  readonly books: JournalBooks
  readonly clock: Clock
  /** Asks for newer headers and member lists of the location. */
  readonly refresh: (location: Location, options: CallOptions) => Promise<void>
}

/** What the suppliers' copies of all journals were when they were asked, by fingerprint of the supplier. */
export type HeadsBySupplier = ReadonlyMap<Fingerprint, ReadonlyMap<JournalId, StoredJournalHead>>

export interface SyncOutcome {
  readonly report: SyncReport
  readonly heads: HeadsBySupplier
  /** Who was asked; null when nobody could be. */
  readonly family: OpenedFamily | null
  /** Why too few answered, when it is for want of the newest key; else null. */
  readonly refusal: CustomerError | null
}

/** Asks all suppliers where their copies of the journals end and takes over the entries that are not known yet. */
export async function syncJournals(options: SyncOptions): Promise<SyncOutcome> {
  const { location, remotes, tree, clock, signal } = options
  const family = await familyOf(location, { signal })
  if (family === null) {
    const report = { fresh: false, answered: 0, need: 1, problems: [] }
    return { report, heads: new Map(), family, refusal: null }
  }

  const need = freshQuorum(family.body.n)
  const query = { customer: location.owner, location: location.id }
  const { done, failed, enough } = await gather(
    family,
    need,
    (peer, _, taskSignal) => remotes.journalHeads(peer, query, { signal: taskSignal }),
    { signal, clock, online: location.online },
  )
  const answers = [...done].map(([position, heads]) => ({ peer: family.body.positions[position]!, heads }))
  const problems: CustomerError[] = []
  const copies = await copiesOf(answers, options, problems, family.body.n)
  const ends = new Map(tree.journals().map((journal) => [journal, tree.tips(journal).length]))
  if (enough) problems.push(...rollbacks(tree, copies))
  const refusal = enough ? null : refusalOf(location, failed)
  if (refusal !== null) problems.push(refusal)

  const unread = new Set<EntryHash>()
  const queue = new PQueue({ concurrency: CONCURRENCY })
  await queue.addAll(
    [...copies].map(
      ([journal, held]) =>
        () =>
          catchUp(journal, held, options, { problems, unread }),
    ),
  )
  signal.throwIfAborted()
  problems.push(...forks(tree, ends))

  const heads = new Map(
    answers.map(({ peer, heads: stored }) => [peer.fingerprint, new Map(stored.map((head) => [head.journal, head]))]),
  )
  // What nobody could be made to give may be anything.
  const fresh = enough && [...unread].every((hash) => tree.has(hash))
  return { report: { fresh, answered: done.size, need, problems }, heads, family, refusal }
}

function refusalOf({ id, alias }: Location, failed: ReadonlyMap<number, unknown>): CustomerError | null {
  if (![...failed.values()].some((error) => codeOf(error) === 'KeyRevoked')) return null
  return new CustomerError('KeyRevoked', `the key of ${alias} was replaced by one that is not here`, { subject: id })
}

/** Null: nobody to ask at the moment. */
async function familyOf(location: Location, options: CallOptions): Promise<OpenedFamily | null> {
  try {
    return await location.family(options)
  } catch (error) {
    if (isCustomerError(error) && error.retryable) return null
    throw error
  }
}

interface Answer {
  readonly peer: PeerRef
  readonly heads: readonly StoredJournalHead[]
}

/** Somebody's copy of a journal. */
interface Copy {
  readonly peer: PeerRef
  readonly head: StoredJournalHead
}

/** Who has which journal, of writers that count; the longest copies first. */
async function copiesOf(
  answers: readonly Answer[],
  { location, refresh, signal }: SyncOptions,
  problems: CustomerError[],
  n: number,
): Promise<ReadonlyMap<JournalId, readonly Copy[]>> {
  const copies: Copy[] = []
  for (const { peer, heads } of answers) {
    for (const head of heads) {
      const { writer, device, epoch } = head
      if (journalIdOf({ location: location.id, writer, device, epoch }) === head.journal) copies.push({ peer, head })
      else
        problems.push(
          new CustomerError('RecordInvalid', `${peer.idurl} lists a journal under a wrong id`, {
            culprit: peer.fingerprint,
            subject: head.journal,
          }),
        )
    }
  }
  // A writer whom we do not know may have become a member since we last looked. One more look is enough.
  if (copies.some(({ head }) => !location.mayWrite(head.writer)))
    await refresh(location, { signal }).catch(() => signal.throwIfAborted())
  problems.push(
    ...ofStrangers(
      copies.filter(({ head }) => !location.mayWrite(head.writer)),
      n,
    ),
  )
  return Map.groupBy(
    copies.filter(({ head }) => location.mayWrite(head.writer)).sort((a, b) => b.head.sequence - a.head.sequence),
    ({ head }) => head.journal,
  )
}

/**
 * Journals of people who are not known to have had the right to write. Suppliers made them up, or took them when the
 * writers had it, before this device knew the location: so more than the floor(n/4) who may lie would say (`threats.md` A5).
 */
function ofStrangers(copies: readonly Copy[], n: number): readonly CustomerError[] {
  const holders = Map.groupBy(copies, ({ head }) => head.journal)
  return [...holders].flatMap(([journal, held]) => {
    if (new Set(held.map(({ peer }) => peer.fingerprint)).size <= Math.floor(n / 4)) return []
    const message = `this device cannot tell whether the writer of journal ${journal} ever had the right to write here`
    return [new CustomerError('CatalogFreshnessUnknown', message, { subject: journal })]
  })
}

/** Reads whatever some supplier has beyond what is known, from one after another. */
async function catchUp(
  journal: JournalId,
  copies: readonly Copy[],
  options: SyncOptions,
  { problems, unread }: { readonly problems: CustomerError[]; readonly unread: Set<EntryHash> },
): Promise<void> {
  for (const { peer, head } of copies) {
    if (options.tree.has(head.hash)) continue
    try {
      await fetchEntries({ ...options, journal, peer })
    } catch (error) {
      options.signal.throwIfAborted()
      // A supplier that is gone in the middle is nobody's fault; the others have the same entries.
      if (isCustomerError(error)) problems.push(error)
      else if (codeOf(error) === null) throw error
      else unread.add(head.hash)
    }
  }
}

/** Journals of which everybody shows less than we have seen. Ours stay as they are (`threats.md` A5). */
function rollbacks(tree: JournalTree, copies: ReadonlyMap<JournalId, readonly Copy[]>): readonly CustomerError[] {
  return tree.journals().flatMap((journal) => {
    const seen = tree.tips(journal).find(({ hash }) => !tree.isPending(hash))
    const shown = copies.get(journal)?.[0]?.head.sequence ?? -1
    if (seen === undefined || shown >= seen.sequence) return []
    const message = `the suppliers show ${shown + 1} entries of journal ${journal}, there were ${seen.sequence + 1}`
    return [new CustomerError('CatalogRollback', message, { subject: journal })]
  })
}

/** Journals that turned out to have more ends than `before`, when it was one for each that was known. */
function forks(tree: JournalTree, before: ReadonlyMap<JournalId, number>): readonly CustomerError[] {
  return tree.journals().flatMap((journal) => {
    const ends = tree.tips(journal).length
    if (ends <= (before.get(journal) ?? 1)) return []
    const message = `journal ${journal} has ${ends} ends; all of them are kept and merged`
    return [new CustomerError('CatalogFork', message, { subject: journal })]
  })
}
