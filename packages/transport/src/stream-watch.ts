import type { Clock } from '@bitdust/machine'
import type { ByteStream } from './carrier.ts'
import { TransportError } from './errors.ts'

/** Longest waits of one exchange, in ms. */
export interface WatchLimits {
  /** Without progress, while somebody waits for the stream. A consumer that takes its time costs nothing. */
  readonly idleMs: number
  /** In all, from the call that set it. */
  readonly totalMs: number
}

/** Aborts a stream with `Timeout` when its peer is too slow. */
export interface StreamWatch {
  /** Passes on the result of work on the stream; while it is pending the idle limit counts. */
  io<T>(work: Promise<T>): Promise<T>
  /** Other limits from now on. */
  limit(limits: WatchLimits): void
  /** Ends the watch. Idempotent. */
  stop(): void
}

/** The reason with which a sleep is ended; made once, because an error with its stack is dear. */
const WOKEN = new Error('woken')

export function watchStream(stream: ByteStream, clock: Clock, initial: WatchLimits): StreamWatch {
  let { idleMs, totalMs } = initial
  let since = clock.monotonic()
  let lastProgress = since
  let waiting = 0
  let wakesAt = Number.POSITIVE_INFINITY
  let sleep = new AbortController()
  let stopped = false

  function due(): number {
    const idleDue = waiting > 0 ? lastProgress + idleMs : Number.POSITIVE_INFINITY
    return Math.min(idleDue, since + totalMs)
  }

  /** Work may begin at any moment, so nobody sleeps longer than the idle limit without looking again. */
  function nextLook(): number {
    return Math.min(due(), clock.monotonic() + idleMs)
  }

  async function run(): Promise<void> {
    while (!stopped && !stream.closed.aborted) {
      const now = clock.monotonic()
      if (due() <= now) {
        stream.abort(new TransportError('Timeout', 'peer is too slow: no progress within the limit'))
        return
      }
      wakesAt = nextLook()
      await clock.sleep(wakesAt - now, sleep.signal).catch(() => {})
    }
  }

  function wake(): void {
    sleep.abort(WOKEN)
    sleep = new AbortController()
  }

  void run()
  return {
    async io(work) {
      lastProgress = clock.monotonic()
      waiting += 1
      try {
        return await work
      } finally {
        waiting -= 1
        lastProgress = clock.monotonic()
      }
    },
    limit(limits) {
      ;({ idleMs, totalMs } = limits)
      since = clock.monotonic()
      lastProgress = since
      if (nextLook() < wakesAt) wake()
    },
    stop() {
      if (stopped) return
      stopped = true
      sleep.abort(WOKEN)
    },
  }
}
