import type { Stream } from '@libp2p/interface'
import type { ByteStream, WaitOptions } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import { createReadQueue } from '../read-queue.ts'

/** Reading pauses the stream above the first and resumes it below the second, so that the peer's writer waits for our reader. */
const PAUSE_BYTES = 1024 * 1024
const RESUME_BYTES = 512 * 1024
/** Large enough to keep the cost per call low, small enough that other streams get their turn on the connection. */
const PIECE_BYTES = 256 * 1024

/** A libp2p stream as the carrier port wants it: pulled, not pushed, and with writes that wait. */
export function adaptStream(stream: Stream): ByteStream {
  const closed = new AbortController()
  let paused = false
  let peerFinished = stream.remoteWriteStatus === 'closed' && !isBroken(stream)
  const inbox = createReadQueue(() => {
    if (paused && inbox.size < RESUME_BYTES) resume()
  })

  function resume(): void {
    paused = false
    if (stream.readStatus !== 'paused') return
    try {
      stream.resume()
    } catch {
      // It hands over what it holds, then tells the peer; of a connection that is gone only the first succeeds.
    }
  }

  function onClose(error: Error | undefined): void {
    const reason = streamLost(error)
    // A stream that was closed while paused still holds bytes.
    if (paused) resume()
    if (error === undefined && peerFinished) inbox.end()
    else inbox.fail(reason)
    closed.abort(reason)
  }

  stream.addEventListener('message', ({ data }) => {
    for (const chunk of data instanceof Uint8Array ? [data] : data) inbox.push(plainBytes(chunk))
    if (!paused && inbox.size >= PAUSE_BYTES && stream.readStatus === 'readable') {
      paused = true
      stream.pause()
    }
  })
  stream.addEventListener('remoteCloseWrite', () => {
    peerFinished = true
  })
  // Comes with a reset, too, and when the connection is lost; the stream ended well only if the peer said so.
  stream.addEventListener('end', () => {
    if (peerFinished && !isBroken(stream)) inbox.end()
  })
  stream.addEventListener('close', ({ error }) => onClose(error))
  // Both may have happened before anybody listened. What the stream holds is handed over in a microtask, before the close.
  if (peerFinished && stream.readableEnded) inbox.end()
  if (stream.status === 'closed') queueMicrotask(() => onClose(undefined))
  if (isBroken(stream)) queueMicrotask(() => onClose(new Error(`stream is ${stream.status}`)))

  return {
    closed: closed.signal,
    read: inbox.read,
    readExactly: inbox.readExactly,
    async write(bytes, options) {
      for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES) {
        options?.signal?.throwIfAborted()
        await send(bytes.subarray(offset, offset + PIECE_BYTES), options)
      }
    },
    async closeWrite() {
      if (closed.signal.aborted) return
      try {
        await stream.close({ signal: closed.signal })
      } catch (error) {
        throw closed.signal.aborted ? closed.signal.reason : streamLost(error)
      }
    },
    abort(error) {
      if (closed.signal.aborted) return
      inbox.destroy(error)
      closed.abort(error)
      stream.abort(error)
    },
  }

  async function send(piece: Uint8Array, options: WaitOptions = {}): Promise<void> {
    closed.signal.throwIfAborted()
    try {
      stream.send(piece)
    } catch (error) {
      throw closed.signal.aborted ? closed.signal.reason : streamLost(error)
    }
    while (stream.writableNeedsDrain) await drained(options)
  }

  /**
   * Resolves after the next 'drain' event. Not `stream.onDrain()`: in @libp2p/utils 7.4.1 the promise behind it is made
   * once and stays resolved, so that from the second wait on it does not wait at all.
   */
  function drained({ signal }: WaitOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onDrain = () => resolve()
    const onClosed = () => reject(closed.signal.reason)
    const onAbort = () => reject(signal?.reason)
    stream.addEventListener('drain', onDrain)
    closed.signal.addEventListener('abort', onClosed)
    signal?.addEventListener('abort', onAbort)
    if (closed.signal.aborted) onClosed()
    if (signal?.aborted) onAbort()
    return promise.finally(() => {
      stream.removeEventListener('drain', onDrain)
      closed.signal.removeEventListener('abort', onClosed)
      signal?.removeEventListener('abort', onAbort)
    })
  }
}

function isBroken({ status }: Stream): boolean {
  return status === 'reset' || status === 'aborted'
}

function streamLost(cause: unknown): TransportError {
  return new TransportError('Timeout', 'stream was closed or reset by the peer', { cause })
}

/** Sockets give `Buffer`s, whose `slice` and comparisons behave unlike those of other arrays. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
