import { type Fingerprint, isBitdustError } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import type { Message } from '@bitdust/records'
import { isSupplierErrorCode, SupplierError } from '../errors.ts'
import type { CallOptions, OutgoingPacket, PacketSender, ReceivedReply } from '../ports.ts'
import { REPLIES } from '../protocol/commands.ts'
import { MAX_PAYLOAD_BYTES } from '../protocol/message-limits.ts'

/** One question to a supplier. */
export interface Question<Request, Reply> {
  readonly command: string
  /** Whose data it is about. */
  readonly customer: Fingerprint
  readonly request: readonly [message: Message<Request>, value: Request]
  readonly body?: OutgoingPacket['body']
  readonly bodyCheck?: OutgoingPacket['bodyCheck']
  readonly reply: Message<Reply>
  /** @default 'Ack' */
  readonly replyCommand?: string
}

/** What a supplier said, and the body that came with it. */
export interface Answer<Reply> {
  readonly said: Reply
  /** To be read, or cancelled, when `bodyLength` is not 0. */
  readonly received: ReceivedReply
}

/**
 * Asks a supplier, and reads what it says.
 *
 * @throws {SupplierError} The supplier refuses: its code, with its fingerprint as `subject`. `PacketMalformed`: its answer
 *   cannot be read. What fails on the way comes as the sender's own error.
 */
export type Call = <Request, Reply>(
  to: PeerRef,
  question: Question<Request, Reply>,
  options: CallOptions,
) => Promise<Answer<Reply>>

/** Calls over a sender. */
export function createCall(sender: PacketSender): Call {
  return async (to, question, options) => {
    const [message, value] = question.request
    const { command, customer: owner, body, bodyCheck, reply, replyCommand = REPLIES.ack } = question
    const packet = {
      command,
      owner,
      payload: message.encode(value),
      ...(body === undefined ? {} : { body }),
      ...(bodyCheck === undefined ? {} : { bodyCheck }),
    }
    const received = await sender.request(to, packet, options).catch((error) => Promise.reject(asRefusal(to, error)))
    try {
      if (received.command !== replyCommand)
        throw malformed(to, `answered ${received.command}, expected ${replyCommand}`)
      return { said: reply.decode(received.payload, MAX_PAYLOAD_BYTES), received }
    } catch (cause) {
      received.cancel()
      throw cause instanceof SupplierError ? cause : malformed(to, 'answered what cannot be read', cause)
    }
  }
}

/** What of a question is not in its answer's body. */
export async function say<Request, Reply>(
  call: Call,
  to: PeerRef,
  question: Question<Request, Reply>,
  options: CallOptions,
): Promise<Reply> {
  const { said, received } = await call(to, question, options)
  if (received.bodyLength > 0) received.cancel()
  return said
}

/** A supplier broke the protocol; its signature on the answer proves it. */
export function malformed(to: PeerRef, problem: string, cause?: unknown): SupplierError {
  const why = cause === undefined ? {} : { cause }
  return new SupplierError('PacketMalformed', problem, { culprit: to.fingerprint, subject: to.fingerprint, ...why })
}

/** The supplier said that there is no such thing, or none for us. */
export function isNotFound(error: unknown): boolean {
  return error instanceof SupplierError && error.code === 'NotFound'
}

/** Null in place of a supplier's `NotFound`. */
export async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

/** An error is the supplier's answer only when it names the supplier; all others say nothing of what it has. */
function asRefusal(to: PeerRef, error: unknown): unknown {
  if (!isBitdustError(error) || error.culprit !== to.fingerprint || !isSupplierErrorCode(error.code)) return error
  const { retryable } = error
  return new SupplierError(error.code, error.message, { cause: error, subject: to.fingerprint, retryable })
}
