import type { KadDHT } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import type { Ask } from './ask.ts'
import type { DhtHost } from './dht.ts'
import { DhtError } from './errors.ts'
import { routingTableOf } from './kad.ts'
import { REJOIN_MS } from './limits.ts'

export interface MembershipOptions {
  readonly host: DhtHost
  readonly seeds: readonly string[]
  readonly ask: Ask
  readonly clock: { monotonic(): number }
  /** Ends with the DHT. */
  readonly lifetime: AbortSignal
  readonly onError: (error: unknown) => void
}

/** Whether this node is part of the network, and how it becomes one. */
export interface Membership {
  /** It is connected, and met the neighbours of its place. */
  readonly isMember: boolean
  /** Enters the network if this node is alone and it is time to try. @returns whether it entered just now */
  tend(): Promise<boolean>
}

/** Creates the membership of one node, which is alone at first. */
export function createMembership({ host, seeds, ask, clock, lifetime, onError }: MembershipOptions): Membership {
  const kad: KadDHT = host.services.dht
  const table = routingTableOf(kad)
  /** All nodes of a network may have one list of seeds, the seeds too. */
  const others = seeds.filter((seed) => !seed.endsWith(`/p2p/${host.peerId}`))
  let isMember = false
  let pause: number = REJOIN_MS.first
  let tryAt = Number.NEGATIVE_INFINITY

  /** kad-dht keeps peers that went away in its table, so their number alone proves nothing. */
  const isAlone = () => table.size === 0 || host.getPeers().length === 0

  /** Ends with the first seed that answers; the others may come later. */
  async function dialSeeds(): Promise<void> {
    if (others.length > 0) await Promise.any(others.map(dialSeed)).catch(onError)
  }

  async function dialSeed(seed: string): Promise<void> {
    const { remotePeer } = await host.dial(multiaddr(seed), { signal: lifetime })
    // Not left to kad-dht: it looks at new connections only, and never again at one that missed its first ping.
    await table.add(remotePeer, { signal: lifetime })
    if (table.size === 0) throw new DhtError('Timeout', `${seed} answers no ping`, { retryable: true })
  }

  /** Asking for the own id tells the neighbours that we are here, and us who they are. */
  async function meetNeighbours(): Promise<void> {
    const id = host.peerId.toMultihash().bytes
    for await (const _ of ask((options) => kad.getClosestPeers(id, options), undefined));
  }

  return {
    get isMember() {
      return isMember
    },
    async tend() {
      if (isAlone()) {
        isMember = false
        if (clock.monotonic() < tryAt) return false
        tryAt = clock.monotonic() + pause
        pause = Math.min(2 * pause, REJOIN_MS.longest)
        await dialSeeds()
      }
      if (isMember || table.size === 0) return false
      await meetNeighbours()
      isMember = !isAlone()
      if (isMember) pause = REJOIN_MS.first
      return isMember
    },
  }
}
