/** Longest delay that timers of the platform can hold, in ms; a longer one fires at once (HTML, "timers", 32-bit signed). */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Time as BitDust packages see it. Always passed in, so that tests own it. */
export interface Clock {
  /** Wall time in ms since the Unix epoch. May jump either way. */
  now(): number
  /** Ms since an arbitrary moment; never goes back. For measuring and for timeouts. */
  monotonic(): number
  /**
   * Waits `ms` milliseconds; zero or less means the next turn of the event loop.
   *
   * @throws The signal's reason (an `AbortError` unless its owner chose another) as soon as it aborts.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The clock of this machine. The only place of the package that reads real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    const end = performance.now() + ms
    do {
      await pause(Math.min(end - performance.now(), MAX_TIMER_MS), signal)
    } while (end - performance.now() >= 1)
  },
}

/** One timer of the platform. Both the timer and the listener are gone when it settles. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
