import type { BlockId } from '@bitdust/records'
import { storeQuorum, tolerance } from '@bitdust/upkeep'
import type { ItemHealth } from './types.ts'

/** Good fragments of each block, and positions that have all of theirs. */
export interface KeptBlock {
  readonly fragments: number
  readonly holders: number
}

/**
 * How well something is kept that takes several blocks: as well as the one with the fewest fragments.
 *
 * @param keptOf - What n suppliers have of a block.
 */
export function healthOf(
  blocks: ReadonlySet<BlockId>,
  n: number,
  keptOf: (block: BlockId) => KeptBlock,
): Omit<ItemHealth, 'item'> {
  if (blocks.size === 0) return { blocks: 0, spare: null, losses: null, state: 'complete' }
  let fragments = 2 * n
  let holders = n
  for (const block of blocks) {
    const kept = keptOf(block)
    fragments = Math.min(fragments, kept.fragments)
    holders = Math.min(holders, kept.holders)
  }
  const spare = fragments - n
  const losses = Math.min(Math.floor(Math.max(spare, 0) / 2), tolerance(n))
  return { blocks: blocks.size, spare, losses, state: stateOf(spare, holders, n) }
}

function stateOf(spare: number, holders: number, n: number): ItemHealth['state'] {
  if (spare < 0) return 'lost'
  if (holders === n) return 'complete'
  return holders >= storeQuorum(n) ? 'stored' : 'weak'
}
