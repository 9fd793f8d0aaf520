import type { Clock } from '@bitdust/machine'

/** Lets through a steady rate and a burst above it. */
export interface TokenBucket {
  /** Takes a token; false when there is none. */
  take(): boolean
}

/** @param perSecond - Tokens added per second; `burst` of them can wait, and are there at first. */
export function createTokenBucket(
  clock: Pick<Clock, 'monotonic'>,
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
): TokenBucket {
  let tokens = burst
  let filledAt = clock.monotonic()
  return {
    take() {
      const now = clock.monotonic()
      tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond)
      filledAt = now
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
