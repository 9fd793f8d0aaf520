import type { ByteStream } from '../carrier.ts'
import { waitFor } from '../timeout.ts'

/** Kept streams to one peer, each used by one exchange at a time. */
export interface StreamPool {
  /** An idle stream, a new one, or the next that becomes free; first come, first served. */
  acquire(signal: AbortSignal | undefined): Promise<ByteStream>
  /** Gives a stream back; one that is closed makes room for a new one. */
  release(stream: ByteStream): void
}

/** @param size - Streams open at once. */
export function createStreamPool(
  size: number,
  open: (signal: AbortSignal | undefined) => Promise<ByteStream>,
): StreamPool {
  const idle: ByteStream[] = []
  const waiting: (() => void)[] = []
  let used = 0

  function free(): void {
    used -= 1
    waiting.shift()?.()
  }

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    if (used < size) {
      used += 1
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    // The place is taken in the name of whoever is woken, before anybody else can ask.
    const wake = () => {
      used += 1
      resolve()
    }
    waiting.push(wake)
    try {
      await waitFor(promise, 'waiting for a stream', signal)
    } catch (error) {
      const place = waiting.indexOf(wake)
      if (place === -1) free()
      else waiting.splice(place, 1)
      throw error
    }
  }

  return {
    async acquire(signal) {
      await turn(signal)
      try {
        for (let stream = idle.pop(); stream !== undefined; stream = idle.pop()) {
          if (!stream.closed.aborted) return stream
        }
        return await open(signal)
      } catch (error) {
        free()
        throw error
      }
    },
    release(stream) {
      // Whether it is still open is looked at when it is taken again.
      idle.push(stream)
      free()
    },
  }
}
