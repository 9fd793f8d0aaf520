import type { Caller } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import type { CarrierConnection } from '../carrier.ts'
import { MAX_STREAMS_PER_PEER } from '../limits.ts'
import { PACKET_PROTOCOL } from '../protocols.ts'
import { withTimeout } from '../timeout.ts'
import { createStreamPool, type StreamPool } from './stream-pool.ts'

/** A connection with what we know of the peer at its other end. */
export interface Session {
  readonly connection: CarrierConnection
  /** Streams for our own requests. */
  readonly streams: StreamPool
  /** Who it is; absent before the first hello succeeded. */
  caller: Caller | undefined
  /** Name of this connection for both ends; access proofs are valid on it alone. Empty before the first hello. */
  connectionId: string
  /** The hello that is going on, whoever began it. Rejects when it fails. */
  greeting: Promise<Caller> | undefined
  /** The document that the peer showed in the last hello that succeeded. */
  identityBytes: Uint8Array | undefined
  /** The document that we showed in it. */
  shownIdentity: Uint8Array | undefined
  /** The peer's identity names this device no more: nothing is answered while the connection closes. */
  isRevoked: boolean
  /** Packet streams that the peer has open. */
  inboundStreams: number
}

/** @param options.openTimeoutMs - Longest wait for a new stream, in ms. */
export function createSession(
  connection: CarrierConnection,
  { clock, openTimeoutMs }: { readonly clock: Clock; readonly openTimeoutMs: number },
): Session {
  const subject = `opening a stream to ${connection.remotePeerId}`
  return {
    connection,
    streams: createStreamPool(MAX_STREAMS_PER_PEER, (signal) =>
      withTimeout({ clock, ms: openTimeoutMs, subject, signal }, (limit) =>
        connection.open(PACKET_PROTOCOL, { signal: limit }),
      ),
    ),
    caller: undefined,
    connectionId: '',
    greeting: undefined,
    identityBytes: undefined,
    shownIdentity: undefined,
    isRevoked: false,
    inboundStreams: 0,
  }
}
