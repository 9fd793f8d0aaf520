import type { Fingerprint } from '@bitdust/crypto'
import type { CatalogItem } from '../catalog/types.ts'

/** Whether a supplier of the family told what it holds. */
export interface SupplierAnswer {
  /** From 0. */
  readonly position: number
  readonly fingerprint: Fingerprint
  /** A supplier that did not answer counts as holding nothing; it may have all of it. */
  readonly answered: boolean
}

/**
 * How well something is kept. `complete`: by all suppliers. `stored`: by as many as acknowledge a put. `weak`: by fewer,
 * but enough to read it. `lost`: by too few, among those that answered.
 */
export type KeptState = 'complete' | 'stored' | 'weak' | 'lost'

/** How well a file, or everything in a folder, is kept. */
export interface ItemHealth {
  readonly item: CatalogItem
  /** Blocks that it takes, those of the lists on the way to it included. 0: it stands in the journal of the location. */
  readonly blocks: number
  /** Fragments beyond those that it takes, of the block with the fewest; below 0, as many are missing. Null without blocks. */
  readonly spare: number | null
  /** How many more suppliers it survives, whichever they are. Null without blocks. */
  readonly losses: number | null
  readonly state: KeptState
}

/** What suppliers say that they hold of a folder. */
export interface HealthReport {
  readonly suppliers: readonly SupplierAnswer[]
  /** What is in the folder, in the order of `list`; a file is its own only item. */
  readonly items: readonly ItemHealth[]
}

/** How far a verification has come. */
export interface VerifyProgress {
  /** Blocks that were checked, of `total`. */
  readonly done: number
  readonly total: number
}

/** What a supplier held of what was verified. */
export interface VerifiedSupplier extends SupplierAnswer {
  /** Fragments that it gave and that are right. */
  readonly good: number
  /** Fragments that it lacks: it says so, or did not give what it had said to have. */
  readonly missing: number
  /** Fragments that it gave and that are wrong. */
  readonly corrupt: number
}

/** A file that cannot be given back, or a folder whose list cannot; without the others. */
export interface LostItem {
  readonly path: string
  /** Good fragments of the block with the fewest, and how many it takes. */
  readonly have: number
  readonly need: number
  /** Fragments of it at suppliers that did not answer: with these it may be there all the same. */
  readonly unknown: number
}

/** What a verification found. */
export interface VerifyReport {
  /** Files and symlinks that were looked at. */
  readonly files: number
  /** Blocks that they take. Of all of them the suppliers told which they hold. */
  readonly blocks: number
  /** Blocks of which every fragment was fetched and checked. */
  readonly checked: number
  readonly suppliers: readonly VerifiedSupplier[]
  readonly lost: readonly LostItem[]
}
