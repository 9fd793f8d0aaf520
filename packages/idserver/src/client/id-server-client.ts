import {
  type AddressOptions,
  type IdentityQuery,
  type IdentitySource,
  type IdServerPort,
  type Idurl,
  MAX_IDENTITY_BYTES,
  parseIdServer,
} from '@bitdust/identity'
import { type Clock, systemClock } from '@bitdust/machine'
import { withDeadline } from '../deadline.ts'
import { IdServerError } from '../errors.ts'
import { readBody } from '../http/read-body.ts'
import { answerError, readAnswer } from './answer-error.ts'
import type { HttpFetch, HttpRequest } from './http-fetch.ts'

/** Longest duration of one request, body included, in ms (`threats.md` A7). */
const DEFAULT_TIMEOUT_MS = 10_000

export interface IdServerClientOptions extends AddressOptions {
  /** How to reach servers: the platform's `fetch` in a page, `safeFetch` of `./node` in Node. */
  readonly fetch: HttpFetch
  /** Longest duration of one request, in ms. @default 10_000 */
  readonly timeoutMs?: number
  /** Times the requests. @default the system's clock */
  readonly clock?: Pick<Clock, 'sleep'>
}

export interface AskOptions {
  readonly signal?: AbortSignal
}

/** The reading and publishing end of ID-servers. Believes nothing: whoever gets bytes from here verifies them. */
export interface IdServerClient extends IdServerPort, IdentitySource {
  readonly name: 'http'
  /**
   * Whether an ID-server answers and can keep identities.
   *
   * @param server - `http://host[:port]`, or `host[:port]`.
   */
  probe(server: string, options?: AskOptions): Promise<boolean>
  /**
   * The bytes that stand at an IDURL, unverified, at most 64 KiB. Redirects are not followed.
   *
   * @returns `null` when the server says that nothing is there, and for every fingerprint: HTTP knows only addresses.
   * @throws {IdServerError} `Timeout` (no answer), `LimitExceeded`, or what the server answered. It could not be asked:
   * that says nothing about the identity.
   */
  fetch(query: Idurl | IdentityQuery, options?: AskOptions): Promise<Uint8Array | null>
  /**
   * Puts a document under an IDURL. Resolves when the server has stored it, or had these bytes already.
   *
   * @throws {IdServerError} `IdentityNameTaken`, `IdentityRollback`, `RateLimited`, `DiskFull`, `Timeout`, ...: what the
   * server answered; `retryable` tells whether the same bytes may be sent again.
   */
  publish(idurl: Idurl, bytes: Uint8Array, options?: AskOptions): Promise<void>
}

/** Talks to ID-servers over the given HTTP function. Keeps no state, does nothing until asked. */
export function createIdServerClient(options: IdServerClientOptions): IdServerClient {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, clock = systemClock } = options

  function ask<T>(
    url: string,
    request: Pick<HttpRequest, 'method' | 'headers' | 'body'>,
    outer: AbortSignal | undefined,
    use: (response: Response, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return withDeadline({ timeoutMs, clock, signal: outer, what: url }, async (signal) => {
      const response = await options.fetch(url, { ...request, signal, redirect: 'manual' }).catch((cause) => {
        if (cause instanceof IdServerError) throw cause
        throw new IdServerError('Timeout', `${url} gave no answer`, { cause, subject: url, retryable: true })
      })
      return use(response, signal)
    })
  }

  return {
    name: 'http',

    async probe(server, { signal } = {}) {
      const url = `${parseIdServer(server, options)}/health`
      try {
        return await ask(url, { method: 'GET', headers: {} }, signal, async (response, during) => {
          const { code } = await readAnswer(response, during)
          return response.status === 200 && code === 'Ok'
        })
      } catch {
        signal?.throwIfAborted()
        return false
      }
    },

    async fetch(query, { signal } = {}) {
      if (typeof query === 'object' && 'fingerprint' in query) return null
      const url = typeof query === 'string' ? query : query.idurl
      return ask(url, { method: 'GET', headers: { accept: 'application/xml' } }, signal, async (response, during) => {
        if (response.status === 200) return readBody(response.body, { maxBytes: MAX_IDENTITY_BYTES, signal: during })
        if (response.status !== 404 && response.status !== 410) throw await answerError(url, response, during)
        await response.body?.cancel()
        return null
      })
    },

    async publish(idurl, bytes, { signal } = {}) {
      const headers = { 'content-type': 'application/xml' }
      await ask(idurl, { method: 'PUT', headers, body: Uint8Array.from(bytes) }, signal, async (response, during) => {
        if (response.status !== 200 && response.status !== 201) throw await answerError(idurl, response, during)
        await response.body?.cancel()
      })
    },
  }
}
