import type { Clock } from './clock.ts'
import { MachineError } from './errors.ts'
import { type Named, type Snapshot, type Table, transition } from './table.ts'

/** Longest that `stop()` waits for effects that ignore their signal, in ms: a node must be able to go down. */
export const STOP_LIMIT_MS = 5_000

/** One arrow that was taken, for logs and for showing what a node is doing. */
export interface Transition {
  readonly machine: string
  readonly from: string
  readonly to: string
  /** The event's type. */
  readonly event: string
  /** Ms since the Unix epoch. */
  readonly at: number
}

/** Is told every arrow that a machine takes, loops included, after the new snapshot is stored and before its effects. */
export type MachineObserver = (transition: Transition) => void

/** A timer that belongs to a state. */
export interface StateTimer<C, E> {
  /** Delay in ms, fixed or computed from the context at the moment of entering. */
  readonly afterMs: number | ((context: C) => number)
  /** Sent to the machine when the delay has passed and the state was not left. */
  readonly event: E
}

/** What an effect gets besides itself. */
export interface PerformContext {
  /** Aborts when the runner stops. */
  readonly signal: AbortSignal
}

export interface RunnerOptions<S extends string, C, E extends Named, F> {
  /** Names the machine in diagrams, logs and errors. */
  readonly name: string
  readonly table: Table<S, C, E, F>
  /** Where the machine starts, which may be where an earlier one stopped. */
  readonly initial: Snapshot<S, C>
  /**
   * Performs one effect and raises its outcome as events. The effects of one arrow run one after another, each after the
   * promise of the one before it; those of later arrows do not wait for them, so a machine can cancel what it began.
   * An expected failure is an event; a throw is a defect: it ends the effects of that arrow and goes to `onError`.
   */
  perform(effect: F, raise: (event: E) => void, context: PerformContext): Promise<void> | void
  readonly clock: Clock
  /** Entering a state starts its timer (so does the runner's creation for the first state), leaving it stops it. An arrow from a state to itself does neither. */
  readonly timers?: { readonly [State in S]?: StateTimer<C, E> }
  readonly onTransition?: MachineObserver
  /** Gets what effects, guards, updates or observers throw. @default `settled()` rejects with the first one, now and later */
  readonly onError?: (error: unknown) => void
}

/** A living machine. */
export interface Runner<S extends string, C, E> {
  readonly name: string
  readonly snapshot: Snapshot<S, C>
  /** Queues an event and works the queue off, unless that is already under way. Ignored after `stop()`. */
  send(event: E): void
  /**
   * Waits until the machine is in one of these states; with none named, until it is in a final one.
   *
   * @returns The snapshot at the moment of entering, or the present one.
   * @throws {MachineError} `Cancelled`: the runner stopped, or the machine ended in a final state that is not wanted.
   */
  settled(...states: S[]): Promise<Snapshot<S, C>>
  /** Drops queued events and timers, aborts effects and waits for them, at most {@link STOP_LIMIT_MS}. Idempotent, never rejects. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface Waiter<S extends string, C> {
  readonly states: readonly S[]
  resolve(snapshot: Snapshot<S, C>): void
  reject(error: unknown): void
}

/**
 * The one shell around a table: takes events from a queue, asks `transition`, stores the snapshot and only then performs
 * the effects. Events that effects raise are queued, never nested.
 */
export function createRunner<S extends string, C, E extends Named, F>(
  options: RunnerOptions<S, C, E, F>,
): Runner<S, C, E> {
  const { name, table, clock } = options
  const queue: E[] = []
  const waiters = new Set<Waiter<S, C>>()
  const inFlight = new Set<Promise<void>>()
  const lifetime = new AbortController()
  let snapshot = options.initial
  let draining = false
  let failure: { readonly error: unknown } | undefined
  let timer: AbortController | undefined
  let stopped: Promise<void> | undefined

  function send(event: E): void {
    if (stopped !== undefined) return
    queue.push(event)
    if (draining) return
    draining = true
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) guarded(step, next)
    draining = false
  }

