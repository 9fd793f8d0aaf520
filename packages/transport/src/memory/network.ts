import type { DeviceKey } from '@bitdust/crypto'
import { peerIdOfDevice } from '@bitdust/identity'
import type { Carrier, CarrierConnection, StreamHandler } from '../carrier.ts'
import { TransportError } from '../errors.ts'
import { createMemoryConnection, type MemoryEnd } from './connection.ts'
import { createMemoryLink, type LinkState } from './link.ts'

/** How two carriers reach each other. */
export interface MemoryLink {
  /** Connections are lost and new ones are not answered. @default false */
  readonly down?: boolean
  /** Nothing moves, nothing fails, until the link is set again. @default false */
  readonly stalled?: boolean
}

/** Carriers that reach each other and nobody else. */
export interface MemoryNetwork {
  /**
   * A carrier on this network, not started.
   *
   * @param device - The device whose peer id the carrier has, or the peer id itself.
   */
  carrier(device: DeviceKey | string): Carrier
  /** Changes the link between two peer ids, in both directions. */
  setLink(a: string, b: string, link: MemoryLink): void
}

/** Nothing is shared between two networks. */
export function createMemoryNetwork(): MemoryNetwork {
  const ends = new Map<string, MemoryEnd>()
  const links = new Map<string, LinkState>()

  function linkBetween(a: string, b: string): LinkState {
    const name = [a, b].sort().join(' ')
    const link = links.get(name) ?? createMemoryLink()
    links.set(name, link)
    return link
  }

  return {
    carrier: (device) =>
      createMemoryCarrier(
        typeof device === 'string' ? device : peerIdOfDevice(device.publicKey.bytes),
        ends,
        linkBetween,
      ),
    setLink: (a, b, { down = false, stalled = false }) => linkBetween(a, b).set({ down, stalled }),
  }
}

function createMemoryCarrier(
  peerId: string,
  ends: Map<string, MemoryEnd>,
  linkBetween: (a: string, b: string) => LinkState,
): Carrier {
  const handlers = new Map<string, StreamHandler>()
  const connections = new Set<CarrierConnection>()
  const watchers: ((connection: CarrierConnection) => void)[] = []
  const self: MemoryEnd = {
    peerId,
    handler: (protocol) => handlers.get(protocol),
    adopt(connection) {
      connections.add(connection)
      connection.onClose(() => connections.delete(connection))
      for (const watch of watchers) watch(connection)
    },
  }

  function answering(addresses: readonly string[]): MemoryEnd {
    for (const address of addresses) {
      const end = ends.get(peerIdInAddress(address))
      if (end !== undefined && end !== self && !linkBetween(peerId, end.peerId).down) return end
    }
    throw new TransportError('Timeout', `nobody answers at ${addresses.join(', ')}`)
  }

  return {
    peerId,
    async start() {
      ends.set(peerId, self)
    },
    async stop() {
      if (ends.get(peerId) === self) ends.delete(peerId)
      await Promise.all([...connections].map((connection) => connection.close()))
    },
    addresses: () => (ends.get(peerId) === self ? [`/memory/${peerId}/p2p/${peerId}`] : []),
    async dial(remotePeerId, addresses, { signal }) {
      const existing = [...connections].find((connection) => connection.remotePeerId === remotePeerId)
      if (existing !== undefined) return existing
      const remote = answering(addresses)
      await linkBetween(peerId, remote.peerId).passable(signal)
      signal.throwIfAborted()
      if (remote.peerId !== remotePeerId) {
        throw new TransportError('PeerIdentityMismatch', `${remote.peerId} answered, expected ${remotePeerId}`)
      }
      return createMemoryConnection(self, remote, linkBetween(peerId, remotePeerId))
    },
    handle(protocol, handler) {
      handlers.set(protocol, handler)
    },
    onConnection(callback) {
      watchers.push(callback)
    },
  }
}

/** `/memory/<peer id at that place>/p2p/<peer id expected there>`: only the first says who answers. */
function peerIdInAddress(address: string): string {
  return address.split('/')[2] ?? ''
}
