import { sha256, toHex, utf8Encode } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import { networksOf } from './networks.ts'

/** Somebody who holds a supplier position or could. */
export interface Candidate extends PeerRef {
  /** Where it is reached, as multiaddrs (`/ip4/93.184.216.34/tcp/7771`). @default unknown */
  readonly addresses?: readonly string[]
}

/** What {@link choosePlacement} chooses from. */
export interface PlacementOptions<C extends Candidate> {
  readonly candidates: readonly C[]
  /** Those who hold the other positions and stay. */
  readonly current: readonly Candidate[]
  /** How many to choose. */
  readonly count: number
  /** Decides between equals: one seed, one choice, whatever the order of the candidates. Keep it from the candidates. */
  readonly seed: string
}

/** A choice of suppliers. */
export interface Placement<C extends Candidate> {
  /** `count` of them, or fewer when there are no more. */
  readonly chosen: readonly C[]
  /**
   * Networks (/24 of IPv4, /48 of IPv6) in which more than one of the chosen and current suppliers live: they can fail or
   * be run together. Empty means good diversity as far as addresses are known.
   */
  readonly sharedNetworks: readonly string[]
}

/**
 * Chooses suppliers that have as little in common as possible. No identity and no peer is ever chosen twice or beside
 * itself in `current`; among the rest, those in networks which nobody else uses come first.
 */
export function choosePlacement<C extends Candidate>({
  candidates,
  current,
  count,
  seed,
}: PlacementOptions<C>): Placement<C> {
  const members: Candidate[] = [...current]
  const chosen: C[] = []
  const pool = inSeededOrder(candidates, seed)
  while (chosen.length < count) {
    const free = pool.filter((candidate) => !members.some((member) => isSame(member, candidate)))
    const used = new Set(members.flatMap(networksOf))
    // Every pass takes the best of what is left: networks fill up as suppliers are chosen.
    const best = free.find((candidate) => networksOf(candidate).every((network) => !used.has(network))) ?? free[0]
    if (best === undefined) break
    chosen.push(best)
    members.push(best)
  }
  return { chosen, sharedNetworks: repeated(members.flatMap(networksOf)) }
}

/**
 * Order by hash: nobody can choose a fingerprint that comes first under a seed he does not know. Who stands in the list
 * twice is told apart by addresses, so that the order of the list never matters.
 */
function inSeededOrder<C extends Candidate>(candidates: readonly C[], seed: string): readonly C[] {
  const rank = ({ fingerprint, peerId, addresses = [] }: C) =>
    [toHex(sha256(utf8Encode(`${seed}\0${fingerprint}\0${peerId}`))), ...addresses].join(' ')
  return candidates
    .map((candidate) => ({ candidate, rank: rank(candidate) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : Number(a.rank > b.rank)))
    .map(({ candidate }) => candidate)
}

function isSame(a: PeerRef, b: PeerRef): boolean {
  return a.fingerprint === b.fingerprint || a.peerId === b.peerId
}

function repeated(networks: readonly string[]): string[] {
  return [...new Set(networks.filter((network, index) => networks.indexOf(network) !== index))].sort()
}
