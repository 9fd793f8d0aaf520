import type { Clock } from '@bitdust/machine'
import { IdentityError } from './errors.ts'

/** Runs work under a signal that aborts with the outer one or after a while. */
export async function withTimeLimit<T>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const done = new AbortController()
  clock.sleep(ms, done.signal).then(
    () => limit.abort(new IdentityError('Timeout', `no answer in ${ms} ms`, { retryable: true })),
    () => undefined,
  )
  try {
    return await work(AbortSignal.any([signal, limit.signal]))
  } finally {
    done.abort()
  }
}
