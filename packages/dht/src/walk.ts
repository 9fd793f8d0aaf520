import { randomBytes, sha256 } from '@bitdust/crypto'
import type { PeerId } from '@libp2p/interface'
import type { Ask } from './ask.ts'
import type { DhtHost, WalkedPeer } from './dht.ts'
import { WALK_REGIONS } from './limits.ts'

export interface WalkOptions {
  readonly host: DhtHost
  readonly ask: Ask
  readonly signal: AbortSignal | undefined
}

/**
 * Asks for random keys and yields whoever answers on the way, each once, until keys in all regions led to nobody new.
 * So it meets all nodes of a network of some dozens, and of a larger one some from everywhere.
 */
export async function* walk({ host, ask, signal }: WalkOptions): AsyncGenerator<WalkedPeer, void, undefined> {
  const met = new Set<string>()
  const [start = 0] = randomBytes(1)
  for (let idle = 0, round = 0; idle < WALK_REGIONS; idle++, round++) {
    // An odd step visits all regions, and no two that touch one after another.
    const key = randomKeyIn((start + 7 * round) % WALK_REGIONS)
    const peers = (await answering(key, { host, ask, signal })).filter((peer) => !met.has(peer.toString()))
    if (peers.length > 0) idle = 0
    for (const peer of peers) {
      const peerId = peer.toString()
      met.add(peerId)
      const addresses = await addressesOf(host, peer)
      if (addresses.length > 0) yield { peerId, addresses }
    }
  }
}

/** A key in one of the equal parts of the network: kad-dht puts it where the first bits of its SHA-256 say. */
function randomKeyIn(region: number): Uint8Array {
  for (;;) {
    const key = randomBytes(32)
    const [first = 0] = sha256(key)
    if (Math.trunc((first * WALK_REGIONS) / 256) === region) return key
  }
}

/** Who answers on the way to a key. Those of whom others only tell do not count: a liar never runs out of names. */
async function answering(key: Uint8Array, { host, ask, signal }: WalkOptions): Promise<PeerId[]> {
  const peers = new Map<string, PeerId>()
  for await (const event of ask((options) => host.services.dht.getClosestPeers(key, options), signal))
    if (event.name === 'PEER_RESPONSE') peers.set(event.from.toString(), event.from)
  return [...peers.values()]
}

/** None for a peer that is forgotten by now. */
async function addressesOf(host: DhtHost, peer: PeerId): Promise<string[]> {
  const known = await host.peerStore.get(peer).catch(() => null)
  return known?.addresses.map(({ multiaddr }) => multiaddr.toString()) ?? []
}
