import type { Fingerprint } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'

/** How long a supplier that failed or kept us waiting is asked last, in ms. */
const AVOID_MS = 30_000

/** Remembers for a while who did not answer, so that not every block waits for the same supplier again. */
export interface SlowPeers {
  avoid(peer: Fingerprint): void
  isSlow(peer: Fingerprint): boolean
}

export function createSlowPeers(clock: Pick<Clock, 'monotonic'>): SlowPeers {
  const until = new Map<Fingerprint, number>()
  return {
    avoid(peer) {
      until.set(peer, clock.monotonic() + AVOID_MS)
    },
    isSlow: (peer) => (until.get(peer) ?? 0) > clock.monotonic(),
  }
}
