import { concatBytes } from '@bitdust/crypto'
import { IdServerError } from '../errors.ts'

export interface ReadBodyOptions {
  /** Longest body, in bytes. */
  readonly maxBytes: number
  /** Stops reading. */
  readonly signal: AbortSignal
}

/**
 * Reads a body to its end. Bytes are counted as they come; whatever the headers declare, reading stops at the limit.
 *
 * @throws {IdServerError} `LimitExceeded` (too long), `Cancelled` (it broke off, or the signal aborted).
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  { maxBytes, signal }: ReadBodyOptions,
): Promise<Uint8Array> {
  if (body === null) return new Uint8Array()
  const reader = body.getReader()
  // The sender may be gone already; then cancelling fails and nothing is left to stop.
  const cancel = () => void reader.cancel().catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  try {
    return await readAll(reader, maxBytes, signal)
  } catch (error) {
    cancel()
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read().catch((cause) => {
      throw new IdServerError('Cancelled', 'the body broke off', { cause, retryable: true })
    })
    // A cancelled reader reports an ordinary end; half a body must not pass for a whole one.
    if (signal.aborted) throw new IdServerError('Cancelled', 'reading the body was stopped', { cause: signal.reason })
    if (done) return concatBytes(...chunks)
    size += value.length
    if (size > maxBytes) throw bodyTooLong(maxBytes)
    chunks.push(value)
  }
}

export function bodyTooLong(maxBytes: number): IdServerError {
  return new IdServerError('LimitExceeded', `the body is longer than ${maxBytes} bytes`)
}
