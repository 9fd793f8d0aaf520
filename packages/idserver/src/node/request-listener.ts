import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { respondWith } from '../create-id-server.ts'
import { IdServerError } from '../errors.ts'
import { headersOf } from '../http/answer.ts'
import type { Ask, RequestInfo } from '../http/ask.ts'
import { errorAnswer } from '../http/error-answer.ts'
import type { Responder } from '../responder.ts'

/**
 * Binds a responder to Node's HTTP server. Reading, which is nearly all that an ID-server does, goes straight to the
 * socket: making `Request` and `Response` objects of it took three quarters of the time. Everything with a body goes
 * through them, by the adapter that knows how to end bodies nobody wants.
 */
export function requestListener(responder: Responder): RequestListener {
  const listenToRest = getRequestListener(
    (request, { incoming }) => respondWith(responder, request, infoOf(incoming)),
    {
      // Requests without a Host header (HTTP/1.0) are for us too.
      hostname: responder.host,
      // Replacing the globals of the whole process is not for a library to do.
      overrideGlobalObjects: false,
      // What cannot be made a URL of (backslashes, bad hosts) is the address of nothing.
      errorHandler: () => {
        const refusal = errorAnswer(new IdServerError('NotFound', 'no such address'))
        return new Response(refusal.body, { status: refusal.status, headers: headersOf(refusal) })
      },
    },
  )
  return (incoming, outgoing) => {
    const isReading = incoming.method === 'GET' || incoming.method === 'HEAD'
    return isReading ? read(responder, incoming, outgoing) : listenToRest(incoming, outgoing)
  }
}

async function read(responder: Responder, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const ask: Ask = {
    method: incoming.method ?? 'GET',
    target: incoming.url ?? '/',
    header(name) {
      const value = incoming.headers[name]
      return Array.isArray(value) ? value.join(', ') : (value ?? null)
    },
    body: () => null,
  }
  const answer = await responder.answer(ask, infoOf(incoming))
  outgoing.writeHead(answer.status, headersOf(answer))
  outgoing.end(answer.body) // Of an answer to HEAD, Node sends no body.
}

function infoOf({ socket: { remoteAddress } }: Pick<IncomingMessage, 'socket'>): RequestInfo {
  return remoteAddress === undefined ? {} : { remoteAddress }
}
