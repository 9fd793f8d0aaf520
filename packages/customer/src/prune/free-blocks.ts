import type { BlockId } from '@bitdust/records'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'
import type { ListedBlocks } from './list-blocks.ts'

/** Most blocks in one question to a supplier. */
const MAX_BLOCKS = 256

/** How freeing went. */
export interface FreedBlocks {
  /** Blocks that no supplier which had been reached holds any more. */
  readonly gone: ReadonlySet<BlockId>
  /** Bytes that were freed, in all and of one block. */
  readonly bytes: number
  bytesOf(block: BlockId): number
  /** Suppliers that did not do it. */
  readonly failed: number
}

/**
 * Has blocks freed at every supplier that lists them. A supplier refuses what was stored or retained a short time ago:
 * somebody is about to refer to it, and it stays there.
 */
export async function freeBlocks(
  location: Location,
  blocks: readonly BlockId[],
  options: CallOptions & { readonly remotes: Pick<RemoteSuppliers, 'deleteBlocks'>; readonly listed: ListedBlocks },
): Promise<FreedBlocks> {
  const { remotes, listed, signal } = options
  const { positions } = (await location.family({ signal })).body
  const left = new Map(blocks.map((block) => [block, new Set(listed.blocks.get(block)?.at.keys())]))
  const outcomes = await Promise.allSettled(
    positions.map(async (peer, position) => {
      const held = blocks.filter((block) => listed.blocks.get(block)?.at.has(position))
      for (let from = 0; from < held.length; from += MAX_BLOCKS) {
        const query = { customer: location.owner, blocks: held.slice(from, from + MAX_BLOCKS) }
        const { freed } = await remotes.deleteBlocks(peer, query, { signal })
        for (const block of freed) left.get(block)?.delete(position)
      }
    }),
  )
  signal.throwIfAborted()
  const bytesOf = (block: BlockId) => {
    const remaining = left.get(block)
    if (remaining === undefined) return 0
    const sizes = listed.blocks.get(block)?.at ?? new Map<number, number>()
    return [...sizes].reduce((sum, [position, size]) => (remaining.has(position) ? sum : sum + size), 0)
  }
  return {
    gone: new Set(blocks.filter((block) => left.get(block)?.size === 0)),
    bytes: blocks.reduce((sum, block) => sum + bytesOf(block), 0),
    bytesOf,
    failed: outcomes.filter(({ status }) => status === 'rejected').length,
  }
}
