/** How much strangers may take from a listening host. */
export interface Libp2pLimits {
  /** Open connections, in and out; above it inbound ones are refused. @default 300 */
  readonly maxConnections: number
  /** Inbound connections that may be in the middle of their handshake, in all. @default 500 */
  readonly maxPendingConnections: number
  /** The same from one IP address. @default 16 */
  readonly maxPendingPerAddress: number
  /** New inbound connections from one IP address, per second. @default 50 */
  readonly maxConnectionsPerAddressPerSecond: number
  /** Longest handshake of an inbound connection, in ms. @default 5000 */
  readonly handshakeTimeoutMs: number
}

/**
 * Pending connections are many and short rather than few and long: with ten of them, ten silent sockets keep everybody
 * out; the count per address is what a single attacker meets.
 */
export const DEFAULT_LIBP2P_LIMITS: Libp2pLimits = {
  maxConnections: 300,
  maxPendingConnections: 500,
  maxPendingPerAddress: 16,
  maxConnectionsPerAddressPerSecond: 50,
  handshakeTimeoutMs: 5_000,
}

/** In a private network a whole crowd of nodes may share one address, so nothing is counted per address. */
export const PRIVATE_LIBP2P_LIMITS: Libp2pLimits = {
  ...DEFAULT_LIBP2P_LIMITS,
  maxPendingPerAddress: DEFAULT_LIBP2P_LIMITS.maxPendingConnections,
  maxConnectionsPerAddressPerSecond: 1_000,
}
