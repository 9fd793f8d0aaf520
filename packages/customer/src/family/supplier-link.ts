import { type Fingerprint, isBitdustError } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import type { RemoteSuppliers, SupplierState } from '../ports.ts'
import { type LinkEffect, type LinkEvent, supplierLinkStart, supplierLinkTable } from './link-machine.ts'
import type { LinkState } from './types.ts'

export interface SupplierLinkOptions {
  readonly peer: PeerRef
  /** Our own fingerprint. */
  readonly customer: Fingerprint
  readonly remotes: Pick<RemoteSuppliers, 'ping' | 'cancel'>
  readonly clock: Clock
  /** From one answer to the next question, in ms. */
  readonly pingEveryMs: number
  /** Told after every answer, and after every question that had none. */
  readonly onReport: () => void
  readonly onTransition?: MachineObserver
}

/** One supplier that is watched. */
export interface WatchedSupplier {
  readonly peer: PeerRef
  readonly state: LinkState
  /** When this state began, in ms since the Unix epoch. */
  readonly since: number
  /** What it said last; null before the first answer. */
  readonly answer: SupplierState | null
  /** Asks now; after every answer the next question is due `pingEveryMs` later. */
  ask(): void
  /** Ends the contract if the supplier can be reached, and the watching. */
  leave(): Promise<void>
  /** Ends the watching. */
  stop(): Promise<void>
}

/** Watches one supplier: the shell of the machine `supplier-link`. */
export function watchSupplier(options: SupplierLinkOptions): WatchedSupplier {
  const { peer, customer, remotes, clock, pingEveryMs, onReport, onTransition } = options
  let shown: LinkState = 'requesting'
  let since = clock.now()

  async function perform(effect: LinkEffect, raise: (event: LinkEvent) => void, signal: AbortSignal): Promise<void> {
    if (effect.type === 'report') return report()
    try {
      raise(effect.type === 'ping' ? await ping(signal) : await cancel(signal))
    } catch (error) {
      signal.throwIfAborted()
      raise({ type: isRefusal(error) ? 'rejected' : 'failed' })
    }
  }

  async function ping(signal: AbortSignal): Promise<LinkEvent> {
    const answer = await remotes.ping(peer, { customer }, { signal })
    // To somebody who is no customer, a supplier says that he granted nothing.
    return answer.granted === 0 ? { type: 'rejected' } : { type: 'accepted', answer }
  }

  async function cancel(signal: AbortSignal): Promise<LinkEvent> {
    await remotes.cancel(peer, { customer }, { signal })
    return { type: 'cancelled' }
  }

  const next = { afterMs: pingEveryMs, event: { type: 'ask' } as const }
  const runner = createRunner({
    name: 'supplier-link',
    table: supplierLinkTable,
    initial: supplierLinkStart,
    perform: (effect: LinkEffect, raise: (event: LinkEvent) => void, { signal }) => perform(effect, raise, signal),
    clock,
    timers: { connected: next, refused: next, unreachable: next },
    ...(onTransition === undefined ? {} : { onTransition }),
  })

  function report(): void {
    const { state, context } = runner.snapshot
    const now: LinkState = state === 'connected' ? 'connected' : (context.trouble ?? 'requesting')
    if (now !== shown) since = clock.now()
    shown = now
    onReport()
  }

  return {
    peer,
    get state() {
      return shown
    },
    get since() {
      return since
    },
    get answer() {
      return runner.snapshot.context.answer
    },
    ask: () => runner.send({ type: 'ask' }),
    async leave() {
      const left = runner.settled('closed')
      runner.send({ type: 'leave' })
      await left.catch(() => {})
      await runner.stop()
    },
    stop: () => runner.stop(),
  }
}

/** Whether the supplier itself said no. A `NotFound` that may pass is our own: no address is known. */
function isRefusal(error: unknown): boolean {
  return isBitdustError(error) && !error.retryable && (error.code === 'NotFound' || error.code === 'Unauthorized')
}
