import { type DeviceKey, equalBytes, type Fingerprint, LABELS, randomBytes, toHex } from '@bitdust/crypto'
import type { Caller } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import type { ByteStream } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import { MAX_DRAINED_BYTES, MAX_HEADER_BYTES, type TransportLimits, transferLimitMs } from '../limits.ts'
import { createIncomingBody, prepareBody } from '../packet/body.ts'
import { decodeFailure, FAIL } from '../packet/failure.ts'
import { type Frame, readFrame, sealFrame } from '../packet/frame.ts'
import { decodeReplyHeader, encodeRequestHeader, NONCE_BYTES, type ReplyHeader } from '../packet/header.ts'
import type { OutgoingPacket, ReceivedReply } from '../packet/messages.ts'
import { writePacket } from '../packet/write-packet.ts'
import { watchStream } from '../stream-watch.ts'
import { cancelled } from '../timeout.ts'

/** Our side of a connection: who signs, and for whom. */
export interface RequestContext {
  readonly deviceKey: DeviceKey
  /** Own identity. */
  readonly fingerprint: Fingerprint
  /** Own peer id. */
  readonly peerId: string
  readonly caller: Caller
  readonly clock: Clock
  readonly limits: TransportLimits
}

export interface RequestOptions {
  /** Longest wait without progress until the reply begins, in ms. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Called once, when the stream is not needed any more: in order, or aborted. */
  onDone(): void
}

/** One exchange on a stream that nobody else uses: writes the request, reads and verifies the reply. */
export async function requestOn(
  stream: ByteStream,
  packet: OutgoingPacket,
  context: RequestContext,
  { timeoutMs, signal, onDone }: RequestOptions,
): Promise<ReceivedReply> {
  const { clock, limits } = context
  const watch = watchStream(stream, clock, { idleMs: timeoutMs, totalMs: Number.POSITIVE_INFINITY })
  const onAbort = () => stream.abort(cancelled(packet.command, signal))
  let ended = false
  let sending: Promise<void> = Promise.resolve()
  let unsent = 0

  /** Gives the stream back: at once when it is of no more use, else as soon as the little that is left has left. */
  function end(error?: unknown): void {
    if (ended) return
    ended = true
    signal?.removeEventListener('abort', onAbort)
    if (error !== undefined) stream.abort(error instanceof Error ? error : new Error(String(error)))
    if (unsent > MAX_DRAINED_BYTES) {
      stream.abort(new TransportError('Cancelled', 'the answer came before the body had left'))
    }
    const sent = stream.closed.aborted ? Promise.resolve() : settled(sending, stream.closed)
    void sent.then(() => {
      watch.stop()
      onDone()
    })
  }

  function endOfBody(complete: boolean): void {
    end(complete ? undefined : new TransportError('Cancelled', 'reply was not read to its end'))
  }

  try {
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort)
    const nonce = randomBytes(NONCE_BYTES)
    const body = prepareBody(packet.body, packet.bodyCheck)
    const frame = await sealFrame(requestHeader(packet, nonce, body, context), context.deviceKey)
    watch.limit({ idleMs: timeoutMs, totalMs: transferLimitMs(body.length) + timeoutMs })
    unsent = body.length
    sending = writePacket(stream, watch, frame, body, (begun) => {
      unsent = body.length - begun
    })
    // A peer that refuses answers and resets before it took everything; then the answer, which waits on the stream,
    // counts. When something else ends the writing, this ends the reading.
    sending.catch((error) => stream.abort(error))
    const reply = await watch.io(readReply(stream, nonce, context))
    if (reply.command === FAIL) {
      end()
      throw decodeFailure(reply.payload, context.caller.fingerprint)
    }
    const { bodyLength, bodyHash } = reply
    watch.limit({ idleMs: limits.idleTimeoutMs, totalMs: transferLimitMs(bodyLength) })
    const incoming = createIncomingBody({ stream, watch, length: bodyLength, hash: bodyHash, onDone: endOfBody })
    return {
      command: reply.command,
      payload: reply.payload,
      bodyLength,
      body: incoming,
      readBody: () => incoming.readAll(limits.maxBodyBytes),
      cancel: () => endOfBody(incoming.remaining === 0),
    }
  } catch (error) {
    end(error)
    throw error
  }
}

/** Resolves when the work is over, well or not, or the stream is. */
function settled(work: Promise<void>, closed: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = () => resolve()
  closed.addEventListener('abort', end)
  work.then(end, end)
  return promise.finally(() => closed.removeEventListener('abort', end))
}

function requestHeader(
  packet: OutgoingPacket,
  nonce: Uint8Array,
  body: { readonly length: number; readonly hash: Uint8Array | null },
  { deviceKey, fingerprint, caller, clock, limits }: RequestContext,
): Uint8Array {
  const date = clock.now()
  return encodeRequestHeader({
    command: packet.command,
    owner: packet.owner,
    creator: fingerprint,
    device: deviceKey.publicKey.id,
    packetId: packet.packetId ?? toHex(randomBytes(NONCE_BYTES)),
    date,
    expires: date + limits.maxClockSkewMs,
    remote: { fingerprint: caller.fingerprint, peerId: caller.peerId },
    nonce,
    payload: packet.payload,
    bodyLength: body.length,
    bodyHash: body.hash,
  })
}

async function readReply(stream: ByteStream, nonce: Uint8Array, context: RequestContext): Promise<ReplyHeader> {
  const frame = await readFrame(stream, MAX_HEADER_BYTES + context.limits.maxPayloadBytes)
  if (frame !== null) return openReply(frame, nonce, context)
  throw new TransportError('Timeout', `${context.caller.peerId} closed the stream without an answer`)
}

/** Checks a reply, cheapest first. Freshness needs no clock: it answers a nonce that we just made. */
async function openReply(
  { header, signature }: Frame,
  nonce: Uint8Array,
  { caller, fingerprint, peerId }: RequestContext,
): Promise<ReplyHeader> {
  const reply = decodeReplyHeader(header)
  if (reply.creator !== caller.fingerprint || reply.device !== caller.device) {
    throw new TransportError('PeerIdentityMismatch', `reply of ${reply.creator}, expected ${caller.fingerprint}`)
  }
  if (reply.remote.fingerprint !== fingerprint || reply.remote.peerId !== peerId) {
    throw new TransportError('WrongAudience', `reply is for ${reply.remote.fingerprint}`)
  }
  if (reply.command === FAIL && reply.bodyLength > 0) throw new TransportError('PacketMalformed', `${FAIL} with a body`)
  if (!equalBytes(reply.echo, nonce)) throw new TransportError('ReplayDetected', 'reply answers another request')
  if (!(await caller.certificate.deviceKey.verify(LABELS.packet, header, signature))) {
    throw new TransportError('SignatureInvalid', `reply is not signed by ${caller.peerId}`)
  }
  return reply
}
