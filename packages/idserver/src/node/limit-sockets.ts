import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { addressGroup, HOST } from '../limits/address-group.ts'

/** What one server bears (`threats.md` A14). */
export interface SocketLimits {
  /** Open connections in all. @default 256 */
  readonly sockets: number
  /** Open connections of one host (IPv4 address, IPv6 /64), unless it is a trusted proxy. @default 16 */
  readonly socketsPerHost: number
  /** Longest time until the headers of a request have come, in ms; also for the TLS handshake. @default 10_000 */
  readonly headersTimeoutMs: number
  /** Longest time until a whole request has come, in ms. @default 15_000 */
  readonly requestTimeoutMs: number
}

export const DEFAULT_SOCKET_LIMITS: SocketLimits = {
  sockets: 256,
  socketsPerHost: 16,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
}

export interface LimitSocketsOptions extends Pick<SocketLimits, 'sockets' | 'socketsPerHost'> {
  /** Proxies bring the connections of many. */
  readonly isTrustedProxy: (address: string | undefined) => boolean
}

/**
 * Closes connections beyond the limits as they come, so that one host cannot keep the others out.
 *
 * @returns The open connections, those in the middle of a TLS handshake too.
 */
export function limitSockets(
  server: Server,
  { sockets, socketsPerHost, isTrustedProxy }: LimitSocketsOptions,
): ReadonlySet<Socket> {
  const open = new Set<Socket>()
  const byHost = new Map<string, number>()
  server.maxConnections = sockets
  server.on('connection', (socket: Socket) => {
    const host = addressGroup(socket.remoteAddress, HOST)
    const mine = (byHost.get(host) ?? 0) + 1
    if (mine > socketsPerHost && !isTrustedProxy(socket.remoteAddress)) return void socket.destroy()
    open.add(socket)
    byHost.set(host, mine)
    socket.once('close', () => {
      open.delete(socket)
      const left = byHost.get(host)! - 1
      if (left === 0) byHost.delete(host)
      else byHost.set(host, left)
    })
  })
  return open
}
