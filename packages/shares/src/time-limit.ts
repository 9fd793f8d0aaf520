import type { Clock } from '@bitdust/machine'
import { ShareError } from './errors.ts'

/** What limits a piece of work. */
export interface TimeLimit {
  readonly clock: Clock
  /** Longest time, in ms. */
  readonly ms: number
  /** What takes so long, for the message. */
  readonly doing: string
  /** Gives up earlier. */
  readonly signal: AbortSignal
}

/**
 * Runs work under a signal that aborts in time; work that ignores it is not waited for.
 *
 * @throws {ShareError} `Timeout`; the reason of `signal` when it aborts first; else what the work throws.
 */
export async function withTimeLimit<T>(
  { clock, ms, doing, signal }: TimeLimit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const limit = new AbortController()
  const over = new AbortController()
  const ended = Promise.withResolvers<never>()
  const end = (reason: unknown) => {
    ended.reject(reason)
    limit.abort(reason)
  }
  ended.promise.catch(() => {})
  signal.addEventListener('abort', () => end(signal.reason), { signal: over.signal })
  clock.sleep(ms, over.signal).then(
    () => end(new ShareError('Timeout', `${doing}: no end within ${ms} ms`)),
    () => {},
  )
  try {
    return await Promise.race([work(limit.signal), ended.promise])
  } finally {
    over.abort()
  }
}
