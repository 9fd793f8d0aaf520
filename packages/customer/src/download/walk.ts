import { MAX_PATH_DEPTH } from '@bitdust/identity'
import type { Content, Extent } from '@bitdust/records'
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

/**
 * Everything in a tree, folders before what is in them, in the order of the bytes of their names: the order in which a
 * put packed it.
 *
 * @throws {CustomerError} `PathUnsafe` for what is too deep, `LimitExceeded` for more than `maxEntries`.
 */
export async function* walkTree(
  view: Pick<CatalogView, 'children'>,
  top: Found,
  maxEntries: number = MAX_TREE_ENTRIES,
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
    if (summary.kind === 'folder') open.push(itemsBelow(item.path, await view.children(item.found)))
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
  let ended = false
  try {
    for (;;) {
      while (!ended && ahead.length < MAX_ITEMS_AHEAD && blocksIn(ahead) <= READ_AHEAD_BLOCKS) {
        const { done, value } = await source.next()
        if (done === true) {
          ended = true
        } else {
          const blocks = blocksOf(value.found)
          // A file of many blocks reads ahead by itself, when its turn comes.
          if (blocks.length <= READ_AHEAD_BLOCKS) for (const extent of blocks) prefetch(extent)
          ahead.push({ item: value, blocks })
        }
      }
      const next = ahead.shift()
      if (next === undefined) return
      yield next.item
    }
  } finally {
    await source.return?.()
  }
}

/** Number of blocks that the items use; equal ones follow each other. */
function blocksIn(items: readonly { readonly blocks: readonly Extent[] }[]): number {
  let count = 0
  let last: string | undefined
  for (const { blocks } of items) {
    for (const { block } of blocks) {
      if (block !== last) count += 1
      last = block
    }
  }
  return count
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
