import { randomBytes } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import { type Coder, isSupplierCount, type SupplierCount } from '@bitdust/raid'
import { type BlockId, layoutRecord } from '@bitdust/records'
import { codedSize, type EncodedBlock, encodeBlockForm, fragmentsOf, sealAndEncode, storeQuorum } from '@bitdust/upkeep'
import PQueue from 'p-queue'
import { CustomerError, isCustomerError } from '../errors.ts'
import { codeOf } from '../failure.ts'
import type { OpenedFamily } from '../family/types.ts'
import { handledLater } from '../handled-later.ts'
import { atSuppliers, type SupplierOutcome } from '../locations/quorum.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'
import type { ReuseIndex } from '../reuse/reuse-index.ts'
import type { FilledBlock, SealedBlock } from './block-packer.ts'
import { createFragmentRooms } from './fragment-rooms.ts'
import type { UploadMeasure } from './stages.ts'

/** Blocks that are sealed and sent at the same time, over all puts. */
const MAX_IN_FLIGHT = 3
/** Blocks which H suppliers have and slower ones are still receiving; a supplier takes 8 writes of a customer at once. */
const MAX_TRAILING = 4
/** How long the next block waits for the slowest supplier of an earlier one before that is given up, in ms. */
const TRAILING_MS = 10_000
/** A supplier that has too much to do is asked again so often, each time after this many more ms. */
const BUSY_ATTEMPTS = 6
const BUSY_PAUSE_MS = 150

export interface BlockSenderOptions {
  readonly self: Self
  readonly remotes: Pick<RemoteSuppliers, 'putFragments'>
  readonly index: Pick<ReuseIndex, 'begin' | 'stored'>
  readonly coder: Coder
  readonly clock: Clock
  readonly measure: UploadMeasure
}

/** A block on its way to the suppliers. */
export interface SentBlock {
  readonly id: BlockId
  /** The family for which it was coded. */
  readonly family: OpenedFamily
  /** Bytes of both fragments of one position. */
  readonly positionBytes: number
  /** Resolves when H suppliers have it, and the index knows. Rejects with `UploadIncomplete` or `QuotaExceeded`. */
  readonly placed: Promise<void>
  /** How it went at all suppliers; resolves after `placed`, never rejects. */
  readonly rest: Promise<SupplierOutcome<void>>
}

/** A block that is being sealed. */
export interface SubmittedBlock {
  readonly sealed: Promise<SealedBlock>
  readonly sent: Promise<SentBlock>
}

/** Seals blocks and sends their fragments; one for all puts of a customer, so that together they stay within bounds. */
export interface BlockSender {
  /** Waits until there is room for another block, then begins with it. The block is released in any case. */
  submit(location: Location, block: FilledBlock, options: CallOptions): Promise<SubmittedBlock>
  /** Blocks whose fragments are under way; repair leaves them alone. */
  readonly inFlight: ReadonlySet<BlockId>
}

