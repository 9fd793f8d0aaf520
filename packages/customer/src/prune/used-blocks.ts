import { type BlockId, type Content, decodeExtents, type Entry, type FlatContent } from '@bitdust/records'
import type { TreeReader } from '../catalog/catalog-view.ts'
import type { PutOperation } from '../catalog/operation.ts'
import type { CallOptions } from '../ports.ts'

export interface UsedBlocksOptions extends CallOptions {
  readonly trees: TreeReader
  /** Reads a list of extents. */
  readonly readList: (content: FlatContent) => Promise<Uint8Array>
}

/**
 * All blocks that some puts need: of their folders, their files and the lists of these. Folders that did not change from
 * one put to the next are read once.
 *
 * @throws {CustomerError} When something cannot be read: then it is not known what is needed.
 */
export async function usedBlocks(
  puts: readonly PutOperation[],
  { trees, readList, signal }: UsedBlocksOptions,
): Promise<ReadonlySet<BlockId>> {
  const used = new Set<BlockId>()
  const seen = new Set<string>()

  /** @returns Whether this content was met before. */
  function note(content: FlatContent): boolean {
    if ('inline' in content) return false
    for (const { block } of content.extents) used.add(block)
    const place = content.extents.map(({ block, offset, length }) => `${block}/${offset}/${length}`).join()
    const isKnown = seen.has(place)
    seen.add(place)
    return isKnown
  }

  async function noteContent(content: Content): Promise<boolean> {
    if (!('list' in content)) return note(content)
    const isKnown = note(content.list)
    if (!isKnown) note({ extents: decodeExtents(await readList(content.list)) })
    return isKnown
  }

  for (const put of puts) {
    const open: Entry[] = [await trees.root(put)]
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      signal.throwIfAborted()
      const isKnown = await noteContent(entry.content)
      if (entry.kind === 'folder' && !isKnown) open.push(...(await trees.node(entry)))
    }
  }
  return used
}
