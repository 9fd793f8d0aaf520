import { isBitdustError } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import { type BlockId, type FlatContent, type LocationId, MAX_RELEASED } from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import type { Catalogs, OpenedCatalog } from '../catalog/catalogs.ts'
import { CustomerError } from '../errors.ts'
import type { Journals } from '../journal/types.ts'
import type { Location, Locations } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'
import type { ReuseIndex } from '../reuse/reuse-index.ts'
import { createTurns } from '../turns.ts'
import { freeBlocks } from './free-blocks.ts'
import { type ListedBlocks, listBlocks } from './list-blocks.ts'
import { planRelease } from './plan-release.ts'
import type { BlockSum, KeepPolicy, PruneReport } from './types.ts'
import { usedBlocks } from './used-blocks.ts'
import { createWasteBooks, type Waste } from './waste-books.ts'

const HOUR_MS = 3600 * 1000
const DAY_MS = 24 * HOUR_MS
/** How long nothing may have used a block before it is freed, in ms. Suppliers keep what is younger by themselves. */
const WAIT_MS = 7 * DAY_MS
/** Two looks lie at least this far apart on the monotonic clock, as far as one run of the program saw both (`threats.md` A18). */
const OBSERVE_MS = DAY_MS
/** How often waiting blocks are looked at, in ms. */
const FREE_EVERY_MS = DAY_MS
const DEFAULT_KEEP = 2

export interface PrunesOptions {
  readonly catalogs: Catalogs
  readonly journals: Pick<Journals, 'append'>
  readonly remotes: Pick<RemoteSuppliers, 'listFragments' | 'deleteBlocks'>
  readonly index: Pick<ReuseIndex, 'forget'>
  readonly store: KeyValueStore
  readonly clock: Clock
  /** Blocks that an upload of ours is just placing. */
  readonly inFlight: ReadonlySet<BlockId>
  readonly readContent: (location: Location, content: FlatContent, options: CallOptions) => Promise<Uint8Array>
  readonly locations: Pick<Locations, 'get' | 'list'>
}

/** Lets go of versions that nobody needs, and frees what they alone used. */
export interface Prunes {
  /**
   * Releases versions at a path and below; frees what has not been used by any version of the location for 7 days, and
   * notes what is not used since now. Whatever happens in between, the next call goes on where this one ended.
   *
   * @throws {CustomerError} `Unauthorized` unless we are the owner; `CatalogFreshnessUnknown` (retryable) when too few
   * suppliers answered to know all versions, or not all of them can be read here; nothing is freed then. Like `append`.
   */
  run(location: Location, path: string, options: KeepPolicy & CallOptions): Promise<PruneReport>
  /** Whether suppliers were asked to free a block: it is not to be repaired. */
  isFreed(block: BlockId): boolean
  /** Which of some blocks a version needs, as far as that is sure: of what cannot be told, all. */
  needed(blocks: readonly BlockId[], options: CallOptions): Promise<ReadonlySet<BlockId>>
  /** Remembers what an earlier run of the program began to free. */
  load(): Promise<void>
  /** Frees what waits from time to time, until the signal aborts. `onProblem` is told why it could not. */
  watch(onProblem: (error: unknown) => void, options: CallOptions): Promise<void>
}

