import type { Fingerprint } from '@bitdust/crypto'
import type { Caller } from '@bitdust/identity'
import type { BodyCheck, BodySource } from './body.ts'

/** A request to send. */
export interface OutgoingPacket {
  /** What is asked for: a word with a capital, at most 64 letters and digits. */
  readonly command: string
  /** Identity on whose behalf we ask; our own, or one that lets us. */
  readonly owner: Fingerprint
  /** Name of the packet, 1 to 128 of `A-Z a-z 0-9 $ @ : # _ -`. @default 32 random hex digits */
  readonly packetId?: string
  /** Travels inside the signed header; what the peer accepts is up to its handler, 64 KiB by default. */
  readonly payload: Uint8Array
  /** Bytes that follow the header. @default none */
  readonly body?: BodySource
  /** `handler`: the payload itself commits to the body, so that it is not hashed twice. @default 'hash' */
  readonly bodyCheck?: BodyCheck
}

/** A request as a handler gets it: from whom is verified, what for is for the handler to judge. */
export interface ReceivedPacket {
  readonly command: string
  /** On whose behalf the caller acts. Nothing but his word: check that he may. */
  readonly owner: Fingerprint
  readonly packetId: string
  readonly payload: Uint8Array
  /** Bytes of the body as declared; not more arrive. */
  readonly bodyLength: number
  /**
   * The body as it arrives; can be read once, and what is not read holds the sender back. Iterating throws
   * `SignatureInvalid` in place of the last chunk when the bytes are not those that were signed.
   */
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body in one array. */
  readBody(): Promise<Uint8Array>
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** Name of the connection, the same at both ends; what is proven on a connection holds there alone. */
  readonly connectionId: string
}

/** What a handler answers. */
export interface OutgoingReply {
  /** `Ack`, `Data`, `Files`, ...; anything but `Fail`, which is what a thrown error becomes. */
  readonly command: string
  readonly payload: Uint8Array
  readonly body?: BodySource
  readonly bodyCheck?: BodyCheck
}

/** Serves one command. To refuse, it throws an error with one of the codes that may travel. */
export type PacketHandler = (caller: Caller, packet: ReceivedPacket) => Promise<OutgoingReply>

/** What a handler accepts. */
export interface HandlerOptions {
  /** `handler`: requests may leave the hash of the body out, the handler verifies the bytes. @default 'hash' */
  readonly bodyCheck?: BodyCheck
  /** @default 65_536 */
  readonly maxPayloadBytes?: number
  /** @default 16 MiB */
  readonly maxBodyBytes?: number
}

/** The answer to a request. Its body must be read to the end or cancelled, because it occupies a stream until then. */
export interface ReceivedReply {
  readonly command: string
  readonly payload: Uint8Array
  readonly bodyLength: number
  /** As in {@link ReceivedPacket.body}. Leaving the loop early cancels. */
  readonly body: AsyncIterable<Uint8Array>
  readBody(): Promise<Uint8Array>
  /** Gives up the body. Idempotent. */
  cancel(): void
}
