import type { Clock } from '@bitdust/machine'
import { TransportError } from './errors.ts'

export interface TimeoutOptions {
  readonly clock: Clock
  /** Longest wait, in ms. */
  readonly ms: number
  /** What took too long, for the message. */
  readonly subject: string
  /** Gives up earlier. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs work that must end in time. The work gets a signal for what it waits for; the call itself never outlives the limit,
 * even when the work ignores the signal.
 *
 * @throws {TransportError} `Timeout`; `Cancelled` when `signal` aborts; else whatever the work throws.
 */
export async function withTimeout<T>(
  { clock, ms, subject, signal }: TimeoutOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const timer = new AbortController()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const end = (error: TransportError) => {
    reject(error)
    limit.abort(error)
  }
  const onAbort = () => end(cancelled(subject, signal))
  if (signal?.aborted) throw cancelled(subject, signal)
  signal?.addEventListener('abort', onAbort, { once: true })
  const timeout = () => end(new TransportError('Timeout', `${subject}: no end within ${ms} ms`))
  clock.sleep(ms, timer.signal).then(timeout, () => {})
  try {
    return await Promise.race([work(limit.signal), ended])
  } finally {
    ended.catch(() => {})
    timer.abort()
    signal?.removeEventListener('abort', onAbort)
  }
}

/** The error of a call whose signal was aborted. */
export function cancelled(subject: string, signal: AbortSignal | undefined): TransportError {
  return new TransportError('Cancelled', `${subject} was cancelled`, { cause: signal?.reason })
}

/** Waits for something that goes on without us. Throws `Cancelled` when the signal aborts first. */
export async function waitFor<T>(promise: Promise<T>, subject: string, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(cancelled(subject, signal))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
