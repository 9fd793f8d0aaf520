import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { createClientAddressReader } from '../limits/client-address.ts'
import type { IdServerLimits } from '../limits/limits.ts'
import { createResponder, type IdServerOptions } from '../responder.ts'
import { DEFAULT_SOCKET_LIMITS, limitSockets, type SocketLimits } from './limit-sockets.ts'
import { requestListener } from './request-listener.ts'

/** What TLS shows, both as PEM text. */
export interface TlsCertificate {
  /** The certificate, then those between it and one that browsers know: `fullchain.pem`. */
  readonly cert: string
  /** Its private key, not encrypted. */
  readonly key: string
}

export interface ServeIdServerOptions extends Omit<IdServerOptions, 'host' | 'limits'> {
  /** The own host as it stands in IDURLs. @default address and port of the socket, for networks on one machine */
  readonly host?: string
  /** TCP port; 0 takes a free one. */
  readonly port: number
  /** IP address to listen on: `0.0.0.0` or `::` for all, `127.0.0.1` for this machine alone. */
  readonly address: string
  /** Serves HTTPS with this certificate. @default plain HTTP */
  readonly tls?: TlsCertificate
  /** @default {@link DEFAULT_LIMITS} and {@link DEFAULT_SOCKET_LIMITS} */
  readonly limits?: Partial<IdServerLimits & SocketLimits>
}

/** An ID-server that listens. */
export interface RunningIdServer extends AsyncDisposable {
  /** Where it can be reached, without a slash at the end: `http://127.0.0.1:8084`, with TLS `https://...`. */
  readonly url: string
  readonly port: number
  /** The own host, canonical. */
  readonly host: string
  /**
   * Shows another certificate from the next connection on; for renewals.
   *
   * @throws The system's error when the PEM is not usable; the old certificate stays. `TypeError` without `tls`.
   */
  useCertificate(tls: TlsCertificate): void
  /** Takes no more connections, lets requests under way end for at most two seconds, closes the rest. Idempotent. */
  stop(): Promise<void>
}

const MAX_HEADER_BYTES = 8 * 1024

/** How long a connection waits for its next request, in ms. */
const KEEP_ALIVE_MS = 5_000

/** How often timeouts are enforced, in ms; with Node's default of 30 s they would come three times too late. */
const TIMEOUT_CHECK_MS = 500

/** Longest silence on a socket, in ms: a reader that takes nothing is no reader. */
const IDLE_SOCKET_MS = 30_000

/** How long requests under way may go on after `stop()`, in ms. */
const STOP_GRACE_MS = 2_000

/**
 * Runs an ID-server on a TCP port: by HTTPS with `tls`, else by plain HTTP, where TLS is the business of a proxy before
 * it.
 *
 * @throws The system's error when it cannot listen (`EADDRINUSE`, `EACCES`) or use the certificate;
 * {@link createIdServer}'s for a bad host or proxy.
 */
export async function serveIdServer(options: ServeIdServerOptions): Promise<RunningIdServer> {
  const { tls } = options
  const perHost = options.allowPrivate === true ? { socketsPerHost: Number.POSITIVE_INFINITY } : {}
  const limits = { ...DEFAULT_SOCKET_LIMITS, ...perHost, ...options.limits }
  const { isTrusted } = createClientAddressReader(options.trustedProxies ?? [])
  const { http, useCertificate } = createHttp(tls, limits)
  http.setTimeout(IDLE_SOCKET_MS)
  const open = limitSockets(http, { ...limits, isTrustedProxy: isTrusted })

  const port = await listen(http, options.port, options.address)
  const authority = `${options.address.includes(':') ? `[${options.address}]` : options.address}:${port}`
  const url = `${tls === undefined ? 'http' : 'https'}://${authority}`
  try {
    const responder = createResponder({ ...options, host: options.host ?? authority })
    http.on('request', requestListener(responder))
    let stopping: Promise<void> | undefined
    const stop = () => (stopping ??= close(http, open))
    return { url, port, host: responder.host, useCertificate, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await close(http, open)
    throw error
  }
}

function createHttp(
  tls: TlsCertificate | undefined,
  { headersTimeoutMs, requestTimeoutMs }: SocketLimits,
): { readonly http: Server | TlsServer } & Pick<RunningIdServer, 'useCertificate'> {
  const settings = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  }
  if (tls === undefined) {
    const useCertificate = () => {
      throw new TypeError('useCertificate: this server was started without TLS')
    }
    return { http: createServer(settings), useCertificate }
  }
  const http = createTlsServer({ ...settings, ...tls, handshakeTimeout: headersTimeoutMs })
  return { http, useCertificate: ({ cert, key }) => http.setSecureContext({ cert, key }) }
}

/** @returns The port, which the system chose when 0 was wanted. */
function listen(http: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, address, () => {
      http.off('error', reject)
      resolve((http.address() as AddressInfo).port)
    })
  })
}

function close(http: Server, open: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      for (const socket of open) socket.destroy()
    }, STOP_GRACE_MS)
    http.close(() => {
      clearTimeout(force)
      resolve()
    })
    http.closeIdleConnections()
  })
}
