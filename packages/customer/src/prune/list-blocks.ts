import type { BlockId } from '@bitdust/records'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'

/** A block as the suppliers list it. */
export interface ListedBlock {
  /** Bytes that it takes of the quota, by position of the supplier. */
  readonly at: ReadonlyMap<number, number>
  /** The same, in all. */
  readonly bytes: number
}

/** What of a location the suppliers have. */
export interface ListedBlocks {
  readonly blocks: ReadonlyMap<BlockId, ListedBlock>
  /** Suppliers that did not tell. */
  readonly unreached: number
}

/** Asks all suppliers what they hold of a location. What nobody uses stands there as well: of puts that failed, for one. */
export async function listBlocks(
  location: Location,
  { remotes, signal }: CallOptions & { readonly remotes: Pick<RemoteSuppliers, 'listFragments'> },
): Promise<ListedBlocks> {
  const { positions } = (await location.family({ signal })).body
  const sizes = new Map<BlockId, Map<number, number>>()
  const outcomes = await Promise.allSettled(
    positions.map(async (peer, position) => {
      const query = { customer: location.owner, location: location.id }
      const own = new Map<BlockId, number>()
      // Fragments for other positions or numbers of suppliers count too: they are freed together.
      for await (const { block, bytes } of remotes.listFragments(peer, query, { signal }))
        own.set(block, (own.get(block) ?? 0) + bytes)
      for (const [block, bytes] of own) sizes.set(block, (sizes.get(block) ?? new Map()).set(position, bytes))
    }),
  )
  signal.throwIfAborted()
  const blocks = new Map(
    [...sizes].map(([block, at]) => [block, { at, bytes: [...at.values()].reduce((sum, size) => sum + size, 0) }]),
  )
  return { blocks, unreached: outcomes.filter(({ status }) => status === 'rejected').length }
}
