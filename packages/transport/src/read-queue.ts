import { createByteCollector } from './byte-collector.ts'
import type { WaitOptions } from './carrier.ts'
import { TransportError } from './errors.ts'

/** Chunks below this size are copied into a shared one, so that waiting bytes cost what they weigh. */
const SMALL_CHUNK_BYTES = 1024
const STAGING_BYTES = 16 * 1024

/** Bytes that arrived and were not read yet; shared by the carriers. One reader at a time. */
export interface ReadQueue {
  /** Bytes waiting. */
  readonly size: number
  /** Keeps the array: the caller must not change it afterwards. */
  push(chunk: Uint8Array): void
  /** The peer closed its side: after what waits, `read` gives `null`. */
  end(): void
  /** The peer reset the stream: after what waits, `read` throws. */
  fail(error: Error): void
  /** Aborted on this side: what waits is dropped, `read` throws at once. */
  destroy(error: Error): void
  read(maxBytes?: number, options?: WaitOptions): Promise<Uint8Array | null>
  readExactly(size: number, options?: WaitOptions): Promise<Uint8Array>
}

/** @param onConsumed - Called after bytes were taken out, for the carrier to open its window. */
export function createReadQueue(onConsumed: () => void): ReadQueue {
  const chunks: Uint8Array[] = []
  let size = 0
  let staging = new Uint8Array(0)
  let ended: { readonly error?: Error } | undefined
  let wake: (() => void) | undefined

  function append(chunk: Uint8Array): void {
    if (chunk.length >= SMALL_CHUNK_BYTES) {
      chunks.push(chunk)
      return
    }
    const last = chunks.at(-1)
    const end = last === undefined ? 0 : last.byteOffset + last.length
    if (last?.buffer === staging.buffer && staging.length - end >= chunk.length) {
      staging.set(chunk, end)
      chunks[chunks.length - 1] = staging.subarray(last.byteOffset, end + chunk.length)
      return
    }
    staging = new Uint8Array(STAGING_BYTES)
    staging.set(chunk)
    chunks.push(staging.subarray(0, chunk.length))
  }

  function take(maxBytes: number): Uint8Array {
    const first = chunks[0]!
    const taken = first.length > maxBytes ? first.subarray(0, maxBytes) : first
    if (taken === first) chunks.shift()
    else chunks[0] = first.subarray(maxBytes)
    size -= taken.length
    onConsumed()
    return taken
  }

  function arrival(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        wake = undefined
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      wake = () => {
        wake = undefined
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
    })
  }

  async function read(maxBytes = Number.POSITIVE_INFINITY, { signal }: WaitOptions = {}): Promise<Uint8Array | null> {
    if (wake !== undefined) throw new TypeError('read: another read is waiting, expected one reader at a time')
    while (chunks.length === 0) {
      if (ended?.error !== undefined) throw ended.error
      if (ended !== undefined) return null
      await arrival(signal)
    }
    return take(maxBytes)
  }

  async function readExactly(wanted: number, options?: WaitOptions): Promise<Uint8Array> {
    const collector = createByteCollector()
    for (let got = 0; got < wanted; ) {
      const part = await read(wanted - got, options)
      if (part === null) {
        throw new TransportError('PacketMalformed', `stream ended after ${got} bytes, expected ${wanted}`)
      }
      collector.add(part)
      got += part.length
    }
    return collector.join()
  }

  return {
    get size() {
      return size
    },
    push(chunk) {
      if (ended !== undefined || chunk.length === 0) return
      append(chunk)
      size += chunk.length
      wake?.()
    },
    end() {
      ended ??= {}
      wake?.()
    },
    fail(error) {
      // A reset after a clean end takes nothing back: the peer had said all it had to say.
      ended ??= { error }
      wake?.()
    },
    destroy(error) {
      ended = { error }
      chunks.length = 0
      size = 0
      wake?.()
    },
    read,
    readExactly,
  }
}
