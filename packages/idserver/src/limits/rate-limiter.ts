import type { Clock } from '@bitdust/machine'

/** Most keys remembered. The one unused for longest is forgotten first, so memory is bounded whatever callers do. */
const MAX_KEYS = 100_000

export interface RateLimiterOptions {
  /** Requests that a key may make at once, and within each period. */
  readonly requests: number
  /** The period, in ms. */
  readonly periodMs: number
  readonly clock: Pick<Clock, 'monotonic'>
}

export interface RateLimiter {
  /** Counts one request of `key`. @returns 0 when it is within the rate, else the ms to wait before the next try. */
  take(key: string): number
}

interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** One bucket of tokens per key, full at first, filled evenly. A refused request costs nothing. */
export function createRateLimiter({ requests, periodMs, clock }: RateLimiterOptions): RateLimiter {
  // Kept in the order of use: the first entry is the one unused for longest.
  const buckets = new Map<string, Bucket>()
  const msPerToken = periodMs / requests

  return {
    take(key) {
      const now = clock.monotonic()
      const bucket = buckets.get(key)
      const tokens =
        bucket === undefined ? requests : Math.min(requests, bucket.tokens + (now - bucket.at) / msPerToken)
      const allowed = tokens >= 1
      buckets.delete(key)
      buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at: now })
      if (buckets.size > MAX_KEYS) buckets.delete(buckets.keys().next().value!)
      return allowed ? 0 : Math.ceil((1 - tokens) * msPerToken)
    },
  }
}
