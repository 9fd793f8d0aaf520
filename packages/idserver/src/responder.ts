import { type AddressOptions, parseIdServer } from '@bitdust/identity'
import { type Clock, systemClock } from '@bitdust/machine'
import { IdServerError } from './errors.ts'
import type { Answer } from './http/answer.ts'
import { type Ask, pathOf, queryOf, type RequestInfo } from './http/ask.ts'
import { errorAnswer } from './http/error-answer.ts'
import { createClientAddressReader } from './limits/client-address.ts'
import { DEFAULT_LIMITS, type IdServerLimits } from './limits/limits.ts'
import { type Logger, silentLogger } from './logger.ts'
import { createMetrics } from './metrics/metrics.ts'
import { serveDocument } from './read/serve-document.ts'
import { serveHealth } from './read/serve-health.ts'
import { serveIdentityPage } from './read/serve-identity-page.ts'
import { serveIndex } from './read/serve-index.ts'
import { serveMetrics } from './read/serve-metrics.ts'
import type { IdentityFileStore } from './store/identity-file-store.ts'
import { hostOf } from './upload/admission.ts'
import { createUploader } from './upload/uploader.ts'

export interface IdServerOptions extends AddressOptions {
  /** The server's own host as it stands in IDURLs: `first-machine.com`, `123.45.67.89:8084`. */
  readonly host: string
  readonly store: IdentityFileStore
  /** @default the system's clock */
  readonly clock?: Clock
  /** @default {@link DEFAULT_LIMITS} */
  readonly limits?: Partial<IdServerLimits>
  /**
   * For a network on one machine or in one house: private addresses may stand in documents, and limits that count per
   * address are lifted, since all have the same one. @default false
   */
  readonly allowPrivate?: boolean
  /**
   * Reverse proxies before the server, as addresses (`127.0.0.1`) or networks (`10.0.0.0/8`): of requests that come from
   * there, `X-Forwarded-For` tells the sender whose limits count. @default none, the header is not looked at
   */
  readonly trustedProxies?: readonly string[]
  /** @default reports nothing */
  readonly logger?: Logger
}

/** An ID-server before it is bound to a platform's requests and responses. */
export interface Responder {
  /** The own host in canonical form. */
  readonly host: string
  /** Answers one request; every failure is an answer, it never rejects. */
  answer(ask: Ask, info: RequestInfo): Promise<Answer>
}

type Handler = (ask: Ask, info: RequestInfo) => Promise<Answer>

/** What a path can do, by method. */
type Route = ReadonlyMap<string, Handler>

/** Longest time that a browser may remember the answer to a preflight, in seconds: a day, the most that browsers accept. */
const PREFLIGHT_SECONDS = 86_400

/** The only paths under which a document and its page can be: exactly one valid name, nothing encoded. */
const IDENTITY_PATH = /^\/([a-z0-9_-]{2,20})\.(xml|html)$/

/**
 * @throws {IdentityError} `IdurlForbidden` when `host` is no host, or a private one without `allowPrivate`.
 * @throws {RangeError} A trusted proxy is neither an address nor a network.
 */
export function createResponder(options: IdServerOptions): Responder {
  const { store, clock = systemClock, allowPrivate = false, logger = silentLogger } = options
  const host = hostOf(parseIdServer(options.host, { allowPrivate }))
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const clients = createClientAddressReader(options.trustedProxies ?? [])
  const metrics = createMetrics()
  const take = createUploader({ host, store, clock, limits, allowPrivate, logger, metrics })

  function upload(ask: Ask, { remoteAddress }: RequestInfo, name: string | null): Promise<Answer> {
    const sender = clients.read(remoteAddress, ask.header('x-forwarded-for'))
    return take(ask, sender === undefined ? {} : { remoteAddress: sender }, name)
  }

  const front = routeOf({
    GET: (ask) => serveIndex(store, host, queryOf(ask.target, 'after')),
    POST: (ask, info) => upload(ask, info, null),
  })
  const health = routeOf({ GET: () => serveHealth(store) })
  const counts = routeOf({ GET: () => serveMetrics(metrics, store) })
  const page = (name: string) =>
    routeOf({ GET: (ask) => serveIdentityPage(store, host, name, ask.header('if-none-match')) })
  const document = (name: string) => {
    const put: Handler = (ask, info) => upload(ask, info, name)
    return routeOf({ GET: (ask) => serveDocument(store, name, ask.header('if-none-match')), POST: put, PUT: put })
  }

  function find(path: string): Route | null {
    if (path === '/') return front
    if (path === '/health') return health
    if (path === '/metrics') return counts
    const [, name, kind] = IDENTITY_PATH.exec(path) ?? []
    if (name === undefined) return null
    return kind === 'html' ? page(name) : document(name)
  }

  async function handle(ask: Ask, info: RequestInfo): Promise<Answer> {
    const route = find(pathOf(ask.target))
    if (route === null) throw new IdServerError('NotFound', 'nothing here; identities are at /name.xml')
    const handler = route.get(ask.method)
    if (handler !== undefined) return handler(ask, info)
    const allow = [...route.keys(), 'OPTIONS'].join(', ')
    if (ask.method === 'OPTIONS') return preflight(allow)
    const message = `${ask.method.slice(0, 20)} is not possible here, only ${allow}`
    return errorAnswer(new IdServerError('MethodNotAllowed', message), { allow })
  }

  async function answer(ask: Ask, info: RequestInfo): Promise<Answer> {
    try {
      return await handle(ask, info)
    } catch (error) {
      const refusal = errorAnswer(error)
      if (refusal.status >= 500) logger.error('request failed', { method: ask.method, error })
      return refusal
    }
  }

  return {
    host,
    async answer(ask, info) {
      const start = clock.monotonic()
      const answered = await answer(ask, info)
      metrics.request(ask.method, answered.status, clock.monotonic() - start)
      return answered
    },
  }
}

function routeOf(byMethod: Readonly<Record<string, Handler>>): Route {
  const route = new Map(Object.entries(byMethod))
  const get = route.get('GET')
  // HEAD is GET whose body is left out at the end, so that both have the same headers.
  if (get !== undefined) route.set('HEAD', get)
  return route
}

/** Pages of other origins may read; what they may send is what a plain form can send anyway. */
function preflight(allow: string): Answer {
  const headers = {
    allow,
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'if-none-match',
    'access-control-max-age': String(PREFLIGHT_SECONDS),
  }
  return { status: 204, headers, body: null }
}
