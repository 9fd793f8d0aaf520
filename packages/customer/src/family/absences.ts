import type { Fingerprint } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import { defineMessage, integer, struct, uint } from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'

/** Form in the store, version 1: ms of absence that were observed. */
const absence = defineMessage(
  struct<{ readonly version: number; readonly ms: number }>({ version: integer(1, 1), ms: uint() }),
  'absence',
)
const MAX_BYTES = 64

/** How long each supplier has been absent, as far as we watched. */
export interface Absences {
  /** Reads what an earlier run observed. */
  load(suppliers: readonly Fingerprint[]): Promise<void>
  /** A question was just answered, or not. */
  note(supplier: Fingerprint, present: boolean): Promise<void>
  /** In ms; 0 for whoever is there. */
  absentMs(supplier: Fingerprint): number
}

export interface AbsencesOptions {
  readonly store: KeyValueStore
  readonly clock: Clock
  /** Longest time between two questions that counts, in ms; a machine that slept observed nothing. */
  readonly longestStepMs: number
}

/**
 * Adds up how long suppliers have been absent. Only time between two unanswered questions of one run counts, on the
 * monotonic clock: neither a jump of the wall clock nor our own absence makes a supplier look dead.
 */
export function createAbsences({ store, clock, longestStepMs }: AbsencesOptions): Absences {
  const totals = new Map<Fingerprint, number>()
  const lastAsked = new Map<Fingerprint, number>()

  return {
    absentMs: (supplier) => totals.get(supplier) ?? 0,

    async load(suppliers) {
      for (const supplier of suppliers) {
        const stored = await store.get(keyOf(supplier))
        if (stored !== null) totals.set(supplier, absence.decode(stored, MAX_BYTES).ms)
      }
    },

    async note(supplier, present) {
      const now = clock.monotonic()
      const before = lastAsked.get(supplier)
      if (present) {
        lastAsked.delete(supplier)
        if (totals.delete(supplier)) await store.batch([{ delete: keyOf(supplier) }])
        return
      }
      lastAsked.set(supplier, now)
      const step = before === undefined ? 0 : Math.min(now - before, longestStepMs)
      const ms = Math.round((totals.get(supplier) ?? 0) + step)
      totals.set(supplier, ms)
      await store.batch([{ put: keyOf(supplier), value: absence.encode({ version: 1, ms }) }])
    },
  }
}

function keyOf(supplier: Fingerprint): string {
  return `family/absent/${supplier}`
}
