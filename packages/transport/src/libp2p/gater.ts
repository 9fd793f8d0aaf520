import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import { getNetConfig, isPrivate } from '@libp2p/utils'
import type { Libp2pLimits } from './limits.ts'

/** Refuses private addresses unless they are allowed, and silent crowds from one address. */
export function createGater({
  allowPrivate,
  limits,
}: {
  readonly allowPrivate: boolean
  readonly limits: Libp2pLimits
}): ConnectionGater {
  const pending = new Map<string, number>()
  const hosts = new WeakMap<MultiaddrConnection, string>()

  function forget(connection: MultiaddrConnection): void {
    const host = hosts.get(connection)
    if (host === undefined) return
    hosts.delete(connection)
    const left = (pending.get(host) ?? 1) - 1
    if (left === 0) pending.delete(host)
    else pending.set(host, left)
  }

  return {
    denyDialMultiaddr: (address) => !allowPrivate && isPrivate(address),
    denyInboundConnection(connection) {
      const { host } = getNetConfig(connection.remoteAddr)
      const count = pending.get(host) ?? 0
      if (count >= limits.maxPendingPerAddress) return true
      pending.set(host, count + 1)
      hosts.set(connection, host)
      connection.addEventListener('close', () => forget(connection), { once: true })
      return false
    },
    denyInboundUpgradedConnection(_peerId, connection) {
      forget(connection)
      return false
    },
  }
}
