/** How much a transport takes from its peers and how long it waits for them. */
export interface TransportLimits {
  /** Largest payload of a reply, and of a request whose handler names no other, in bytes. @default 65_536 */
  readonly maxPayloadBytes: number
  /** Largest body that `readBody` gathers, and largest body of a request whose handler names no other. @default 16 MiB */
  readonly maxBodyBytes: number
  /** Requests of one peer: steady rate. @default 200 */
  readonly requestsPerSecond: number
  /** Requests of one peer at once. @default 400 */
  readonly requestBurst: number
  /** Wrong signatures of one peer before it is banned. @default 20 */
  readonly badSignaturesPerMinute: number
  /** How long a banned peer is refused, in ms. @default 600_000 */
  readonly banMs: number
  /** Signatures that this node checks for all peers together. @default 5_000 */
  readonly signatureChecksPerSecond: number
  /** Packets dated further from our clock are refused, in ms. @default 300_000 */
  readonly maxClockSkewMs: number
  /** Nonces remembered, each for twice the clock skew; above it packets get `Busy`. @default 1_000_000 */
  readonly maxNonces: number
  /** Longest dial, in ms. @default 10_000 */
  readonly dialTimeoutMs: number
  /** Longest exchange of identities after a dial, in ms. @default 5_000 */
  readonly helloTimeoutMs: number
  /** Longest wait for the reply after the last progress of the request, unless the call says otherwise, in ms. @default 30_000 */
  readonly replyTimeoutMs: number
  /** Longest pause inside a frame or a body, in ms. @default 30_000 */
  readonly idleTimeoutMs: number
}

/** `threats.md` §7. */
export const DEFAULT_LIMITS: TransportLimits = {
  maxPayloadBytes: 64 * 1024,
  maxBodyBytes: 16 * 1024 * 1024,
  requestsPerSecond: 200,
  requestBurst: 400,
  badSignaturesPerMinute: 20,
  banMs: 600_000,
  signatureChecksPerSecond: 5_000,
  maxClockSkewMs: 300_000,
  maxNonces: 1_000_000,
  dialTimeoutMs: 10_000,
  helloTimeoutMs: 5_000,
  replyTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
}

/** Kept packet streams per connection and direction: so many exchanges run at once with one peer. */
export const MAX_STREAMS_PER_PEER = 8

/** Connections of one peer, whoever dialed; further ones are closed. Two who dial each other at once make two. */
export const MAX_CONNECTIONS_PER_PEER = 4

/** A frame without its payload, in bytes. */
export const MAX_HEADER_BYTES = 8 * 1024

/** What is left of a request's body after the answer is read and thrown away up to this size; above it the stream is reset. */
export const MAX_DRAINED_BYTES = 64 * 1024

/** Body bytes are written in pieces of this size, so that progress is seen and the peer's answer is noticed in between. */
export const WRITE_PIECE_BYTES = 256 * 1024

/** A whole request or reply may take this long, plus one second for each 64 KiB. */
export const TRANSFER_BASE_MS = 120_000
const TRANSFER_BYTES_PER_MS = (64 * 1024) / 1000

/** Longest transfer of so many bytes, in ms. */
export function transferLimitMs(bytes: number): number {
  return TRANSFER_BASE_MS + bytes / TRANSFER_BYTES_PER_MS
}
