import type { SyncReport } from '../journal/types.ts'

/** Blocks at the suppliers. */
export interface BlockSum {
  readonly blocks: number
  /** Bytes that they take of the quota, at all suppliers together. */
  readonly bytes: number
}

/** What a prune did, and what is left for later. */
export interface PruneReport {
  /** Versions that are not listed any more from now on. */
  readonly released: number
  /** What was freed at the suppliers. */
  readonly freed: BlockSum
  /** What no version uses, and is freed by itself later. */
  readonly waiting: BlockSum & {
    /** When the first and the last of it may be freed, in ms since the Unix epoch; null: nothing waits. */
    readonly from: number | null
    readonly until: number | null
  }
  /** Suppliers that could not be asked, or did not do all of it: theirs is freed when they are back. */
  readonly unreached: number
  /** What the catalog was merged from. */
  readonly sync: SyncReport
}

/** Which versions stay. */
export interface KeepPolicy {
  /** Newest versions of each path that are kept while something is there, the one that is shown included. @default 2 */
  readonly keep?: number
  /** Only versions that were put longer ago by their writer's clock are released, in ms. @default 0 */
  readonly olderThanMs?: number
}
