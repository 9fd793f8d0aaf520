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
  // Apart: bytes that some put calls a file, or a list, may be a folder in another.
  const folders = new Set<string>()
  const lists = new Set<string>()

  function note(content: FlatContent): void {
    if ('extents' in content) for (const { block } of content.extents) used.add(block)
  }

  async function noteContent(content: Content): Promise<void> {
    if (!('list' in content)) return note(content)
    note(content.list)
    if (isNew(lists, content)) note({ extents: decodeExtents(await readList(content.list)) })
  }

  for (const put of puts) {
    const open: Entry[] = [await trees.root(put)]
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      signal.throwIfAborted()
      await noteContent(entry.content)
      if (entry.kind === 'folder' && isNew(folders, entry.content)) open.push(...(await trees.node(entry)))
    }
  }
  return used
}

/** Remembers where some content is; what stands inline has no place of its own and is always new. */
function isNew(places: Set<string>, content: Content): boolean {
  const [form, flat] = 'list' in content ? ['list', content.list] : ['', content]
  if ('inline' in flat) return true
  const extents = flat.extents.map(({ block, offset, length }) => `${block}/${offset}/${length}`)
  const place = [form, ...extents].join()
  if (places.has(place)) return false
  places.add(place)
  return true
}
