import type { BlockId } from '@bitdust/records'
import { itemOf } from '../catalog/item-of.ts'
import { namesOf } from '../catalog/path-tree.ts'
import type { CatalogItem } from '../catalog/types.ts'
import type { RemoteSuppliers } from '../ports.ts'
import { surveyBlocks } from '../repair/survey.ts'
import { healthOf } from './kept.ts'
import { type NeededOptions, neededBlocks } from './needed-blocks.ts'
import { answersOf } from './supplier-answers.ts'
import type { HealthReport } from './types.ts'

export interface HealthOptions extends NeededOptions {
  readonly remotes: Pick<RemoteSuppliers, 'listFragments'>
}

/**
 * Asks each supplier once for all that it holds of the location, and compares that with what the items of a folder take.
 * Nothing is fetched but lists of folders; whether what is held is right, only a verification tells.
 */
export async function measureHealth(options: HealthOptions): Promise<HealthReport> {
  const { location, view, top, remotes, signal } = options
  const family = await location.family({ signal })
  const { n } = family.body
  const survey = await surveyBlocks({
    family,
    customer: location.owner,
    location: location.id,
    remotes,
    online: (position) => location.online(position),
    signal,
  })
  /** By the first name below the top. What is in one of them counts for it. */
  const needed = new Map<string, { readonly item: CatalogItem; readonly blocks: Set<BlockId> }>()
  const isFolder = top.summary.kind === 'folder'
  /** Names with something whose list cannot be read, whatever the suppliers say to hold. */
  const unread = new Set<string>()
  for await (const { path, found, blocks, unreadable } of neededBlocks(options)) {
    const name = namesOf(path)[0] ?? ''
    if (unreadable !== undefined) unread.add(name)
    if (isFolder && name === '') continue
    const known = needed.get(name)
    if (known === undefined) {
      const summary = await view.measure(found).catch(() => found.summary)
      needed.set(name, { item: itemOf(view, found, summary), blocks: new Set(blocks) })
    } else {
      for (const block of blocks) known.blocks.add(block)
    }
  }
  const keptOf = (block: BlockId) => {
    const holders = survey.blocks.get(block)?.reduce((sum, holds) => sum + holds, 0) ?? 0
    return { fragments: 2 * holders, holders }
  }
  signal.throwIfAborted()
  // When its own list is lost, nobody knows what was in the folder.
  if (unread.has('') && needed.size === 0) needed.set('', { item: itemOf(view, top, top.summary), blocks: new Set() })
  return {
    suppliers: answersOf(family, survey),
    items: Array.from(needed, ([name, { item, blocks }]) => {
      const health = healthOf(blocks, n, keptOf)
      return { item, ...health, ...(unread.has(name) ? { state: 'lost' as const } : {}) }
    }),
  }
}
