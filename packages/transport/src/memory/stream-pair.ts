import type { ByteStream } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import { createReadQueue, type ReadQueue } from '../read-queue.ts'

/** Bytes that may wait at the reader before the writer has to; what yamux grants a stream at first. */
export const MEMORY_WINDOW_BYTES = 256 * 1024

/** The part of a link that a stream needs. */
export interface Gate {
  /** Resolves at once, or when the link stops being stalled. */
  passable(signal: AbortSignal): Promise<void>
}

/** Two ends of one stream: what is written to one is read from the other. */
export interface StreamPair {
  readonly opener: ByteStream
  readonly acceptor: ByteStream
  /** The connection is gone: neither end can write; what has arrived can still be read. */
  lose(error: Error): void
}

export function createStreamPair(gate: Gate): StreamPair {
  const left = createEnd()
  const right = createEnd()
  return {
    opener: joinEnds(left, right, gate),
    acceptor: joinEnds(right, left, gate),
    lose(error) {
      for (const end of [left, right]) loseEnd(end, error)
    },
  }
}

/** One end: what arrived for it, and whether it is still of use. */
interface End {
  readonly inbox: ReadQueue
  readonly closed: AbortController
  /** Wakes the writer at the other end when the reader here made room. */
  onRoom: (() => void) | undefined
  writeClosed: boolean
}

function createEnd(): End {
  const end: End = {
    inbox: createReadQueue(() => end.onRoom?.()),
    closed: new AbortController(),
    onRoom: undefined,
    writeClosed: false,
  }
  return end
}

function joinEnds(own: End, other: End, gate: Gate): ByteStream {
  function roomAtReader(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const fail = (reason: unknown) => reject(reason)
    const onClosed = () => fail(own.closed.signal.reason)
    const onAbort = () => fail(signal?.reason)
    other.onRoom = resolve
    own.closed.signal.addEventListener('abort', onClosed, { once: true })
    signal?.addEventListener('abort', onAbort, { once: true })
    return promise.finally(() => {
      other.onRoom = undefined
      own.closed.signal.removeEventListener('abort', onClosed)
      signal?.removeEventListener('abort', onAbort)
    })
  }

  return {
    closed: own.closed.signal,
    read: own.inbox.read,
    readExactly: own.inbox.readExactly,
    async write(bytes, { signal } = {}) {
      for (let offset = 0; offset < bytes.length; ) {
        signal?.throwIfAborted()
        own.closed.signal.throwIfAborted()
        if (own.writeClosed) throw new TypeError('write: this side of the stream is closed')
        await gate.passable(own.closed.signal)
        const room = MEMORY_WINDOW_BYTES - other.inbox.size
        if (room <= 0) {
          await roomAtReader(signal)
          continue
        }
        // A copy, because a wire never shares memory with the sender.
        other.inbox.push(bytes.slice(offset, offset + room))
        offset += room
      }
    },
    async closeWrite() {
      if (own.writeClosed || own.closed.signal.aborted) return
      await gate.passable(own.closed.signal)
      own.writeClosed = true
      other.inbox.end()
      if (!other.writeClosed) return
      for (const end of [own, other]) loseEnd(end, new TransportError('Timeout', 'stream is closed'))
    },
    abort(error) {
      if (own.closed.signal.aborted) return
      own.inbox.destroy(error)
      own.closed.abort(error)
      loseEnd(other, new TransportError('Timeout', 'stream was reset by the peer'))
    },
  }
}

/** Nothing can be written any more; what waits can still be read, and an end of the bytes stays an end. */
function loseEnd(end: End, error: Error): void {
  end.inbox.fail(error)
  end.closed.abort(error)
}
