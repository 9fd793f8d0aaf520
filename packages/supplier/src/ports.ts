import type { Fingerprint } from '@bitdust/crypto'
import type { Caller, PeerRef } from '@bitdust/identity'

/** What calls over the network take. */
export interface CallOptions {
  /** Gives up; the call rejects with the signal's reason or with the sender's error for it. */
  readonly signal?: AbortSignal
}

/** A packet to another node. */
export interface OutgoingPacket extends OutgoingReply {
  /** Whose data it is about. Nobody gets a right from it. */
  readonly owner: Fingerprint
}

/** Bytes behind a payload: at once, in parts, or read while they are sent. */
export type Body =
  | Uint8Array
  | readonly Uint8Array[]
  | { readonly length: number; readonly chunks: AsyncIterable<Uint8Array> }

/** The answer to a packet. */
export interface OutgoingReply {
  readonly command: string
  readonly payload: Uint8Array
  readonly body?: Body
  /** `handler`: what the body must be follows from the payload. @default 'hash' */
  readonly bodyCheck?: 'hash' | 'handler'
}

/** What arrives with a packet or an answer beside its header. */
export interface Received {
  readonly payload: Uint8Array
  /** Declared; `body` never gives more, and throws when it gives less. */
  readonly bodyLength: number
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body. */
  readBody(): Promise<Uint8Array>
}

/** The answer of another node. Its body has to be read to the end, or cancelled. */
export interface ReceivedReply extends Received {
  readonly command: string
  /** Gives up the body. Idempotent. */
  cancel(): void
}

/** A packet whose sender and signature are verified. */
export interface ReceivedPacket extends Received {
  /** Aborts when the connection is gone or the sender gave up. */
  readonly signal: AbortSignal
  /** Names the connection; never used again for another one. */
  readonly connectionId: string
}

/**
 * Sends packets and waits for the answer. `Transport` of `@bitdust/transport` is one. The error that stands for a refusal
 * of the other node has the node's `code`, and its fingerprint as `culprit`; no other error has that.
 */
export interface PacketSender {
  request(to: PeerRef, packet: OutgoingPacket, options: CallOptions): Promise<ReceivedReply>
}

/** Answers one packet; what it throws with one of our codes is sent as refusal. */
export type PacketHandler = (caller: Caller, packet: ReceivedPacket) => Promise<OutgoingReply>

/** Gives packets to whoever handles their command. `Transport` of `@bitdust/transport` is one. */
export interface PacketRouter {
  handle(
    command: string,
    handler: PacketHandler,
    options?: { readonly bodyCheck?: 'hash' | 'handler'; readonly maxBodyBytes?: number },
  ): void
}
