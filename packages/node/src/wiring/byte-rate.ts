import type { Clock } from '@bitdust/machine'

/** Bounds how many bytes pass in a second, over everybody who uses it: a bucket of tokens that may be overdrawn. */
export interface ByteRate {
  /**
   * Waits until what passed before is paid off, then lets `bytes` pass at once; those who come later wait for them. So
   * single transfers are never slower than the network, only later, and no peer takes us for dead.
   *
   * @throws The signal's reason.
   */
  take(bytes: number, signal: AbortSignal): Promise<void>
  /** Counts bytes that passed already. */
  spend(bytes: number): void
  /** How long `take` would wait, in ms. */
  wait(): number
}

/** @param bytesPerSecond - At least 1. What is not used is saved for one second. */
export function createByteRate(bytesPerSecond: number, clock: Clock): ByteRate {
  let saved = bytesPerSecond
  let filledAt = clock.monotonic()
  let last: Promise<unknown> = Promise.resolve()

  function fill(): void {
    const now = clock.monotonic()
    saved = Math.min(bytesPerSecond, saved + ((now - filledAt) / 1000) * bytesPerSecond)
    filledAt = now
  }

  function wait(): number {
    fill()
    return saved >= 0 ? 0 : Math.ceil((-saved / bytesPerSecond) * 1000)
  }

  async function pass(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    for (let ms = wait(); ms > 0; ms = wait()) await clock.sleep(ms, signal)
    saved -= bytes
  }

  return {
    wait,
    take(bytes, signal) {
      // One after another, in the order in which they came; one that gave up does not stop those behind it.
      const turn = last.then(() => pass(bytes, signal))
      last = turn.catch(() => {})
      return turn
    },
    spend(bytes) {
      fill()
      saved -= bytes
    },
  }
}