export function createPrunes(options: PrunesOptions): Prunes {
  const { catalogs, journals, remotes, index, store, clock, inFlight, readContent, locations } = options
  const books = createWasteBooks(store)
  const turns = createTurns()
  const freed = new Set<BlockId>()
  /** When this run of the program first saw a block unused, in ms of the monotonic clock. */
  const seen = new Map<BlockId, number>()

  async function prune(location: Location, path: string, policy: KeepPolicy & CallOptions): Promise<PruneReport> {
    const { keep = DEFAULT_KEEP, olderThanMs = 0, signal } = policy
    if (!location.mine) throw new CustomerError('Unauthorized', `only the owner prunes ${location.alias}`)
    const { catalog } = await openAll(location, { signal })
    const before = olderThanMs === 0 ? Infinity : clock.now() - olderThanMs
    const puts = planRelease(catalog, { path, keep: Math.max(1, keep), before }).map(({ id }) => id)
    for (let from = 0; from < puts.length; from += MAX_RELEASED) {
      const payload = { kind: 'release', puts: puts.slice(from, from + MAX_RELEASED) } as const
      const family = await location.family({ signal })
      await journals.append(location, { payload, date: clock.now() }, { signal, family })
    }
    return { released: puts.length, ...(await free(location, { signal })) }
  }

  /** The catalog, when it is sure that nothing is missing in it. */
  async function openAll(location: Location, call: CallOptions): Promise<OpenedCatalog> {
    const opened = await catalogs.open(location, call)
    const { fresh, answered: have, need } = opened.report
    if (fresh && opened.complete) return opened
    const message = fresh
      ? `not every version in ${location.alias} can be read here`
      : `${have} of ${need} suppliers told which versions ${location.alias} has`
    throw new CustomerError('CatalogFreshnessUnknown', message, { have, need, subject: location.id, retryable: true })
  }

  async function usedIn(location: Location, call: CallOptions) {
    const { catalog, trees, report } = await openAll(location, call)
    const readList = (content: FlatContent) => readContent(location, content, call)
    return { used: await usedBlocks(catalog.puts(), { trees, readList, ...call }), report }
  }

  async function needed(blocks: readonly BlockId[], call: CallOptions): Promise<ReadonlySet<BlockId>> {
    const kept = new Set(blocks)
    for (const location of await locations.list()) {
      if (!location.mine) continue
      try {
        const listed = await listBlocks(location, { remotes, ...call })
        const own = blocks.filter((block) => listed.blocks.has(block))
        if (own.length === 0) continue
        const { used } = await usedIn(location, call)
        for (const block of own) if (!used.has(block)) kept.delete(block)
      } catch (error) {
        call.signal.throwIfAborted()
        if (!isBitdustError(error)) throw error
      }
    }
    return kept
  }

  async function free(location: Location, call: CallOptions): Promise<Omit<PruneReport, 'released'>> {
    const known = await books.load(location.id)
    // What is there is asked before what is used, so that nothing which comes in between is taken for unused.
    const listed = await listBlocks(location, { remotes, ...call })
    const { used, report } = await usedIn(location, call)
    const unused = [...listed.blocks.keys()].filter((block) => !used.has(block) && !inFlight.has(block))
    const wastes = await note(location.id, unused, { known, used, listed })

    const due = unused.filter((block) => isDue(block, wastes.get(block)!))
    const outcome = await freeDue(location, due, { wastes, listed, ...call })
    const left = unused.filter((block) => !outcome.gone.has(block))
    const dates = left.map((block) => wastes.get(block)!.since + WAIT_MS)
    return {
      freed: { blocks: outcome.gone.size, bytes: outcome.bytes },
      waiting: { ...sumOf(left, listed, outcome.bytesOf), from: least(dates), until: most(dates) },
      unreached: listed.unreached + outcome.failed,
      sync: report,
    }
  }

  /** Brings the books up to date: since when each unused block is unused. */
  async function note(
    location: LocationId,
    unused: readonly BlockId[],
    found: {
      readonly known: ReadonlyMap<BlockId, Waste>
      readonly used: ReadonlySet<BlockId>
      readonly listed: ListedBlocks
    },
  ): Promise<ReadonlyMap<BlockId, Waste>> {
    const { known, used, listed } = found
    const now = clock.now()
    const wastes = new Map<BlockId, Waste>()
    for (const block of unused) {
      const before = known.get(block)
      // A clock that went back since then does not make anybody wait for years.
      wastes.set(block, before === undefined || before.since > now ? { since: now, state: 'waiting' } : before)
      if (before === undefined) seen.set(block, clock.monotonic())
    }
    const isOver = (block: BlockId) => used.has(block) || (listed.unreached === 0 && !listed.blocks.has(block))
    const over = [...known.keys()].filter(isOver)
    for (const block of over) {
      seen.delete(block)
      freed.delete(block)
    }
    await books.remove(location, over)
    const changed = unused.filter((block) => known.get(block) !== wastes.get(block))
    await books.put(location, changed, (block) => wastes.get(block)!)
    return wastes
  }

  function isDue(block: BlockId, { since }: Waste): boolean {
    const first = seen.get(block)
    return clock.now() >= since + WAIT_MS && (first === undefined || clock.monotonic() >= first + OBSERVE_MS)
  }

  async function freeDue(
    location: Location,
    due: readonly BlockId[],
    { wastes, listed, signal }: CallOptions & { wastes: ReadonlyMap<BlockId, Waste>; listed: ListedBlocks },
  ) {
    // In this order a crash leaves nothing that would be repaired or reused, and nothing that is forgotten.
    await books.put(location.id, due, (block) => ({ since: wastes.get(block)!.since, state: 'freeing' }))
    for (const block of due) freed.add(block)
    if (due.length > 0) await index.forget(location.id, due)
    const outcome = await freeBlocks(location, due, { remotes, listed, signal })
    const done = listed.unreached === 0 ? [...outcome.gone] : []
    await books.remove(location.id, done)
    for (const block of done) seen.delete(block)
    return outcome
  }

  async function freeWaiting(onProblem: (error: unknown) => void, { signal }: CallOptions): Promise<void> {
    for (const id of await books.locations()) {
      try {
        const location = await locations.get(id)
        if (location?.mine === true) await turns.take(id, () => free(location, { signal }))
      } catch (error) {
        signal.throwIfAborted()
        onProblem(error)
      }
    }
  }

  return {
    run: (location, path, policy) => turns.take(location.id, () => prune(location, path, policy)),
    isFreed: (block) => freed.has(block),
    needed,
    async load() {
      for (const id of await books.locations())
        for (const [block, { state }] of await books.load(id)) if (state === 'freeing') freed.add(block)
    },
    async watch(onProblem, { signal }) {
      while (!signal.aborted) {
        await clock.sleep(FREE_EVERY_MS, signal).catch(() => {})
        if (!signal.aborted) await freeWaiting(onProblem, { signal }).catch(onProblem)
      }
    },
  }
}

function sumOf(blocks: readonly BlockId[], listed: ListedBlocks, freedBytes: (block: BlockId) => number): BlockSum {
  const bytes = blocks.reduce((sum, block) => sum + (listed.blocks.get(block)?.bytes ?? 0) - freedBytes(block), 0)
  return { blocks: blocks.length, bytes }
}

function least(numbers: readonly number[]): number | null {
  return numbers.reduce<number | null>((found, one) => (found === null || one < found ? one : found), null)
}

function most(numbers: readonly number[]): number | null {
  return numbers.reduce<number | null>((found, one) => (found === null || one > found ? one : found), null)
}
