import type { DeviceKey } from '@bitdust/crypto'
import type { Caller } from '@bitdust/identity'
import { isTransportError, TransportError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { type IncomingBody, type OutgoingBody, prepareBody } from '../packet/body.ts'
import { encodeFailure, FAIL, refusalOf } from '../packet/failure.ts'
import { type Frame, sealFrame } from '../packet/frame.ts'
import { encodeReplyHeader, type RequestHeader } from '../packet/header.ts'
import type { OutgoingReply } from '../packet/messages.ts'
import { type AdmissionContext, admit, type RegisteredHandler } from './admission.ts'

/** What answering a request needs. */
export interface AnswerContext extends AdmissionContext {
  readonly deviceKey: DeviceKey
  readonly logger: Logger
}

/** A request whose header was read and whose signature was not looked at yet. */
export interface ReceivedRequest {
  readonly header: RequestHeader
  readonly frame: Frame
  readonly caller: Caller
  readonly body: IncomingBody
  /** Aborted when the peer stops waiting. */
  readonly signal: AbortSignal
  readonly connectionId: string
}

/** An answer ready to be written. */
export interface SealedReply {
  readonly frame: Uint8Array
  readonly body: OutgoingBody
  /** What the request says of its sender: after a wrong signature the stream ends, after too many the connection. */
  readonly verdict: 'trusted' | 'mistrusted' | 'banned'
}

/** Admits a request, lets its handler serve it, and signs the answer; every failure becomes a `Fail`. */
export async function answer(request: ReceivedRequest, context: AnswerContext): Promise<SealedReply> {
  const { header, frame, caller } = request
  let handler: RegisteredHandler
  try {
    handler = await admit(header, frame, caller, context)
  } catch (error) {
    return refuse(
      request,
      error,
      isTransportError(error, 'SignatureInvalid') ? punish(caller, context) : 'trusted',
      context,
    )
  }
  try {
    const reply = await serve(handler, request, context)
    return await seal(reply, 'trusted', request, context).catch((cause) => {
      throw new TypeError(`handler of ${header.command} gave an answer that cannot be sent`, { cause })
    })
  } catch (error) {
    return refuse(request, error, 'trusted', context)
  }
}

async function serve(
  { handle }: RegisteredHandler,
  { header, body, signal, connectionId, caller }: ReceivedRequest,
  { limits }: AnswerContext,
): Promise<OutgoingReply> {
  const { command, owner, packetId, payload, bodyLength } = header
  const readBody = () => body.readAll(limits.maxBodyBytes)
  const packet = { command, owner, packetId, payload, bodyLength, body, readBody, signal, connectionId }
  const reply = await handle(caller, packet)
  if (reply.command === FAIL) throw new TypeError(`handler of ${command} answered ${FAIL}, expected it to throw`)
  return reply
}

function punish({ peerId }: Caller, { guard, logger }: AnswerContext): SealedReply['verdict'] {
  const banned = guard.badSignature(peerId)
  logger.warn(banned ? 'peer is banned for wrong signatures' : 'wrong signature', { peerId })
  return banned ? 'banned' : 'mistrusted'
}

function refuse(
  request: ReceivedRequest,
  error: unknown,
  verdict: SealedReply['verdict'],
  context: AnswerContext,
): Promise<SealedReply> {
  const { header, caller } = request
  const failure = refusalOf(error)
  const fields = { command: header.command, packetId: header.packetId, peerId: caller.peerId, code: failure.code }
  if (failure.code === 'Internal') context.logger.warn('handler failed', { ...fields, error })
  else context.logger.debug('request refused', fields)
  return seal({ command: FAIL, payload: encodeFailure(failure) }, verdict, request, context)
}

/** @throws {TransportError} `PacketMalformed` or `LimitExceeded` when the handler's answer breaks a rule of the format. */
async function seal(
  reply: OutgoingReply,
  verdict: SealedReply['verdict'],
  { header, caller }: ReceivedRequest,
  { clock, limits, deviceKey, fingerprint }: AnswerContext,
): Promise<SealedReply> {
  const { length } = reply.payload
  if (length > limits.maxPayloadBytes) {
    throw new TransportError('LimitExceeded', `reply payload of ${length} bytes, limit is ${limits.maxPayloadBytes}`)
  }
  const body = prepareBody(reply.body, reply.bodyCheck)
  const encoded = encodeReplyHeader({
    command: reply.command,
    creator: fingerprint,
    device: deviceKey.publicKey.id,
    remote: { fingerprint: caller.fingerprint, peerId: caller.peerId },
    date: clock.now(),
    echo: header.nonce,
    payload: reply.payload,
    bodyLength: body.length,
    bodyHash: body.hash,
  })
  return { frame: await sealFrame(encoded, deviceKey), body, verdict }
}
