import type { Clock } from '@bitdust/machine'
import type { FamilyBooks } from './family-books.ts'
import type { OpenedFamily } from './types.ts'

const HOUR_MS = 3600 * 1000
/** Contracts are renewed so long before their end, in ms: 30 days. */
const RENEW_BEFORE_MS = 30 * 24 * HOUR_MS
/** From one look at the contracts to the next, and from one attempt to the next, in ms. */
const LOOK_EVERY_MS = HOUR_MS
const ATTEMPT_EVERY_MS = 24 * HOUR_MS

/** Tells when contracts have to be renewed. */
export interface Renewals {
  /** Positions whose contract ends soon, or is not known on this device; empty between two looks. */
  due(family: OpenedFamily): Promise<readonly number[]>
  /** A renewal was just tried, with whatever outcome. */
  attempted(): void
}

export function createRenewals({ books, clock }: { readonly books: FamilyBooks; readonly clock: Clock }): Renewals {
  let nextLook = clock.monotonic() + LOOK_EVERY_MS

  return {
    async due(family) {
      if (clock.monotonic() < nextLook) return []
      const due: number[] = []
      for (const [position, { fingerprint }] of family.body.positions.entries()) {
        const contract = await books.contract(fingerprint)
        if (contract === null || contract.body.until - clock.now() < RENEW_BEFORE_MS) due.push(position)
      }
      if (due.length === 0) nextLook = clock.monotonic() + LOOK_EVERY_MS
      return due
    },
    attempted() {
      nextLook = clock.monotonic() + ATTEMPT_EVERY_MS
    },
  }
}
