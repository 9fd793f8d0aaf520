import { headersOf } from './http/answer.ts'
import type { Ask, RequestInfo } from './http/ask.ts'
import { readBody } from './http/read-body.ts'
import { createResponder, type IdServerOptions, type Responder } from './responder.ts'

export interface IdServer {
  /** The own host in canonical form. */
  readonly host: string
  /**
   * Answers one HTTP request; every failure is an answer, it never rejects. Only path, method, `If-None-Match`,
   * `Content-Length`, `X-Forwarded-For` (of trusted proxies) and body of the request are looked at.
   */
  fetch(request: Request, info?: RequestInfo): Promise<Response>
}

/**
 * An ID-server as one function from request to response: runs in Node, in a framework, in a worker. It has no timers and
 * no life of its own; what it keeps is in the store.
 *
 * @throws {IdentityError} `IdurlForbidden` when `host` is no host, or a private one without `allowPrivate`.
 * @throws {RangeError} A trusted proxy is neither an address nor a network.
 */
export function createIdServer(options: IdServerOptions): IdServer {
  const responder = createResponder(options)
  return { host: responder.host, fetch: (request, info = {}) => respondWith(responder, request, info) }
}

/** A responder for the platform's own requests and responses. */
async function respondWith(responder: Responder, request: Request, info: RequestInfo): Promise<Response> {
  const ask: Ask = {
    method: request.method,
    target: request.url,
    header: (name) => request.headers.get(name),
    readBody: (options) => readBody(request.body, options),
  }
  const answer = await responder.answer(ask, info)
  const body = request.method === 'HEAD' ? null : answer.body
  return new Response(body, { status: answer.status, headers: headersOf(answer) })
}
