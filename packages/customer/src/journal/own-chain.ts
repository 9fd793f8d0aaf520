import type { JournalId } from '@bitdust/records'
import type { StoredJournalHead } from '../ports.ts'
import type { JournalTree } from './journal-tree.ts'
import type { HeadsBySupplier } from './sync-journals.ts'
import type { KnownEntry } from './types.ts'

/**
 * The branch of our own journal that goes on: normally there is one. After a fork (this disk, or its image, was also
 * used elsewhere) it is the one which most suppliers hold, for only that can reach a quorum again; then the longest.
 *
 * @returns Its entries from the first; none when the journal does not exist yet.
 */
export function ownChain(tree: JournalTree, journal: JournalId, heads: HeadsBySupplier): readonly KnownEntry[] {
  const [first, ...others] = tree.tips(journal).map((tip) => tree.chain(tip))
  if (first === undefined || others.length === 0) return first ?? []
  const ends = [...heads.values()].map((stored) => stored.get(journal))
  const support = (chain: readonly KnownEntry[]) =>
    ends.filter((head) => head !== undefined && chain[head.sequence]?.hash === head.hash).length
  return others.reduce((best, chain) => (support(chain) > support(best) ? chain : best), first)
}

/** How many suppliers have the journal up to this entry of the chain, or further. */
export function holdersOf(
  { journal, sequence }: KnownEntry,
  chain: readonly KnownEntry[],
  heads: HeadsBySupplier,
): number {
  const ends = [...heads.values()].map((stored) => stored.get(journal))
  const isHolder = (head: StoredJournalHead | undefined) =>
    head !== undefined && head.sequence >= sequence && chain[head.sequence]?.hash === head.hash
  return ends.filter(isHolder).length
}
