import type { Clock } from '@bitdust/machine'
import { IdServerError } from './errors.ts'

export interface DeadlineOptions {
  /** Longest duration of the task, in ms. */
  readonly timeoutMs: number
  readonly clock: Pick<Clock, 'sleep'>
  /** Ends the task from outside. */
  readonly signal?: AbortSignal | undefined
  /** What did not end in time, for the message. */
  readonly what: string
}

/** Why the timer ends; made once, since an abort without a reason makes an exception with its stack each time. */
const DONE = new DOMException('the task was faster', 'AbortError')

/**
 * Runs a task that ends by itself, in time, or not at all. Leaves no timer and no listener behind.
 *
 * @param task - Gets a signal that aborts at the deadline or when the outer signal does. Whether it obeys or not, the
 * caller gets his answer then.
 * @throws {IdServerError} `Timeout`. Whatever the task throws, and the reason of the outer signal, pass through.
 */
export async function withDeadline<T>(
  { timeoutMs, clock, signal, what }: DeadlineOptions,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const end = new AbortController()
  const timer = new AbortController()
  const ended = new Promise<never>((_, reject) => {
    end.signal.addEventListener('abort', () => reject(end.signal.reason), { once: true })
  })
  const cancel = () => end.abort(signal?.reason)
  signal?.addEventListener('abort', cancel, { once: true })
  clock.sleep(timeoutMs, timer.signal).then(
    () => end.abort(new IdServerError('Timeout', `${what} took more than ${timeoutMs} ms`, { retryable: true })),
    () => {}, // The task was faster.
  )
  try {
    return await Promise.race([task(end.signal), ended])
  } finally {
    signal?.removeEventListener('abort', cancel)
    timer.abort(DONE)
  }
}
