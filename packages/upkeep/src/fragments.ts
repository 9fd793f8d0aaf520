import { toHex, treeRoot } from '@bitdust/crypto'
import type { Layout } from '@bitdust/records'

/** The two fragments that one supplier holds of a block. */
export interface PositionFragments {
  /** Index of the Data fragment. */
  readonly data: number
  /** Index of the Parity fragment. */
  readonly parity: number
}

/** Which fragments belong to the supplier at `position` (from 0) of n: its losing them costs the block two of 2n. */
export function fragmentsOf(position: number, n: number): PositionFragments {
  return { data: position, parity: n + position }
}

/** The supplier position that holds the fragment with this index; the inverse of {@link fragmentsOf}. */
export function positionOf(index: number, n: number): number {
  return index % n
}

/**
 * Whether `bytes` are the fragment `index` of the block: their length and hash-tree root are those of the layout. Never
 * trust what a fragment's sender says of it, and never decode one that failed: coding turns one wrong byte into many.
 * Costs one pass over at most `fragmentBytes`.
 */
export function verifyFragment(
  layout: Pick<Layout, 'fragmentBytes' | 'roots'>,
  index: number,
  bytes: Uint8Array,
): boolean {
  return bytes.length === layout.fragmentBytes && toHex(treeRoot(bytes)) === layout.roots[index]
}
