import { createSha256, equalBytes, sha256 } from '@bitdust/crypto'
import { createByteCollector } from '../byte-collector.ts'
import type { ByteStream } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import type { StreamWatch } from '../stream-watch.ts'

/** Who vouches for the body: its hash in the signed header, or the handler, because the payload commits to the bytes. */
export type BodyCheck = 'hash' | 'handler'

/** A body that is produced while it is sent. */
export interface PacketBody {
  /** Bytes that `chunks` give together; more or less breaks the packet off. */
  readonly length: number
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** SHA-256 of all chunks. Needed with the check `hash`, because the hash travels first. */
  readonly sha256?: Uint8Array
}

/** Bytes that follow a header: at once, in parts that are sent one after the other, or produced while they are sent. */
export type BodySource = Uint8Array | readonly Uint8Array[] | PacketBody

/** A body with what the header says of it. */
export interface OutgoingBody {
  readonly length: number
  readonly hash: Uint8Array | null
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** @throws {TransportError} `PacketMalformed` for produced bytes under the check `hash` without their hash. */
export function prepareBody(source: BodySource | undefined, bodyCheck: BodyCheck = 'hash'): OutgoingBody {
  if (source === undefined) return { length: 0, hash: null, chunks: [] }
  if (isProduced(source)) {
    if (bodyCheck === 'hash' && source.length > 0 && source.sha256 === undefined) {
      throw new TransportError('PacketMalformed', 'a body produced while it is sent needs its sha256 beforehand')
    }
    return { ...source, hash: bodyCheck === 'hash' && source.length > 0 ? (source.sha256 ?? null) : null }
  }
  const chunks = source instanceof Uint8Array ? [source] : source
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  return { length, hash: bodyCheck === 'hash' && length > 0 ? sha256(...chunks) : null, chunks }
}

function isProduced(source: BodySource): source is PacketBody {
  return 'chunks' in source
}

/** A body on its way in. It can be read once. */
export interface IncomingBody extends AsyncIterable<Uint8Array> {
  /** Bytes not read yet. */
  readonly remaining: number
  /** Gathers the whole body. Throws `LimitExceeded` above `maxBytes`, before reading. */
  readAll(maxBytes: number): Promise<Uint8Array>
  /** Reads what is left and throws it away, unchecked. False when the peer closed its side before. */
  drain(): Promise<boolean>
}

export interface IncomingBodyOptions {
  readonly stream: ByteStream
  readonly watch: StreamWatch
  readonly length: number
  /** SHA-256 that the bytes must have, or `null`. */
  readonly hash: Uint8Array | null
  /** Called once: `true` when all bytes were read and are right, else `false`. */
  onDone(complete: boolean): void
}

/**
 * Streams exactly `length` bytes; what comes after them stays on the stream. Iterating throws `SignatureInvalid` in
 * place of the last chunk when the hash differs, and `PacketMalformed` when the peer closes its side early.
 */
export function createIncomingBody({ stream, watch, length, hash, onDone }: IncomingBodyOptions): IncomingBody {
  let remaining = length
  let started = false
  if (length === 0) onDone(true)

  async function next(): Promise<Uint8Array | null> {
    const chunk = await watch.io(stream.read(remaining))
    remaining -= chunk?.length ?? 0
    return chunk
  }

  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const hasher = hash === null ? undefined : createSha256()
    let complete = length === 0
    try {
      while (remaining > 0) {
        const chunk = await next()
        if (chunk === null) throw new TransportError('PacketMalformed', `body ended ${remaining} bytes early`)
        hasher?.update(chunk)
        // Before the last chunk is handed out, so that nobody ever holds a complete wrong body.
        if (remaining === 0) {
          if (hash !== null && hasher !== undefined && !equalBytes(hasher.digest(), hash)) {
            throw new TransportError('SignatureInvalid', 'body does not have the hash that the header signs')
          }
          complete = true
        }
        yield chunk
      }
    } finally {
      if (length > 0) onDone(complete)
    }
  }

  function open(): AsyncGenerator<Uint8Array, void, undefined> {
    if (started) throw new TypeError('body: can be read once')
    started = true
    return chunks()
  }

  return {
    get remaining() {
      return remaining
    },
    [Symbol.asyncIterator]: open,
    async readAll(maxBytes) {
      if (length > maxBytes) throw new TransportError('LimitExceeded', `body of ${length} bytes, limit is ${maxBytes}`)
      const collector = createByteCollector()
      for await (const chunk of open()) collector.add(chunk)
      return collector.join()
    },
    async drain() {
      while (remaining > 0) if ((await next()) === null) return false
      return true
    },
  }
}
