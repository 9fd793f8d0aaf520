import { type OutgoingReply, type Transport, TransportError } from '@bitdust/transport'
import type { ByteRate } from './byte-rate.ts'

/** Longest that we let somebody wait who asks us, in ms: he would take us for dead soon after. */
const PATIENCE_MS = 10_000

/** Limits per direction; null is unlimited. */
export interface TransferLimits {
  readonly upload: ByteRate | null
  readonly download: ByteRate | null
}

/**
 * A transport whose bodies keep to limits, those that we send and fetch as well as those that others fetch from us and
 * send to us. Headers and answers without body are not counted. Somebody for whom there is no room soon is told `Busy`.
 */
export function limitedTransport(
  transport: Transport,
  { upload, download }: TransferLimits,
): Pick<Transport, 'request' | 'identify' | 'handle'> {
  if (upload === null && download === null) return transport
  const forever = new AbortController().signal

  async function admit(rate: ByteRate | null, bytes: number, signal: AbortSignal): Promise<void> {
    if (rate === null || bytes === 0) return
    if (rate.wait() > PATIENCE_MS)
      throw new TransportError('Busy', 'the bandwidth that this node gives is used up for now')
    await rate.take(bytes, signal)
  }

  return {
    identify: (to, options) => transport.identify(to, options),
    async request(to, packet, options = {}) {
      const { signal = forever } = options
      const bytes = bodyBytes(packet.body)
      if (bytes > 0) await upload?.take(bytes, signal)
      await download?.take(0, signal)
      const reply = await transport.request(to, packet, options)
      download?.spend(reply.bodyLength)
      return reply
    },
    handle(command, handler, options) {
      transport.handle(
        command,
        async (caller, packet) => {
          await admit(download, packet.bodyLength, packet.signal)
          const reply = await handler(caller, packet)
          await admit(upload, bodyBytes(reply.body), packet.signal)
          return reply
        },
        options,
      )
    },
  }
}

function bodyBytes(body: OutgoingReply['body']): number {
  if (body === undefined) return 0
  if (body instanceof Uint8Array || 'chunks' in body) return body.length
  return body.reduce((sum, part) => sum + part.length, 0)
}