export function createBlockSender({ self, remotes, index, coder, clock, measure }: BlockSenderOptions): BlockSender {
  const queue = new PQueue({ concurrency: MAX_IN_FLIGHT })
  const rooms = createFragmentRooms()
  const inFlight = new Set<BlockId>()
  /** The oldest first. */
  const trailing = new Set<{ readonly rest: Promise<unknown>; readonly giveUp: AbortController }>()

  async function seal(location: Location, { slot }: FilledBlock, n: SupplierCount) {
    const key = randomBytes(32)
    const writer = self.fingerprint
    const formed = await measure('compress', slot.length, () => encodeBlockForm(slot))
    const room = rooms.take(codedSize(formed.length, n))
    const block = await sealAndEncode({ formed, key, location: location.id, writer, n, coder, room, measure })
    return { key, block, room }
  }

  /** Sends all fragments; `placed` and `rest` of what it returns tell how far they came. */
  async function send(location: Location, family: OpenedFamily, block: EncodedBlock, { signal }: CallOptions) {
    const { id, layoutBody, fragments } = block
    const { deviceKey } = self
    const { n } = family.body
    const layout = await layoutRecord.sign(
      { ...layoutBody, signer: 'writer', device: deviceKey.publicKey.id },
      deviceKey,
    )
    await index.begin(location.id, id, n)
    const giveUp = new AbortController()
    const refusals = { full: 0 }
    const store = storeQuorum(n)
    inFlight.add(id)
    const reached = atSuppliers<void>(
      family,
      store,
      async (peer, position, taskSignal) => {
        const { data, parity } = fragmentsOf(position, n)
        const put = { customer: location.owner, layout: layout.bytes, position }
        const pair = { data: fragments[data]!, parity: fragments[parity]! }
        try {
          await unlessBusy(
            () =>
              measure('send', 2 * layoutBody.fragmentBytes, () =>
                remotes.putFragments(peer, { ...put, ...pair }, { signal: taskSignal }),
              ),
            taskSignal,
          )
        } catch (error) {
          if (codeOf(error) === 'QuotaExceeded' || codeOf(error) === 'DiskFull') refusals.full += 1
          throw error
        }
      },
      { signal: AbortSignal.any([signal, giveUp.signal]), online: location.online, subject: id },
    )
    const placed = reached.then(
      () => {},
      (error) => {
        throw isCustomerError(error, 'UploadIncomplete') && refusals.full > n - store ? full(error) : error
      },
    )
    const rest = reached.then(
      (quorum) => quorum.rest,
      (error) => ({ done: new Map<number, void>(), failed: new Map<number, unknown>([[0, error]]) }),
    )
    void rest.then(() => inFlight.delete(id))
    return { placed, rest, giveUp }
  }

  async function unlessBusy<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await task()
      } catch (error) {
        if (codeOf(error) !== 'Busy' || attempt === BUSY_ATTEMPTS) throw error
        await clock.sleep(attempt * BUSY_PAUSE_MS, signal)
      }
    }
  }

  /** Lets slower suppliers finish a block while others begin with the next, but not any number of blocks. */
  async function trail(rest: Promise<unknown>, giveUp: AbortController): Promise<void> {
    const own = { rest, giveUp }
    trailing.add(own)
    void rest.then(() => trailing.delete(own))
    while (trailing.size > MAX_TRAILING) {
      const [oldest] = trailing
      if (oldest === undefined) return
      const ended = new AbortController()
      const late = clock.sleep(TRAILING_MS, ended.signal).then(
        () => oldest.giveUp.abort(new DOMException('the other suppliers have it long since', 'AbortError')),
        () => {},
      )
      await Promise.race([oldest.rest, late])
      ended.abort()
      await oldest.rest
    }
  }

  async function run(
    location: Location,
    filled: FilledBlock,
    options: CallOptions,
    {
      sealed,
      sent,
    }: { readonly sealed: PromiseWithResolvers<SealedBlock>; readonly sent: PromiseWithResolvers<SentBlock> },
  ): Promise<void> {
    options.signal.throwIfAborted()
    const family = await location.family(options)
    const { n } = family.body
    if (!isSupplierCount(n)) throw new CustomerError('LimitExceeded', `${n} suppliers are no preset`)
    const { key, block, room } = await seal(location, filled, n)
    filled.release()
    const { id } = block
    sealed.resolve({ block: id, key })
    const { placed, rest, giveUp } = await send(location, family, block, options)
    // What was given up may still stand in the queue of a connection; only what everybody has can be written over.
    void rest.then(({ failed }) => {
      if (failed.size === 0) rooms.give(room)
    })
    const noted = handledLater(placed.then(() => index.stored(location.id, { block: id, key }, n, filled.pieces)))
    sent.resolve({ id, family, positionBytes: 2 * block.layoutBody.fragmentBytes, placed: noted, rest })
    await noted
    await trail(rest, giveUp)
  }

  return {
    inFlight,
    async submit(location, filled, options) {
      const sealed = Promise.withResolvers<SealedBlock>()
      const sent = Promise.withResolvers<SentBlock>()
      try {
        await queue.onSizeLessThan(1)
        options.signal.throwIfAborted()
      } catch (error) {
        filled.release()
        throw error
      }
      void queue.add(async () => {
        try {
          await run(location, filled, options, { sealed, sent })
        } catch (error) {
          filled.release()
          sealed.reject(error)
          sent.reject(error)
        }
      })
      return { sealed: handledLater(sealed.promise), sent: handledLater(sent.promise) }
    },
  }
}

function full(cause: CustomerError): CustomerError {
  const { have, need, reasons, subject } = cause
  return new CustomerError(
    'QuotaExceeded',
    'the suppliers have no room left for this; hire more room or remove files',
    {
      cause,
      ...(have === undefined ? {} : { have }),
      ...(need === undefined ? {} : { need }),
      ...(reasons === undefined ? {} : { reasons }),
      ...(subject === undefined ? {} : { subject }),
    },
  )
}
