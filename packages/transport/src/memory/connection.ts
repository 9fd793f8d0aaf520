import type { ByteStream, CarrierConnection, StreamHandler } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import type { LinkState } from './link.ts'
import { createStreamPair, type StreamPair } from './stream-pair.ts'

/** One carrier as its peers see it. */
export interface MemoryEnd {
  readonly peerId: string
  handler(protocol: string): StreamHandler | undefined
  /** Takes over its end of a new connection. */
  adopt(connection: CarrierConnection): void
}

/** Joins two carriers; returns the dialer's end. */
export function createMemoryConnection(dialer: MemoryEnd, listener: MemoryEnd, link: LinkState): CarrierConnection {
  const streams = new Set<StreamPair>()
  const onClose = new Set<() => void>()
  let closed = false

  function close(): void {
    if (closed) return
    closed = true
    forgetLink()
    for (const pair of [...streams]) pair.lose(new TransportError('Timeout', 'connection is closed'))
    for (const callback of onClose) callback()
  }
  const forgetLink = link.onDown(close)

  function createEnd(remote: MemoryEnd, inbound: boolean, otherEnd: () => CarrierConnection): CarrierConnection {
    return {
      remotePeerId: remote.peerId,
      inbound,
      remoteAddress: `/memory/${remote.peerId}`,
      async open(protocol, { signal }) {
        signal.throwIfAborted()
        await link.passable(signal)
        if (closed) throw new TransportError('Timeout', `connection to ${remote.peerId} is closed`)
        const handler = remote.handler(protocol)
        if (handler === undefined) {
          throw new TransportError('VersionUnsupported', `${remote.peerId} does not know ${protocol}`)
        }
        const pair = createStreamPair(link)
        streams.add(pair)
        pair.opener.closed.addEventListener('abort', () => streams.delete(pair), { once: true })
        queueMicrotask(() => serve(handler, pair.acceptor, otherEnd()))
        return pair.opener
      },
      async close() {
        close()
      },
      onClose(callback) {
        if (closed) callback()
        else onClose.add(callback)
      },
    }
  }

  const dialerEnd: CarrierConnection = createEnd(listener, false, () => listenerEnd)
  const listenerEnd: CarrierConnection = createEnd(dialer, true, () => dialerEnd)
  dialer.adopt(dialerEnd)
  listener.adopt(listenerEnd)
  return dialerEnd
}

async function serve(handler: StreamHandler, stream: ByteStream, connection: CarrierConnection): Promise<void> {
  try {
    await handler(stream, connection)
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
}
