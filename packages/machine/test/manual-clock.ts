import type { Clock } from '../src/index.ts'

/** Time that moves only when told to. This package is below `@bitdust/testing`, so it brings its own few lines. */
export interface ManualClock extends Clock {
  /** Moves time, ends the sleeps that are due in their order, and lets everything that waits for them run. */
  advance(ms: number): Promise<void>
  readonly sleepers: number
}

export function manualClock(): ManualClock {
  let time = 1_000
  const sleeps = new Set<{ readonly due: number; wake(): void }>()
  return {
    now: () => time,
    monotonic: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleep = { due: time + ms, wake: resolve }
        sleeps.add(sleep)
        signal?.addEventListener('abort', () => {
          sleeps.delete(sleep)
          reject(signal.reason)
        })
      }),
    async advance(ms) {
      time += ms
      for (const sleep of [...sleeps].sort((a, b) => a.due - b.due)) {
        if (sleep.due > time) continue
        sleeps.delete(sleep)
        sleep.wake()
      }
      await new Promise((resolve) => setImmediate(resolve))
    },
    get sleepers() {
      return sleeps.size
    },
  }
}
