import type { BlockId, Entry } from '@bitdust/records'
import type { CatalogView, Found } from '../catalog/catalog-view.ts'
import { joinPath, namesOf } from '../catalog/path-tree.ts'
import type { ContentReader } from '../download/content.ts'
import { walkTree } from '../download/walk.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions } from '../ports.ts'

/** Where to look. */
export interface NeededOptions extends CallOptions {
  readonly location: Location
  readonly view: CatalogView
  readonly top: Found
  readonly content: Pick<ContentReader, 'blocks'>
}

/** Something in a tree, with the blocks without which it cannot be read. */
export interface NeededItem {
  /** Relative to the top. */
  readonly path: string
  readonly found: Found
  /** Its own, and those of the lists of the folders on the way, each once. */
  readonly blocks: ReadonlySet<BlockId>
  /** Why the list of what is in it, or of its extents, could not be read; its blocks are then only those of the lists. */
  readonly unreadable?: unknown
}

/** Everything in a tree with the blocks that it takes, in the order of a walk. What cannot be read ends nothing. */
export async function* neededBlocks(options: NeededOptions): AsyncGenerator<NeededItem> {
  const { view, top, signal } = options
  /** Lists on the way to what comes next, from the top. */
  const chain: { readonly found: Found; readonly blocks: ReadonlySet<BlockId> }[] = []
  const unreadable: NeededItem[] = []

  /** The lists above something: those of the folders that the same put has there. */
  function above({ put, path }: Found): ReadonlySet<BlockId> {
    while (chain.length > 0 && !isBelow(path, chain.at(-1)!.found.path)) chain.pop()
    const last = chain.at(-1)
    return last?.found.put === put ? last.blocks : new Set()
  }

  for (const folder of await foldersAbove(view, top)) {
    const blocks = above(folder).union(await listBlocks(folder, options))
    chain.push({ found: folder, blocks })
  }
  const items = walkTree(view, top, {
    onUnreadable({ path, found }, error) {
      unreadable.push({ path, found, blocks: chain.at(-1)!.blocks, unreadable: error })
    },
  })
  for await (const { path, found } of items) {
    signal.throwIfAborted()
    // Of the folder that came before this.
    yield* unreadable.splice(0)
    const lists = above(found)
    if (found.summary.kind === 'folder') {
      const blocks = lists.union(await listBlocks(found, options))
      chain.push({ found, blocks })
      yield { path, found, blocks }
    } else {
      const own = await contentBlocks(await view.load(found), options)
      yield { path, found, ...own, blocks: lists.union(own.blocks) }
    }
  }
  signal.throwIfAborted()
  yield* unreadable
}

/** Blocks of the list of what is in a folder; none for a folder that nobody put. */
async function listBlocks(found: Found, options: NeededOptions): Promise<ReadonlySet<BlockId>> {
  if (found.entry === null && found.put.path !== found.path) return new Set()
  const entry = await options.view.load(found)
  return entry.kind === 'folder' ? (await contentBlocks(entry, options)).blocks : new Set()
}

/** The blocks of an entry; when the list of its extents is lost, those of that list. */
async function contentBlocks(
  { content: own }: Entry,
  { location, content, signal }: NeededOptions,
): Promise<Pick<NeededItem, 'blocks' | 'unreadable'>> {
  try {
    return { blocks: await content.blocks(location, own, { signal }) }
  } catch (error) {
    signal.throwIfAborted()
    const list = 'list' in own && 'extents' in own.list ? own.list.extents : []
    return { blocks: new Set(list.map(({ block }) => block)), unreadable: error }
  }
}

/** The folders through which a put leads to something, from the one that was put. */
async function foldersAbove(view: CatalogView, { path, put }: Found): Promise<readonly Found[]> {
  const folders: Found[] = []
  const names = namesOf(path)
  for (let depth = namesOf(put.path).length; depth < names.length; depth++) {
    const folder = await view.find(names.slice(0, depth).reduce(joinPath, ''))
    if (folder?.put === put) folders.push(folder)
  }
  return folders
}

function isBelow(path: string, folder: string): boolean {
  return folder === '' || path.startsWith(`${folder}/`)
}
