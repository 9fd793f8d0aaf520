import type { Fingerprint } from '@bitdust/crypto'
import type { BlockId } from '@bitdust/records'
import type { CallOptions } from '../ports.ts'
import type { TypedEvents } from '../typed-events.ts'

/** How far a repair has come. */
export interface RepairProgress {
  /** Blocks looked at, of `total` that lack fragments. */
  readonly done: number
  readonly total: number
  /** Positions whose fragments were rebuilt and stored. */
  readonly rebuilt: number
}

/** A supplier that gave a fragment which does not verify, or had none although it said so. */
export interface Culprit {
  readonly position: number
  readonly fingerprint: Fingerprint
  readonly block: BlockId
  readonly code: 'FragmentCorrupt' | 'FragmentMissing'
}

/** A block that could not be repaired now; maybe one whose upload was never finished. */
export interface MissingBlock {
  readonly block: BlockId
  /** Good fragments that were found, and those that it takes. */
  readonly have: number
  readonly need: number
}

/** What one repair did. */
export interface RepairReport {
  /** Blocks known to the suppliers that were reached. */
  readonly blocks: number
  /** Positions whose fragments were rebuilt and stored. */
  readonly rebuilt: number
  /** Blocks with too few fragments at the suppliers that could be reached, but for those that surely no version needs. */
  readonly missing: readonly MissingBlock[]
  readonly culprits: readonly Culprit[]
  /** Positions that could not be brought up to date: out of reach, or without room. */
  readonly behind: readonly number[]
  /** Whether every known block stands at all positions, and every record. */
  readonly complete: boolean
}

/** Events of {@link Repair}. */
export interface RepairEvents {
  readonly report: RepairReport
}

/** Keeps every block at all positions, without any content key. */
export interface Repair {
  /**
   * Brings suppliers up to date and rebuilds what is missing. When a run is under way, another one follows it, and that
   * one's report is returned. Aborting ends the waiting, not the repair.
   *
   * @throws {CustomerError} `NotFound` (retryable) without a family, `Cancelled`.
   */
  run(options: CallOptions & { readonly onProgress?: (progress: RepairProgress) => void }): Promise<RepairReport>
  /** Remembers that the fragments of a block at this position did not verify or were not there: the next run stores them again. */
  suspect(block: BlockId, position: number): void
  /** Runs from time to time: after a change of the family, when a supplier comes back, and every `repairEveryMs`. Idempotent. */
  start(): void
  /** Idempotent. */
  stop(): Promise<void>
  readonly events: TypedEvents<RepairEvents>
}
