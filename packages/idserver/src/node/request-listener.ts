import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { type Answer, headersOf } from '../http/answer.ts'
import type { Ask, RequestInfo } from '../http/ask.ts'
import type { Responder } from '../responder.ts'
import { readIncoming } from './read-incoming.ts'

/** How long the rest of a body that nobody wants is still taken from the socket, in ms. */
const DISCARD_MS = 500

/** And how much of it, in bytes: what a sender who was refused may have on its way. */
const DISCARD_BYTES = 1024 ** 2

/**
 * Binds a responder to Node's HTTP server, straight: making `Request` and `Response` objects of everything took three
 * quarters of the time.
 */
export function requestListener(responder: Responder): RequestListener {
  return async (incoming, outgoing) => {
    const answer = await responder.answer(askOf(incoming), infoOf(incoming))
    // Node knows the end of a request that has no body at the latest now.
    if (incoming.complete) send(outgoing, answer)
    else sendBeforeEnd(incoming, outgoing, answer)
  }
}

function askOf(incoming: IncomingMessage): Ask {
  return {
    method: incoming.method ?? 'GET',
    target: incoming.url ?? '/',
    header(name) {
      const value = incoming.headers[name]
      return Array.isArray(value) ? value.join(', ') : (value ?? null)
    },
    readBody: (options) => readIncoming(incoming, options),
  }
}

function infoOf({ socket: { remoteAddress } }: Pick<IncomingMessage, 'socket'>): RequestInfo {
  return remoteAddress === undefined ? {} : { remoteAddress }
}

function send(outgoing: ServerResponse, answer: Answer): void {
  outgoing.writeHead(answer.status, headersOf(answer))
  outgoing.end(answer.body) // Of an answer to HEAD, Node sends no body.
}

/**
 * Answers a request whose body goes on. The connection is closed then, since nobody knows where the next request would
 * begin; but not at once, or the sender, who is still sending, would see it break and never read why.
 */
function sendBeforeEnd(incoming: IncomingMessage, outgoing: ServerResponse, answer: Answer): void {
  outgoing.writeHead(answer.status, { ...headersOf(answer), connection: 'close' })
  if (answer.body === null) outgoing.flushHeaders()
  else outgoing.write(answer.body)
  let discarded = 0
  const end = () => {
    clearTimeout(timer)
    incoming.off('data', discard).pause()
    outgoing.end()
  }
  const discard = (chunk: Uint8Array) => {
    discarded += chunk.length
    if (discarded > DISCARD_BYTES) end()
  }
  const timer = setTimeout(end, DISCARD_MS)
  incoming.once('close', end).once('end', end).on('data', discard)
}
