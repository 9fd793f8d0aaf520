import {
  type CanonicalValue,
  type DeviceId,
  decodeCanonical,
  encodeCanonical,
  type Fingerprint,
  isBitdustError,
  parseDeviceId,
  parseFingerprint,
} from '@bitdust/crypto'
import * as v from 'valibot'
import { TransportError } from '../errors.ts'

/** Version of the packet format that we write, and the only one that exists. */
export const PACKET_VERSION = 1
export const NONCE_BYTES = 16
/** A packet that is valid longer than this could outlive the memory of its nonce. */
const MAX_LIFETIME_MS = 600_000
const MAX_BODY_BYTES = 2 ** 40

/** Who a packet is for: the identity and the device. */
export interface PacketAudience {
  readonly fingerprint: Fingerprint
  readonly peerId: string
}

/** What requests and replies have in common. */
interface CommonHeader {
  /** A word with a capital, e.g. `Data`; at most 64 characters. */
  readonly command: string
  /** Identity that speaks. */
  readonly creator: Fingerprint
  /** Device that speaks and signs. */
  readonly device: DeviceId
  readonly remote: PacketAudience
  /** When it was written, in ms since the Unix epoch. */
  readonly date: number
  readonly payload: Uint8Array
  /** Bytes that follow the signature on the stream. */
  readonly bodyLength: number
  /** SHA-256 of the body; `null` without a body, or when the payload itself commits to it. */
  readonly bodyHash: Uint8Array | null
}

/** The signed part of a request: canonical CBOR of these fields and `v`. */
export interface RequestHeader extends CommonHeader {
  /** Identity on whose behalf the creator acts; whether it may is for the handler. */
  readonly owner: Fingerprint
  /** 1 to 128 of `A-Z a-z 0-9 $ @ : # _ -`. */
  readonly packetId: string
  /** From when on the packet is void, in ms since the Unix epoch. */
  readonly expires: number
  /** 16 random bytes, never used twice. */
  readonly nonce: Uint8Array
}

/** The signed part of a reply. */
export interface ReplyHeader extends CommonHeader {
  /** The nonce of the request. */
  readonly echo: Uint8Array
}

const fingerprint = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.transform(parseFingerprint))
const deviceId = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.transform(parseDeviceId))
const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const bytes = v.instance(Uint8Array)
const bytesOf = (size: number) => v.pipe(bytes, v.length(size))

const commonFields = {
  v: v.literal(PACKET_VERSION),
  command: v.pipe(v.string(), v.regex(/^[A-Z][A-Za-z0-9]{0,63}$/)),
  creator: fingerprint,
  device: deviceId,
  remote: v.strictObject({ fingerprint, peerId: v.pipe(v.string(), v.regex(/^[1-9A-HJ-NP-Za-km-z]{1,64}$/)) }),
  date: time,
  payload: bytes,
  bodyLength: v.pipe(time, v.maxValue(MAX_BODY_BYTES)),
  bodyHash: v.nullable(bytesOf(32)),
}

const requestSchema = v.pipe(
  v.strictObject({
    ...commonFields,
    owner: fingerprint,
    packetId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9$@:#_-]{1,128}$/)),
    expires: time,
    nonce: bytesOf(NONCE_BYTES),
  }),
  v.check(({ bodyLength, bodyHash }) => bodyLength > 0 || bodyHash === null, 'a hash without a body'),
  v.check(
    ({ date, expires }) => expires > date && expires - date <= MAX_LIFETIME_MS,
    `expires is not within ${MAX_LIFETIME_MS} ms after date`,
  ),
)

const replySchema = v.pipe(
  v.strictObject({ ...commonFields, echo: bytesOf(NONCE_BYTES) }),
  v.check(({ bodyLength, bodyHash }) => bodyLength > 0 || bodyHash === null, 'a hash without a body'),
)

/** @throws {TransportError} `PacketMalformed` for a field out of its range. */
export function encodeRequestHeader(header: RequestHeader): Uint8Array {
  return encodeCanonical(check(requestSchema, { v: PACKET_VERSION, ...header }))
}

/** @throws {TransportError} `PacketMalformed`, or `VersionUnsupported` for another `v`. */
export function decodeRequestHeader(encoded: Uint8Array): RequestHeader {
  const { v: _version, ...header } = check(requestSchema, decodeVersioned(encoded))
  return header
}

/** @throws {TransportError} `PacketMalformed` for a field out of its range. */
export function encodeReplyHeader(header: ReplyHeader): Uint8Array {
  return encodeCanonical(check(replySchema, { v: PACKET_VERSION, ...header }))
}

/** @throws {TransportError} `PacketMalformed`, or `VersionUnsupported` for another `v`. */
export function decodeReplyHeader(encoded: Uint8Array): ReplyHeader {
  const { v: _version, ...header } = check(replySchema, decodeVersioned(encoded))
  return header
}

function decodeVersioned(encoded: Uint8Array): CanonicalValue {
  const value = decodeOrRefuse(encoded)
  const version = v.safeParse(v.object({ v: v.number() }), value)
  if (version.success && version.output.v !== PACKET_VERSION) {
    throw new TransportError('VersionUnsupported', `packet version ${version.output.v}, expected ${PACKET_VERSION}`)
  }
  return value
}

function decodeOrRefuse(encoded: Uint8Array): CanonicalValue {
  try {
    return decodeCanonical(encoded, { maxBytes: encoded.length })
  } catch (cause) {
    if (!isBitdustError(cause)) throw cause
    throw new TransportError('PacketMalformed', `packet header: ${cause.message}`, { cause })
  }
}

function check<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  throw new TransportError('PacketMalformed', `packet header, ${v.getDotPath(issue) ?? 'whole'}: ${issue.message}`)
}
