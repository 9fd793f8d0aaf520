import { type Fingerprint, toHex } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'

const MINUTE_MS = 60_000
/** Characters of the creator in a key: enough that nobody spends the nonces of another. */
const CREATOR_CHARACTERS = 16

/** Remembers nonces for as long as a packet that carries one could be accepted. */
export interface ReplayGuard {
  seen(creator: Fingerprint, nonce: Uint8Array): boolean
  /** Remembers a nonce. False when there is no room for one more. */
  remember(creator: Fingerprint, nonce: Uint8Array): boolean
}

/** @param keepMs - Shortest time that a nonce is remembered. */
export function createReplayGuard(
  clock: Pick<Clock, 'monotonic'>,
  { keepMs, maxNonces }: { readonly keepMs: number; readonly maxNonces: number },
): ReplayGuard {
  /** One set per minute, oldest first: a whole minute is forgotten at once. */
  const minutes: { readonly start: number; readonly keys: Set<string> }[] = []

  function forgetOld(now: number): void {
    while (minutes[0] !== undefined && minutes[0].start + MINUTE_MS + keepMs <= now) minutes.shift()
  }

  return {
    seen(creator, nonce) {
      forgetOld(clock.monotonic())
      const key = keyOf(creator, nonce)
      return minutes.some(({ keys }) => keys.has(key))
    },
    remember(creator, nonce) {
      const now = clock.monotonic()
      forgetOld(now)
      if (minutes.reduce((sum, { keys }) => sum + keys.size, 0) >= maxNonces) return false
      let current = minutes.at(-1)
      if (current === undefined || current.start + MINUTE_MS <= now) {
        current = { start: now, keys: new Set() }
        minutes.push(current)
      }
      current.keys.add(keyOf(creator, nonce))
      return true
    },
  }
}

function keyOf(creator: Fingerprint, nonce: Uint8Array): string {
  return creator.slice(0, CREATOR_CHARACTERS) + toHex(nonce)
}
