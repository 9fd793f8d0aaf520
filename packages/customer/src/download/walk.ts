import { MAX_PATH_DEPTH } from '@bitdust/identity'
import type { BlockId, Content, Extent } from '@bitdust/records'
import type { CatalogView, Found } from '../catalog/catalog-view.ts'
import { joinPath, namesOf } from '../catalog/path-tree.ts'
import { CustomerError } from '../errors.ts'
import { READ_AHEAD_BLOCKS } from './content.ts'

/** Most entries of one tree (`threats.md` A15): a few blocks can name each other often enough for any number. */
export const MAX_TREE_ENTRIES = 1_000_000
/** Items that are looked at ahead of the one which is given out. */
const MAX_ITEMS_AHEAD = 256

/** Something in a tree, with its path relative to where the walk began. */
export interface TreeItem {
  readonly path: string
  readonly found: Found
}

export interface WalkTreeOptions {
  /** @default 1_000_000 */
  readonly maxEntries?: number
  /** Told of each folder whose list cannot be read; the walk goes on without what is in it. @default the walk ends there */
  readonly onUnreadable?: (item: TreeItem, error: unknown) => void
}

/**
 * Everything in a tree, folders before what is in them, in the order of the bytes of their names: the order in which a
 * put packed it.
 *
 * @throws {CustomerError} `PathUnsafe` for what is too deep, `LimitExceeded` for more than `maxEntries`.
 */
export async function* walkTree(
  view: Pick<CatalogView, 'children'>,
  top: Found,
  { maxEntries = MAX_TREE_ENTRIES, onUnreadable }: WalkTreeOptions = {},
): AsyncGenerator<TreeItem> {
  /** What is still to come in each of the open folders, from the top. */
  const open: Iterator<TreeItem>[] = [[{ path: '', found: top }].values()]
  let count = 0
  for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
    const { done, value: item } = folder.next()
    if (done === true) {
      open.pop()
      continue
    }
    const { path, summary } = item.found
    count += 1
    if (count > maxEntries)
      throw new CustomerError('LimitExceeded', `${top.path}: more than ${maxEntries} entries`, { subject: top.path })
    if (namesOf(path).length > MAX_PATH_DEPTH)
      throw new CustomerError('PathUnsafe', `${path} is too deep`, { subject: path })
    yield item
    if (summary.kind !== 'folder') continue
    try {
      open.push(itemsBelow(item.path, await view.children(item.found)))
    } catch (error) {
      if (onUnreadable === undefined) throw error
      onUnreadable(item, error)
    }
  }
}

function* itemsBelow(path: string, children: readonly Found[]): Generator<TreeItem, undefined> {
  for (const found of children) yield { path: joinPath(path, namesOf(found.path).at(-1) ?? ''), found }
}

/**
 * Looks at coming items ahead of their turn and has their blocks fetched, so that one walk through many small files is
 * one walk through the blocks that hold them.
 */
export async function* readAhead(
  items: AsyncIterable<TreeItem>,
  prefetch: (extent: Extent) => void,
): AsyncGenerator<TreeItem> {
  const source = items[Symbol.asyncIterator]()
  const ahead: { readonly item: TreeItem; readonly blocks: readonly Extent[] }[] = []
  /** The blocks that the items ahead use, in their order; equal ones follow each other. */
  const runs: { readonly block: BlockId; uses: number }[] = []
  let ended = false

  function enter(item: TreeItem): void {
    const blocks = blocksOf(item.found)
    for (const { block } of blocks) {
      const last = runs.at(-1)
      if (last?.block === block) last.uses += 1
      else runs.push({ block, uses: 1 })
    }
    // A file of many blocks reads ahead by itself, when its turn comes.
    if (blocks.length <= READ_AHEAD_BLOCKS) for (const extent of blocks) prefetch(extent)
    ahead.push({ item, blocks })
  }

  function leave(): TreeItem | undefined {
    const next = ahead.shift()
    for (let left = next?.blocks.length ?? 0; left > 0; left--) {
      const first = runs[0]!
      first.uses -= 1
      if (first.uses === 0) runs.shift()
    }
    return next?.item
  }

  try {
    for (;;) {
      while (!ended && ahead.length < MAX_ITEMS_AHEAD && runs.length <= READ_AHEAD_BLOCKS) {
        const { done, value } = await source.next()
        if (done === true) ended = true
        else enter(value)
      }
      const item = leave()
      if (item === undefined) return
      yield item
    }
  } finally {
    await source.return?.()
  }
}

/** One extent of each block that a file is in, as far as its entry tells. Folders are read as the walk gets to them. */
function blocksOf({ entry }: Found): readonly Extent[] {
  if (entry?.kind !== 'file') return []
  return extentsOf(entry.content).filter(({ block }, index, all) => all[index - 1]?.block !== block)
}

function extentsOf(content: Content): readonly Extent[] {
  const flat = 'list' in content ? content.list : content
  return 'extents' in flat ? flat.extents : []
}
