import { setImmediate as nextTurn } from 'node:timers/promises'

/** A clock that moves only when the test says so. */
export interface VirtualClock {
  /** Wall clock: milliseconds since the Unix epoch. */
  now(): number
  /** Milliseconds since the clock was created; never goes back. */
  monotonic(): number
  /**
   * Resolves when the clock has been advanced by `ms`; 0 and less wait for the next `advance`, even `advance(0)`.
   * Rejects with the reason of `signal` as soon as it is aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Moves both clocks forward by `ms`. Sleepers wake in order of their time, those of one time in order of their call,
   * each at its own time. What a sleeper does until it next waits (for promises, not for input or output) is done
   * before the following one wakes, and a sleep it starts within `ms` is part of the same advance.
   */
  advance(ms: number): Promise<void>
  /** Moves the wall clock alone, forward or back, as a correction of the system time does. Wakes nobody. */
  jump(ms: number): void
  /** How many sleepers wait. */
  readonly sleepers: number
}

export interface VirtualClockOptions {
  /** First value of `now()`, in ms since the Unix epoch. @default 2026-01-01T00:00:00Z */
  readonly start?: number
}

interface Sleeper {
  readonly at: number
  wake(): void
}

/** A clock for tests. It uses no timers: without `advance` nobody wakes, however long the test waits. */
export function createVirtualClock({ start = Date.UTC(2026, 0, 1) }: VirtualClockOptions = {}): VirtualClock {
  let elapsed = 0
  let offset = start
  let advancing = Promise.resolve()
  const sleepers = new Set<Sleeper>()

  async function run(ms: number): Promise<void> {
    const end = elapsed + ms
    await nextTurn() // What the test started before this call may still be on its way to its first sleep.
    for (let next = earliest(sleepers, end); next !== null; next = earliest(sleepers, end)) {
      elapsed = Math.max(elapsed, next.at)
      next.wake()
      await nextTurn()
    }
    elapsed = end
  }

  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper: Sleeper = {
          at: elapsed + Math.max(0, ms),
          wake() {
            sleepers.delete(sleeper)
            signal?.removeEventListener('abort', cancel)
            resolve()
          },
        }
        function cancel(): void {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', cancel, { once: true })
        sleepers.add(sleeper)
      }),
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`advance: ${ms} ms, expected 0 or more`)
      advancing = advancing.then(() => run(ms))
      return advancing
    },
    jump(ms) {
      offset += ms
    },
    get sleepers() {
      return sleepers.size
    },
  }
}

/** The sleeper to wake next, not later than `end`. Among equals the set keeps the order of their calls. */
function earliest(sleepers: Iterable<Sleeper>, end: number): Sleeper | null {
  let first: Sleeper | null = null
  for (const sleeper of sleepers) if (sleeper.at <= end && (first === null || sleeper.at < first.at)) first = sleeper
  return first
}
