import type { Clock } from '@bitdust/machine'
import type { TransportLimits } from '../limits.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

/** Peers remembered at most; the one heard of longest ago is forgotten first. */
const MAX_PEERS = 10_000
/** A hello costs two RSA checks: enough for a device that comes and goes, little for one that only asks. */
const HELLOS = { perSecond: 1, burst: 10 } as const

/** What each peer may still ask of us. Outlives its connections, so that a new one is no new start. */
export interface PeerGuard {
  /** True while the peer is refused for its wrong signatures. */
  banned(peerId: string): boolean
  takeRequest(peerId: string): boolean
  takeHello(peerId: string): boolean
  /** A budget of the whole node: checking is what a flood of packets would cost most. */
  takeSignatureCheck(): boolean
  /** Counts a wrong signature; true when the peer is banned for it. */
  badSignature(peerId: string): boolean
}

interface PeerState {
  readonly requests: TokenBucket
  readonly hellos: TokenBucket
  readonly mistakes: TokenBucket
  bannedUntil: number
}

export function createPeerGuard(clock: Pick<Clock, 'monotonic'>, limits: TransportLimits): PeerGuard {
  const peers = new Map<string, PeerState>()
  const signatureChecks = createTokenBucket(clock, {
    perSecond: limits.signatureChecksPerSecond,
    burst: limits.signatureChecksPerSecond,
  })

  function stateOf(peerId: string): PeerState {
    const state = peers.get(peerId) ?? createState()
    // Written again, so that the order of the map is the order of the last sign of life.
    peers.delete(peerId)
    peers.set(peerId, state)
    const [oldest] = peers.keys()
    if (peers.size > MAX_PEERS && oldest !== undefined) peers.delete(oldest)
    return state
  }

  function createState(): PeerState {
    const { requestsPerSecond, requestBurst, badSignaturesPerMinute } = limits
    return {
      requests: createTokenBucket(clock, { perSecond: requestsPerSecond, burst: requestBurst }),
      hellos: createTokenBucket(clock, HELLOS),
      mistakes: createTokenBucket(clock, { perSecond: badSignaturesPerMinute / 60, burst: badSignaturesPerMinute }),
      bannedUntil: Number.NEGATIVE_INFINITY,
    }
  }

  return {
    banned: (peerId) => stateOf(peerId).bannedUntil > clock.monotonic(),
    takeRequest: (peerId) => stateOf(peerId).requests.take(),
    takeHello: (peerId) => stateOf(peerId).hellos.take(),
    takeSignatureCheck: () => signatureChecks.take(),
    badSignature(peerId) {
      const state = stateOf(peerId)
      if (state.mistakes.take()) return false
      state.bannedUntil = clock.monotonic() + limits.banMs
      return true
    },
  }
}
