import { type Clock, systemClock } from '@bitdust/machine'

const DAY_MS = 24 * 3600 * 1000

/** Real time that can be moved on without waiting; nobody who sleeps wakes by it, unless for a day or more and that is asked for. */
export interface ShiftingClock extends Clock {
  /** Lets both clocks go on by `ms`. */
  shift(ms: number): void
  /** Moves the wall clock alone, as a correction of the system time does. */
  jump(ms: number): void
}

export function createShiftingClock({ wakes = false }: { readonly wakes?: boolean } = {}): ShiftingClock {
  let elapsed = 0
  let jumped = 0
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  return {
    now: () => systemClock.now() + elapsed + jumped,
    monotonic: () => systemClock.monotonic() + elapsed,
    async sleep(ms, signal) {
      if (!wakes || ms < DAY_MS) return systemClock.sleep(ms, signal)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const sleeper = { at: elapsed + ms, wake: resolve }
      const cancel = () => reject(signal?.reason)
      sleepers.add(sleeper)
      signal?.addEventListener('abort', cancel, { once: true })
      if (signal?.aborted === true) cancel()
      return promise.finally(() => {
        sleepers.delete(sleeper)
        signal?.removeEventListener('abort', cancel)
      })
    },
    shift(ms) {
      elapsed += ms
      for (const { at, wake } of sleepers) if (at <= elapsed) wake()
    },
    jump(ms) {
      jumped += ms
    },
  }
}
