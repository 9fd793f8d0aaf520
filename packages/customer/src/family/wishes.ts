import type { Runner } from '@bitdust/machine'
import PQueue from 'p-queue'
import { CustomerError } from '../errors.ts'
import { toCustomerError } from '../failure.ts'
import type { CallOptions } from '../ports.ts'
import { type HireContext, type HireEvent, type HireState, isCarriedThrough } from './hire-machine.ts'
import type { OwnRecord } from './own-record.ts'
import type { FamilyPlan } from './plan.ts'
import type { OpenedFamily, ReplaceOptions } from './types.ts'

export interface WishesOptions {
  readonly runner: Pick<Runner<HireState, HireContext, HireEvent>, 'send' | 'settled' | 'snapshot'>
  readonly own: Pick<OwnRecord, 'current'>
  /** Makes sure that our own family is known, if there is one. */
  load(options: CallOptions): Promise<void>
}

/** Changes that users ask for: one after another, each when the machine has time. */
export interface Wishes {
  /**
   * Hands a change to the machine and waits for its outcome. `plan` is called when it is its turn, again when the family
   * has become another one meanwhile, and returns null when there is nothing to change.
   */
  fulfil(plan: () => Promise<FamilyPlan | null>, wish: ReplaceOptions): Promise<OpenedFamily>
  /** Whoever waits for the change that the machine is at. */
  present(): ReplaceOptions | undefined
  /** The machine is done with the wish that has this ticket; an error, or null when it is fulfilled. */
  settle(ticket: number, error: unknown): void
  /** Ends all waiting. */
  stop(): void
}

interface Waiting extends ReplaceOptions {
  readonly outcome: PromiseWithResolvers<OpenedFamily>
}

const DOING = 'change of suppliers'

export function createWishes({ runner, own, load }: WishesOptions): Wishes {
  const queue = new PQueue({ concurrency: 1 })
  const waiting = new Map<number, Waiting>()
  let tickets = 0

  async function takeTurn(plan: () => Promise<FamilyPlan | null>, wish: ReplaceOptions): Promise<OpenedFamily> {
    const outcome = Promise.withResolvers<OpenedFamily>()
    const cancel = () => outcome.reject(wish.signal.reason)
    const ticket = ++tickets
    wish.signal.addEventListener('abort', cancel, { once: true })
    waiting.set(ticket, { ...wish, outcome })
    try {
      // Until it is submitted only the caller can end the waiting, then only the machine or the caller.
      const unchanged = await Promise.race([submit(plan, ticket, wish.signal), outcome.promise])
      return unchanged ?? (await outcome.promise)
    } finally {
      waiting.delete(ticket)
      wish.signal.removeEventListener('abort', cancel)
    }
  }

  /** Returns the family when there is nothing to change, null when the machine has the plan. */
  async function submit(
    makePlan: () => Promise<FamilyPlan | null>,
    ticket: number,
    signal: AbortSignal,
  ): Promise<OpenedFamily | null> {
    await load({ signal })
    for (;;) {
      await idle()
      const before = own.current
      const plan = await makePlan()
      signal.throwIfAborted()
      if (own.current !== before) continue
      if (plan === null) return before
      runner.send({ type: 'wanted', plan, ticket })
      if (runner.snapshot.context.plan === plan) return null
    }
  }

  /** Resolves when the machine can take a plan. A signed one that got stuck is tried again before. */
  async function idle(): Promise<void> {
    await runner.settled('ready', 'rebuilding', 'waiting')
    if (!isCarriedThrough(runner.snapshot.context)) return
    runner.send({ type: 'retry' })
    await runner.settled('ready', 'rebuilding', 'waiting')
    if (!isCarriedThrough(runner.snapshot.context)) return
    throw new CustomerError('UploadIncomplete', 'an earlier change of suppliers is not in force yet', {
      retryable: true,
    })
  }

  return {
    async fulfil(plan, wish) {
      try {
        wish.signal.throwIfAborted()
        return await queue.add(() => takeTurn(plan, wish), { signal: wish.signal })
      } catch (error) {
        throw toCustomerError(error, DOING)
      }
    },
    present: () => waiting.get(runner.snapshot.context.ticket),
    settle(ticket, error) {
      const outcome = waiting.get(ticket)?.outcome
      if (error === null && own.current !== null) outcome?.resolve(own.current)
      else outcome?.reject(error)
    },
    stop() {
      for (const { outcome } of waiting.values()) outcome.reject(new CustomerError('Cancelled', `${DOING}: stopped`))
    },
  }
}
