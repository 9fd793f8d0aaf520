import { toHex } from '@bitdust/crypto'
import { ShareError } from '../errors.ts'
import { MAX_AUDIT_NONCES } from '../limits.ts'

/** Nonces that were answered and may not be answered again. */
export interface UsedNonces {
  /**
   * Uses a nonce up.
   *
   * @param expires - When nobody would answer it any more, in ms since the Unix epoch.
   * @throws {ShareError} `ReplayDetected` the second time.
   */
  use(nonce: Uint8Array, expires: number, now: number): void
}

/** Remembers nonces in memory until they expire, at most {@link MAX_AUDIT_NONCES} of them. */
export function createUsedNonces(): UsedNonces {
  const used = new Map<string, number>()
  return {
    use(nonce, expires, now) {
      const name = toHex(nonce)
      if (used.has(name)) throw new ShareError('ReplayDetected', 'this question was answered before')
      for (const [other, end] of used) {
        if (used.size < MAX_AUDIT_NONCES && end >= now) break
        used.delete(other)
      }
      used.set(name, expires)
    },
  }
}
