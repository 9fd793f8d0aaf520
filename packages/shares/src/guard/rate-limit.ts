import type { Fingerprint } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import { ShareError } from '../errors.ts'
import { MAX_RATED_PEERS, PACKETS_PER_MINUTE } from '../limits.ts'

/** Lets every identity do something {@link PACKETS_PER_MINUTE} times a minute, from whichever of its devices. */
export interface RateLimit {
  /** @throws {ShareError} `RateLimited`. */
  take(who: Fingerprint): void
}

const MINUTE_MS = 60_000

/** Makes a limit that nobody has used yet. Its memory is bounded. */
export function createRateLimit(clock: Pick<Clock, 'monotonic'>): RateLimit {
  // By identity, the one that was silent longest first.
  const buckets = new Map<Fingerprint, { readonly tokens: number; readonly filledAt: number }>()
  return {
    take(who) {
      const now = clock.monotonic()
      const { tokens, filledAt } = buckets.get(who) ?? { tokens: PACKETS_PER_MINUTE, filledAt: now }
      const filled = Math.min(PACKETS_PER_MINUTE, tokens + ((now - filledAt) / MINUTE_MS) * PACKETS_PER_MINUTE)
      buckets.delete(who)
      buckets.set(who, { tokens: filled < 1 ? filled : filled - 1, filledAt: now })
      const [oldest] = buckets.keys()
      if (buckets.size > MAX_RATED_PEERS && oldest !== undefined) buckets.delete(oldest)
      if (filled < 1) throw new ShareError('RateLimited', `more than ${PACKETS_PER_MINUTE} packets in a minute`)
    },
  }
}
