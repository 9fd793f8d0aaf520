import type { Fingerprint } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import type { Candidate } from '@bitdust/upkeep'
import PQueue from 'p-queue'
import type { CallOptions, RemoteSuppliers, SupplierFinder } from '../ports.ts'

/** Candidates that are asked for an offer at the same time. */
const CONCURRENCY = 8
/** Most candidates that are asked in one search. */
const MAX_ASKED = 512
/** After this long a search ends with what it has, in ms. */
const SEARCH_LIMIT_MS = 60_000
/** Shortest contract that is worth making, in ms: 30 days. */
const MIN_CONTRACT_MS = 30 * 24 * 3600 * 1000

/** Somebody who says that he has room for us. */
export interface SupplierOffer extends Candidate {
  readonly addresses: readonly string[]
  /** Latest end of a contract, in ms since the Unix epoch. */
  readonly until: number
  /** Named by the user: hired before all others. */
  readonly preferred: boolean
}

export interface FindOptions extends CallOptions {
  readonly remotes: Pick<RemoteSuppliers, 'offer'>
  readonly finder: SupplierFinder
  readonly clock: Clock
  /** Ourselves and the suppliers that we have. */
  readonly exclude: ReadonlySet<Fingerprint>
  readonly preferred: readonly PeerRef[]
  /** How many are needed. About twice as many are looked for, so that there is a choice. */
  readonly count: number
  /** Bytes that each has to grant. */
  readonly bytes: number
}

/**
 * Looks for nodes which have room: asks the preferred ones and then those whom the finder meets for a signed offer.
 *
 * @returns Those who have enough, preferred ones first and in their order; maybe fewer than `count`. Nobody twice.
 * @throws The signal's reason when it aborts.
 */
export async function findSuppliers(options: FindOptions): Promise<readonly SupplierOffer[]> {
  const { finder, clock, exclude, preferred, count, signal } = options
  const enough = new AbortController()
  const searching = AbortSignal.any([signal, enough.signal])
  const found = new Map<Fingerprint, SupplierOffer>()
  const asked = new Set<Fingerprint>(exclude)
  const queue = new PQueue({ concurrency: CONCURRENCY })

  function ask(peer: PeerRef, addresses: readonly string[], isPreferred: boolean): void {
    if (asked.has(peer.fingerprint)) return
    asked.add(peer.fingerprint)
    void queue.add(async () => {
      const offer = await willingness(peer, options, searching)
      if (offer !== null)
        found.set(peer.fingerprint, { ...peer, addresses, until: offer.until, preferred: isPreferred })
      if (found.size >= 2 * count) enough.abort()
    })
  }

  const limit = clock.sleep(SEARCH_LIMIT_MS, searching).then(
    () => enough.abort(),
    () => {},
  )
  for (const peer of preferred) ask(peer, [], true)
  await queue.onIdle()
  try {
    for await (const { peer, addresses } of finder.candidates({ signal: searching, exclude: asked })) {
      if (searching.aborted || asked.size - exclude.size >= MAX_ASKED) break
      ask(peer, addresses, false)
      await queue.onSizeLessThan(CONCURRENCY)
    }
  } catch (error) {
    if (!searching.aborted && found.size < count) throw error
  }
  await queue.onIdle()
  enough.abort()
  await limit
  signal.throwIfAborted()
  const order = (offer: SupplierOffer) =>
    offer.preferred ? preferred.findIndex((one) => one.fingerprint === offer.fingerprint) : preferred.length
  return [...found.values()].sort((a, b) => order(a) - order(b))
}

/** The end of the contract that this node would make, or null: it has no room, or cannot be asked. */
async function willingness(
  peer: PeerRef,
  { remotes, clock, bytes }: FindOptions,
  signal: AbortSignal,
): Promise<{ readonly until: number } | null> {
  try {
    const { peerId, freeBytes, until } = (await remotes.offer(peer, { signal })).body
    const suits = peerId === peer.peerId && freeBytes >= bytes && until >= clock.now() + MIN_CONTRACT_MS
    return suits ? { until } : null
  } catch {
    // Most nodes are no suppliers, or gone: that is what looking around is for.
    return null
  }
}
