import { createServer } from 'node:http'
import { fromBase64Url, isBitdustError, toBase64Url } from '@bitdust/crypto'
import { createLimiter } from './limiter.mjs'
import { createSessions } from './sessions.mjs'
import { SignInError } from './sign-in-error.mjs'

/** An identity with room for what JSON and base64 add. */
const MAX_BODY_BYTES = 100_000
const REQUESTS_PER_MINUTE = 60

/** The page runs scripts of this site and talks to this site, and nothing else; no other site can frame it. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

const STATUS = { NotFound: 404, RateLimited: 429, LimitExceeded: 413, RequestMalformed: 400, Timeout: 504 }

/**
 * The site itself: the page, and what the page asks.
 *
 *     POST   /challenge   { idurl }                  -> { challenge, expires }
 *     POST   /session     { statement, signature }   -> { idurl, fingerprint } and a cookie
 *     GET    /session                                -> { visitor: the same or null, isTrial }
 *     DELETE /session                                -> null
 *     GET, PUT /NAME.xml  identities for trying out
 *
 * What is refused is answered `{ code, message }`. Bytes in JSON are base64url.
 */
export function createSite({ origin, signIn, trial, page, log }) {
  const { host, protocol } = new URL(origin)
  const sessions = createSessions({ secure: protocol === 'https:' })
  const limiter = createLimiter({ perMinute: REQUESTS_PER_MINUTE })

  const routes = {
    async 'POST /challenge'({ body }) {
      const { idurl } = readJson(body)
      const { challenge, expires } = signIn.challenge(text(idurl))
      return json({ challenge: toBase64Url(challenge), expires })
    },

    async 'POST /session'({ body, cookies }) {
      const { statement, signature } = readJson(body)
      const visitor = await signIn.answer({ statement: bytesOf(statement), signature: bytesOf(signature) })
      log({ event: 'signed in', ...visitor })
      sessions.close(cookies)
      return json(visitor, { 'set-cookie': sessions.open(visitor) })
    },

    'GET /session': async ({ cookies }) => json({ visitor: sessions.find(cookies), isTrial: trial !== null }),
    'DELETE /session': async ({ cookies }) => json(null, { 'set-cookie': sessions.close(cookies) }),
  }

  async function answer(request) {
    const { method, url: path, headers, socket } = request
    // A name that was made to lead here must not share our cookies or our origin.
    if (headers.host !== host) throw new SignInError('WrongOrigin', `this site is ${origin}`)
    const file = page.get(path)
    if (method === 'GET' && file !== undefined) return { headers: { 'content-type': file[0] }, content: file[1] }
    if (method !== 'GET') {
      // Browsers tell the truth here, so no other site can sign anybody in or out.
      if (headers.origin !== origin) throw new SignInError('WrongOrigin', `only pages of ${origin} may ask this`)
      limiter.count(socket.remoteAddress)
    }
    const input = { body: method === 'GET' ? null : await readBody(request), cookies: headers.cookie }
    const [, name] = /^\/([^/]+)\.xml$/.exec(path) ?? []
    if (name !== undefined && trial !== null) return identityFile(method, name, input.body)
    const route = routes[`${method} ${path}`]
    if (route === undefined) throw new SignInError('NotFound', 'there is no such page')
    return route(input)
  }

  async function identityFile(method, name, body) {
    if (method === 'PUT') {
      await trial.publish(name, body)
      return json(null)
    }
    const bytes = method === 'GET' ? await trial.read(name) : null
    if (bytes === null) throw new SignInError('NotFound', 'there is no such identity')
    return { headers: { 'content-type': 'application/xml' }, content: bytes }
  }

  function refusal(error) {
    if (!isBitdustError(error)) {
      console.error(error)
      return { status: 500, ...json({ code: 'Internal', message: 'something is wrong here' }) }
    }
    const { code, message } = error
    log({ event: 'refused', code })
    return { status: STATUS[code] ?? 403, ...json({ code, message }) }
  }

  const limits = { maxHeaderSize: 8192, headersTimeout: 10_000, requestTimeout: 15_000 }
  const server = createServer(limits, async (request, response) => {
    const { status = 200, headers, content } = await answer(request).catch(refusal)
    response.writeHead(status, { ...HEADERS, ...headers }).end(content)
  })
  server.maxConnections = 256
  return server
}

function json(value, headers = {}) {
  return { headers: { 'content-type': 'application/json', ...headers }, content: JSON.stringify(value) }
}

async function readBody(request) {
  checkSize(Number(request.headers['content-length'] ?? 0))
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    checkSize(size)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function checkSize(bytes) {
  if (bytes > MAX_BODY_BYTES) throw new SignInError('LimitExceeded', `more than ${MAX_BODY_BYTES} bytes`)
}

function readJson(bytes) {
  try {
    return Object(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    throw new SignInError('RequestMalformed', 'the request is not JSON')
  }
}

function text(value) {
  if (typeof value === 'string') return value
  throw new SignInError('RequestMalformed', 'the request lacks a text')
}

function bytesOf(value) {
  try {
    return fromBase64Url(text(value))
  } catch {
    throw new SignInError('RequestMalformed', 'the request lacks bytes')
  }
}