  function step(event: E): void {
    const before = snapshot
    const [after, effects] = transition(table, before, event)
    if (after === before) return
    snapshot = after
    if (after.state !== before.state) restartTimer()
    guarded(() =>
      options.onTransition?.({
        machine: name,
        from: before.state,
        to: after.state,
        event: event.type,
        at: clock.now(),
      }),
    )
    for (const waiter of waiters) answer(waiter)
    performFrom(effects, 0)
  }

  /** Effects that return nothing run at once, before the next event; the first that returns a promise defers the rest. */
  function performFrom(effects: readonly F[], first: number): void {
    for (const [offset, effect] of effects.slice(first).entries()) {
      if (lifetime.signal.aborted) return
      const pending = options.perform(effect, send, {
        signal: lifetime.signal,
      })
      if (pending instanceof Promise) {
        follow(pending.then(() => performFrom(effects, first + offset + 1)))
        return
      }
    }
  }

  function follow(work: Promise<void>): void {
    const tracked = work.catch(fail).finally(() => inFlight.delete(tracked))
    inFlight.add(tracked)
  }

  function restartTimer(): void {
    timer?.abort()
    timer = undefined
    const setting = options.timers?.[snapshot.state]
    if (setting === undefined) return
    const own = new AbortController()
    timer = own
    const afterMs = typeof setting.afterMs === 'number' ? setting.afterMs : setting.afterMs(snapshot.context)
    clock.sleep(afterMs, own.signal).then(
      // The state may have been left between the end of the sleep and this turn.
      () => own.signal.aborted || send(setting.event),
      (error) => own.signal.aborted || fail(error),
    )
  }

  function guarded<Arguments extends unknown[]>(work: (...args: Arguments) => void, ...args: Arguments): void {
    try {
      work(...args)
    } catch (error) {
      fail(error)
    }
  }

  function fail(error: unknown): void {
    if (lifetime.signal.aborted && isAbort(error)) return
    try {
      if (options.onError === undefined) throw error
      options.onError(error)
    } catch (unhandled) {
      failure ??= { error: unhandled }
      for (const waiter of waiters) answer(waiter)
    }
  }

  /** Settles a waiter whose time has come and forgets it. */
  function answer(waiter: Waiter<S, C>): void {
    const ended = isFinal(snapshot.state)
    const wanted = waiter.states.length === 0 ? ended : waiter.states.includes(snapshot.state)
    if (failure !== undefined) waiter.reject(failure.error)
    else if (wanted) waiter.resolve(snapshot)
    else if (ended)
      waiter.reject(cancelled(`${name} ended as ${snapshot.state}, waited for ${waiter.states.join(', ')}`))
    else if (lifetime.signal.aborted)
      waiter.reject(cancelled(`${name} stopped as ${snapshot.state}`, lifetime.signal.reason))
    else return
    waiters.delete(waiter)
  }

  function isFinal(state: S): boolean {
    return Object.values<readonly unknown[] | undefined>(table[state]).every((arrows) => (arrows?.length ?? 0) === 0)
  }

  function cancelled(message: string, cause?: unknown): MachineError {
    return new MachineError('Cancelled', message, { subject: name, cause })
  }

  function isAbort(error: unknown): boolean {
    return error === lifetime.signal.reason || (error instanceof Error && error.name === 'AbortError')
  }

  function settled(...states: S[]): Promise<Snapshot<S, C>> {
    return new Promise((resolve, reject) => {
      const waiter = { states, resolve, reject }
      waiters.add(waiter)
      answer(waiter)
    })
  }

  function stop(): Promise<void> {
    stopped ??= shutDown()
    return stopped
  }

  async function shutDown(): Promise<void> {
    queue.length = 0
    timer?.abort()
    lifetime.abort(new DOMException(`${name} was stopped`, 'AbortError'))
    for (const waiter of waiters) answer(waiter)
    const limit = new AbortController()
    const overtime = clock.sleep(STOP_LIMIT_MS, limit.signal).catch(() => {})
    await Promise.race([Promise.all(inFlight), overtime])
    limit.abort()
  }

  guarded(restartTimer)
  return {
    name,
    get snapshot() {
      return snapshot
    },
    send,
    settled,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
