import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { type AddressOptions, isForbiddenAddress, MAX_IDENTITY_BYTES } from '@bitdust/identity'
import type { HttpRequest } from '../client/http-fetch.ts'
import { IdServerError } from '../errors.ts'

/** Resolves a name to all its addresses, as `dns.lookup` of Node does with `all: true`. */
export type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface SafeFetchOptions extends AddressOptions {
  /** Longest duration of a request, body of the answer included, in ms. @default 10_000 */
  readonly timeoutMs?: number
  /** Longest body of an answer, in bytes. @default 65_536 */
  readonly maxBytes?: number
  /** Asks the name service. @default `dns.lookup` */
  readonly lookup?: LookupAll
}

/** What of a `RequestInit` a safe fetch understands. */
export type SafeFetchInit = Partial<Omit<HttpRequest, 'method'>> & { readonly method?: string }

/** Like the platform's `fetch`, for addresses that strangers chose. */
export type SafeFetch = (url: string | URL, init?: SafeFetchInit) => Promise<Response>

const DEFAULT_TIMEOUT_MS = 10_000
const MAX_HEADER_BYTES = 8 * 1024

/** Statuses of which `Response` allows no body. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304])

/**
 * Makes a `fetch` that cannot be lured: names are resolved first, forbidden addresses (loopback, private, link-local,
 * multicast, ...) are sorted out, and the connection goes to an address that was checked, so that a second answer of the
 * name service changes nothing (`threats.md` A7). Redirects are handed out, not followed; nothing is unpacked; every
 * request has its own connection.
 *
 * @throws From the fetch: {IdServerError} `IdurlForbidden` before any connection is made, `LimitExceeded`, `Timeout`;
 * the system's error when the server cannot be reached; the reason of an aborted signal.
 */
export function createSafeFetch(options: SafeFetchOptions = {}): SafeFetch {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = MAX_IDENTITY_BYTES, lookup = systemLookup } = options
  const checkedLookup = lookupAllowed(lookup, options)

  return async (address, { method = 'GET', headers = {}, body, signal } = {}) => {
    const url = checkUrl(new URL(address), options)
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? requestHttps : requestHttp
      const request = send(url, {
        method,
        headers,
        agent: false,
        lookup: checkedLookup,
        maxHeaderSize: MAX_HEADER_BYTES,
      })
      const fail = (error: unknown) => {
        reject(error) // First: destroying raises errors of its own, which say less.
        request.destroy()
      }
      const cancel = () => fail(signal?.reason)
      const deadline = setTimeout(() => {
        fail(new IdServerError('Timeout', `${url.href} took more than ${timeoutMs} ms`, { retryable: true }))
      }, timeoutMs)
      signal?.addEventListener('abort', cancel, { once: true })
      request.once('close', () => {
        clearTimeout(deadline)
        signal?.removeEventListener('abort', cancel)
      })
      request.once('error', reject)
      request.once('response', (response) => {
        collect(response, maxBytes)
          .then((bytes) => resolve(toResponse(response, bytes)))
          .catch(fail)
      })
      request.end(body)
    })
  }
}

/** {@link createSafeFetch} with its defaults: the open Internet, 10 s, 64 KiB. */
export const safeFetch: SafeFetch = createSafeFetch()

function checkUrl(url: URL, options: AddressOptions): URL {
  const refuse = (reason: string) =>
    new IdServerError('IdurlForbidden', `${url.href}: ${reason}`, { subject: url.href })
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('only http and https are asked')
  if (url.username !== '' || url.password !== '') throw refuse('credentials in the address')
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  // Node asks no name service for these, so the check of the lookup would never see them.
  if (isIP(literal) !== 0 && isForbiddenAddress(literal, options)) throw refuse('private or special address')
  return url
}

/** A lookup for sockets which gives allowed addresses only. */
function lookupAllowed(lookup: LookupAll, options: AddressOptions): LookupFunction {
  return (hostname, { family, hints, all }, callback) => {
    const wanted = {
      all: true,
      ...(family === undefined ? {} : { family }),
      ...(hints === undefined ? {} : { hints }),
    } as const
    lookup(hostname, wanted, (error, found) => {
      if (error !== null) return callback(error, [])
      const allowed = found.filter(({ address }) => !isForbiddenAddress(address, options))
      const [first] = allowed
      if (first === undefined)
        return callback(
          new IdServerError('IdurlForbidden', `${hostname} leads only to private or special addresses`),
          [],
        )
      if (all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

async function collect(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw new IdServerError('LimitExceeded', `the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Uint8Array.from(Buffer.concat(chunks))
}

function toResponse({ statusCode = 0, headersDistinct }: IncomingMessage, bytes: Uint8Array<ArrayBuffer>): Response {
  const response = new Response(WITHOUT_BODY.has(statusCode) ? null : bytes, { status: statusCode })
  for (const [name, values = []] of Object.entries(headersDistinct))
    for (const value of values) response.headers.append(name, value)
  return response
}
