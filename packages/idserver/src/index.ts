/**
 * Both ends of publishing and serving identity documents over HTTP: a server as one function from `Request` to
 * `Response`, which nobody has to trust, and the client for it. `./node` has the Node server, the folder store and a
 * `fetch` that cannot be lured into private networks.
 *
 * @packageDocumentation
 */
export type { HttpFetch, HttpRequest } from './client/http-fetch.ts'
export {
  type AskOptions,
  createIdServerClient,
  type IdServerClient,
  type IdServerClientOptions,
} from './client/id-server-client.ts'
export { createIdServer, type IdServer } from './create-id-server.ts'
export { IdServerError, type IdServerErrorCode, type IdServerErrorOptions } from './errors.ts'
export type { RequestInfo } from './http/ask.ts'
export { type JsonLinesLoggerOptions, jsonLinesLogger } from './json-lines-logger.ts'
export { DEFAULT_LIMITS, type IdServerLimits } from './limits/limits.ts'
export type { Logger } from './logger.ts'
export type { IdServerOptions } from './responder.ts'
export type { IdentityFileStore, StoredIdentity, StoreUsage } from './store/identity-file-store.ts'
export { memoryIdentityFileStore } from './store/memory-identity-file-store.ts'
