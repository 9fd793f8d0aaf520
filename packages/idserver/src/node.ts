/**
 * What an ID-server and its client need on Node: a server on a port, a folder of documents, and a safe `fetch`.
 *
 * @packageDocumentation
 */
export { type FileIdentityStore, type FileIdentityStoreOptions, fileIdentityStore } from './node/file-identity-store.ts'
export { DEFAULT_SOCKET_LIMITS, type SocketLimits } from './node/limit-sockets.ts'
export {
  createSafeFetch,
  type LookupAll,
  type SafeFetch,
  type SafeFetchInit,
  type SafeFetchOptions,
  safeFetch,
} from './node/safe-fetch.ts'
export {
  type RunningIdServer,
  type ServeIdServerOptions,
  serveIdServer,
  type TlsCertificate,
} from './node/serve-id-server.ts'
export { type StartIdServerOptions, startIdServer } from './node/start-id-server.ts'
