import { decryptBlock, type Fingerprint } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import type { Coder } from '@bitdust/raid'
import type { BlockId, FamilyPosition, Layout } from '@bitdust/records'
import { decodeBlockForm, decodeCiphertext, isUpkeepError, positionOf, type UpkeepError } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import { codeOf } from '../failure.ts'
import { handledLater } from '../handled-later.ts'
import type { Journals } from '../journal/types.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'
import { createAnswerTimes } from './answer-times.ts'
import { createSlowPeers } from './slow-peers.ts'
import { verifiedLayout, type WantedBlock } from './verified-layout.ts'

/** A supplier gave something else than what it holds a receipt for. */
export interface FragmentProblem {
  readonly location: Location
  readonly block: BlockId
  readonly position: number
  /** `FragmentCorrupt`, `FragmentStale`, `FragmentMissing` or `RecordInvalid`. */
  readonly code: string
}

export interface BlockFetcherOptions {
  readonly remotes: Pick<RemoteSuppliers, 'getFragment'>
  readonly journals: Pick<Journals, 'isAuthor'>
  readonly coder: Coder
  readonly clock: Clock
  readonly onProblem: (problem: FragmentProblem) => void
}

/** Fetches a block and opens it. */
export type FetchBlock = (
  location: Location,
  block: BlockId,
  /** The block's content key. */
  key: Uint8Array,
  options: CallOptions,
) => Promise<Uint8Array>

/**
 * Makes the function that fetches blocks. Data fragments come first, of suppliers that answer: with all of them nothing
 * has to be decoded. Layout, fragments, ciphertext and plaintext are each verified before the next step.
 */
export function createBlockFetcher({ remotes, journals, coder, clock, onProblem }: BlockFetcherOptions): FetchBlock {
  const slow = createSlowPeers(clock)
  const times = createAnswerTimes()

  return async (location, block, key, { signal }) => {
    const { body: family } = await location.family({ signal })
    const wanted = { location, block, n: family.n }
    const isLikely = (position: number) =>
      location.online(position) && !slow.isSlow(family.positions[position]!.fingerprint)
    const order = askingOrder(family.n, isLikely)
    const over = new AbortController()
    const asking = AbortSignal.any([signal, over.signal])
    const asked = new Map<number, Promise<Answer | null>>()
    const waiting = new Set<Fingerprint>()

    function ask(index: number): Promise<Answer | null> {
      const known = asked.get(index)
      if (known !== undefined) return known
      const position = positionOf(index, family.n)
      const answer = handledLater(askSupplier(family.positions[position]!, index, asking))
      asked.set(index, answer)
      return answer
    }

    async function askSupplier(peer: FamilyPosition, index: number, taskSignal: AbortSignal): Promise<Answer | null> {
      const position = positionOf(index, family.n)
      const isData = index < family.n
      waiting.add(peer.fingerprint)
      const from = clock.monotonic()
      try {
        const found = await remotes.getFragment(
          peer,
          {
            customer: location.owner,
            location: location.id,
            block,
            n: family.n,
            position,
            want: isData ? 'data' : 'parity',
          },
          { signal: taskSignal },
        )
        if (found === null) return null
        times.add(clock.monotonic() - from)
        return { layout: found.layout, fragment: (isData ? found.data : found.parity) ?? null }
      } catch (error) {
        const code = codeOf(error)
        // Signed by the supplier, both: fragments of something else, or an answer that is none.
        if (code === 'FragmentCorrupt' || code === 'PacketMalformed') onProblem({ location, block, position, code })
        if (!taskSignal.aborted) slow.avoid(peer.fingerprint)
        throw error
      } finally {
        waiting.delete(peer.fingerprint)
      }
    }

    try {
      // The first wave brings the layout and, mostly, all fragments that it takes.
      for (const index of order.slice(0, family.n)) void ask(index)
      const layout = await firstLayout(order, ask, wanted)
      const ciphertext = await decodeCiphertext({
        coder,
        clock,
        layout,
        signal,
        hedgeMs: times.patienceMs(),
        prefer: order,
        fetch: async (index) => (await ask(index))?.fragment ?? null,
        onCulprit: (index, code) => onProblem({ location, block, position: positionOf(index, family.n), code }),
      })
      return await decodeBlockForm(await decryptBlock(key, ciphertext))
    } catch (error) {
      throw isUpkeepError(error, 'NotEnoughFragments') ? shortage(error) : error
    } finally {
      // Nobody is asked without need: whoever has not answered by now was too slow, and others were asked instead.
      if (!signal.aborted) for (const peer of waiting) slow.avoid(peer)
      over.abort()
    }
  }

  /** The first layout that verifies, from whoever answers; those that do not are named. */
  async function firstLayout(
    order: readonly number[],
    ask: (index: number) => Promise<Answer | null>,
    wanted: WantedBlock,
  ): Promise<Layout> {
    const { location, block, n } = wanted
    const failures: unknown[] = []

    async function layoutFrom(index: number): Promise<Layout> {
      const answer = await ask(index)
      if (answer === null) throw new CustomerError('NotFound', 'the supplier does not have it', { subject: block })
      try {
        return await verifiedLayout(answer.layout, wanted, journals)
      } catch (error) {
        const code = codeOf(error)
        const isStatement = code === 'FragmentCorrupt' || code === 'FragmentStale'
        onProblem({ location, block, position: positionOf(index, n), code: isStatement ? code : 'RecordInvalid' })
        throw error
      }
    }

    // All of the first wave at once; each of the others when all before it have failed. Parity is at the same suppliers,
    // so only positions that were not asked yet can know more.
    for (const wave of wavesOf(order, n)) {
      try {
        return await Promise.any(wave.map(layoutFrom))
      } catch (error) {
        failures.push(...(error instanceof AggregateError ? error.errors : [error]))
      }
    }
    const missing = Array.from({ length: 2 * n }, (_, index) => index)
    throw new CustomerError('NotEnoughFragments', `block ${block}: no supplier gave a valid layout`, {
      cause: new AggregateError(failures),
      have: 0,
      need: n,
      missing,
      subject: block,
      retryable: true,
    })
  }
}

/** What is missing is worth telling: the same error as one of ours. */
function shortage(cause: UpkeepError): CustomerError {
  const { message, have = 0, need = 0, missing = [], subject } = cause
  const state = { have, need, missing, retryable: true, cause }
  return new CustomerError('NotEnoughFragments', message, subject === undefined ? state : { ...state, subject })
}

interface Answer {
  readonly layout: Uint8Array
  readonly fragment: Uint8Array | null
}

/** Indexes of fragments: Data of suppliers that are online, their Parity, then the others, who are asked if need be. */
function askingOrder(n: number, online: (position: number) => boolean): readonly number[] {
  const positions = Array.from({ length: n }, (_, position) => position)
  const likely = positions.filter(online)
  const others = positions.filter((position) => !likely.includes(position))
  return [likely, others].flatMap((group) => [...group, ...group.map((position) => n + position)])
}

/** The first n, then one after another, each supplier once. */
function wavesOf(order: readonly number[], n: number): readonly (readonly number[])[] {
  const first = order.slice(0, n)
  const seen = new Set(first.map((index) => positionOf(index, n)))
  const later = order.slice(n).filter((index) => {
    const position = positionOf(index, n)
    if (seen.has(position)) return false
    seen.add(position)
    return true
  })
  return [first, ...later.map((index) => [index])]
}
