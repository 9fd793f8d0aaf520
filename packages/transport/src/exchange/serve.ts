import type { ByteStream } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import { MAX_DRAINED_BYTES, MAX_HEADER_BYTES, transferLimitMs } from '../limits.ts'
import { createIncomingBody, type IncomingBody } from '../packet/body.ts'
import { type Frame, readFrame } from '../packet/frame.ts'
import { decodeRequestHeader } from '../packet/header.ts'
import { writePacket } from '../packet/write-packet.ts'
import type { GreetedSession } from '../session/sessions.ts'
import { type StreamWatch, watchStream } from '../stream-watch.ts'
import { type AnswerContext, answer } from './answer.ts'

/**
 * Serves the requests on a stream one after the other, until the peer closes it. Whatever breaks the order of frames
 * ends the stream; malformed frames are not even answered, because nothing in them can be trusted.
 */
export async function servePackets(stream: ByteStream, session: GreetedSession, context: AnswerContext): Promise<void> {
  // One listener for the life of the stream, whatever number of exchanges it carries.
  let exchange: AbortController | undefined
  stream.closed.addEventListener('abort', () => exchange?.abort(stream.closed.reason), { once: true })
  for (let goesOn = true; goesOn; ) {
    exchange = new AbortController()
    goesOn = await serveOne(stream, session, context, exchange.signal)
  }
}

/** @returns Whether another request may follow on the stream. */
async function serveOne(
  stream: ByteStream,
  session: GreetedSession,
  context: AnswerContext,
  signal: AbortSignal,
): Promise<boolean> {
  const idleMs = context.limits.idleTimeoutMs
  let watch: StreamWatch | undefined
  try {
    // Between requests a stream may rest for ever; from its first byte on, a frame has to come in.
    const frame = await readFrame(stream, largestHeader(context), () => {
      watch = watchStream(stream, context.clock, { idleMs, totalMs: idleMs })
    })
    if (frame !== null && watch !== undefined) {
      return await exchangeOne({ stream, session, frame, watch, signal }, context)
    }
    await stream.closeWrite()
    return false
  } finally {
    watch?.stop()
  }
}

interface Exchange {
  readonly stream: ByteStream
  readonly session: GreetedSession
  readonly frame: Frame
  readonly watch: StreamWatch
  readonly signal: AbortSignal
}

async function exchangeOne(exchange: Exchange, context: AnswerContext): Promise<boolean> {
  const { stream, session, frame, watch, signal } = exchange
  if (session.isRevoked) throw new TransportError('PeerIdentityMismatch', 'the device was revoked')
  const idleMs = context.limits.idleTimeoutMs
  const header = decodeRequestHeader(frame.header)
  watch.limit({ idleMs, totalMs: transferLimitMs(header.bodyLength) })
  const body = createIncomingBody({
    stream,
    watch,
    length: header.bodyLength,
    hash: header.bodyHash,
    // How long the handler then thinks is its own affair, and that of the peer who may stop waiting.
    onDone: () => watch.limit({ idleMs, totalMs: Number.POSITIVE_INFINITY }),
  })
  // Asked for each time: a later hello may have brought a newer identity.
  const { caller, connectionId } = session
  const reply = await answer({ header, frame, caller, body, signal, connectionId }, context)
  watch.limit({ idleMs, totalMs: transferLimitMs(reply.body.length) })
  await writePacket(stream, watch, reply.frame, reply.body)
  if (reply.verdict === 'trusted') return leaveInOrder(stream, watch, body, idleMs)
  await endStream(stream, 'a signature was wrong')
  if (reply.verdict === 'banned') await session.connection.close()
  return false
}

/** What the handler left of the body stands before the next request: a little is thrown away, much costs the stream. */
async function leaveInOrder(
  stream: ByteStream,
  watch: StreamWatch,
  body: IncomingBody,
  idleMs: number,
): Promise<boolean> {
  watch.limit({ idleMs, totalMs: idleMs })
  if (body.remaining <= MAX_DRAINED_BYTES) return body.drain()
  await endStream(stream, 'the answer came before the body was read')
  return false
}

/** After the answer has left, nothing more is read. */
async function endStream(stream: ByteStream, reason: string): Promise<void> {
  await stream.closeWrite()
  stream.abort(new TransportError('Cancelled', reason))
}

function largestHeader({ handlers, limits }: AnswerContext): number {
  let largest = limits.maxPayloadBytes
  for (const { maxPayloadBytes } of handlers.values()) largest = Math.max(largest, maxPayloadBytes)
  return MAX_HEADER_BYTES + largest
}
