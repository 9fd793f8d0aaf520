/**
 * Authenticated channels between two BitDust identities: signed service packets, request and reply, bulk bytes with
 * backpressure. The bytes are moved by a carrier: `./libp2p` on real networks, `./memory` inside one process.
 *
 * @packageDocumentation
 */
export type { ByteStream, Carrier, CarrierConnection, StreamHandler, WaitOptions } from './carrier.ts'
export { isTransportError, TransportError, type TransportErrorCode, type TransportErrorOptions } from './errors.ts'
export type { TransportEvents, TransportEventTarget } from './events.ts'
export {
  DEFAULT_LIMITS,
  MAX_DRAINED_BYTES,
  MAX_HEADER_BYTES,
  MAX_STREAMS_PER_PEER,
  type TransportLimits,
} from './limits.ts'
export type { Logger } from './logger.ts'
export type { BodyCheck, BodySource, PacketBody } from './packet/body.ts'
export type {
  HandlerOptions,
  OutgoingPacket,
  OutgoingReply,
  PacketHandler,
  ReceivedPacket,
  ReceivedReply,
} from './packet/messages.ts'
export { HELLO_PROTOCOL, PACKET_PROTOCOL } from './protocols.ts'
export {
  createTransport,
  type PeerAddress,
  type RequestOptions,
  type Transport,
  type TransportOptions,
} from './transport.ts'
