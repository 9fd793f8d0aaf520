import type { EntryHash } from '@bitdust/records'
import type { KnownEntry } from '../journal/types.ts'

/** How the entries of a location's journals lie in time, as their heads tell; clocks play no part. */
export interface History {
  /**
   * Place in the one order on which all readers agree: whatever an entry had merged comes before it; those that did not know
   * of each other go by the length of what they followed, then by journal. What comes later changes nothing in it.
   */
  rank(entry: EntryHash): number
  /** Whether the author of `later` had merged `earlier`. */
  precedes(earlier: EntryHash, later: EntryHash): boolean
}

/** An entry among the others. */
interface Moment {
  /** Which chain it belongs to: a journal, or a branch of one that was forked. */
  readonly branch: number
  /** Length of the longest way here from a first entry. It depends on nothing but what the author had merged. */
  readonly depth: number
  /** For each branch the highest sequence number that was merged; -1: nothing. */
  readonly seen: readonly number[]
}

type EntryLinks = Pick<KnownEntry, 'hash' | 'journal' | 'sequence' | 'previous' | 'heads'>

/** Orders entries. Heads of entries that are not among them are left out: nobody has to have everything. */
export function historyOf(entries: readonly EntryLinks[]): History {
  const ordered = inOrder(entries)
  const moments = new Map<EntryHash, Moment>()
  const continued = new Set<EntryHash>()
  let branches = 0
  const depthOf = (hash: EntryHash) => moments.get(hash)?.depth ?? -1
  for (const entry of ordered) {
    const before = entry.previous === null ? undefined : moments.get(entry.previous)
    const isBranch = before === undefined || continued.has(entry.previous!)
    const branch = isBranch ? branches++ : before.branch
    if (entry.previous !== null) continued.add(entry.previous)
    const seen: number[] = [...(before?.seen ?? [])]
    for (const { hash } of entry.heads) mergeInto(seen, moments.get(hash)?.seen ?? [])
    while (seen.length < branch) seen.push(-1)
    seen[branch] = entry.sequence
    const depth = 1 + Math.max(-1, ...parentsOf(entry).map(depthOf))
    moments.set(entry.hash, { branch, depth, seen })
  }
  const byDepth = [...ordered].sort((a, b) => depthOf(a.hash) - depthOf(b.hash) || comesFirst(a, b))
  const ranks = new Map(byDepth.map(({ hash }, rank) => [hash, rank]))
  const sequences = new Map(entries.map(({ hash, sequence }) => [hash, sequence]))

  return {
    rank: (entry) => ranks.get(entry) ?? -1,
    precedes(earlier, later) {
      const first = moments.get(earlier)
      const second = moments.get(later)
      if (first === undefined || second === undefined || earlier === later) return false
      return (second.seen[first.branch] ?? -1) >= (sequences.get(earlier) ?? 0)
    },
  }
}

function mergeInto(seen: number[], other: readonly number[]): void {
  while (seen.length < other.length) seen.push(-1)
  for (const [branch, sequence] of other.entries()) seen[branch] = Math.max(seen[branch]!, sequence)
}

/** A topological order of the entries, in no particular one of those that there are. */
function inOrder(entries: readonly EntryLinks[]): readonly EntryLinks[] {
  const known = new Set(entries.map(({ hash }) => hash))
  const waitsFor = new Map<EntryHash, number>()
  const followers = new Map<EntryHash, EntryLinks[]>()
  const ordered: EntryLinks[] = []
  for (const entry of entries) {
    const parents = parentsOf(entry).filter((hash) => known.has(hash))
    waitsFor.set(entry.hash, parents.length)
    if (parents.length === 0) ordered.push(entry)
    for (const parent of parents) {
      const list = followers.get(parent)
      if (list === undefined) followers.set(parent, [entry])
      else list.push(entry)
    }
  }
  // It grows while it is gone through.
  for (const next of ordered) {
    for (const follower of followers.get(next.hash) ?? []) {
      const left = (waitsFor.get(follower.hash) ?? 0) - 1
      waitsFor.set(follower.hash, left)
      if (left === 0) ordered.push(follower)
    }
  }
  return ordered
}

/** Each once: a head may name what is `previous` as well. */
function parentsOf({ previous, heads }: EntryLinks): readonly EntryHash[] {
  return [...new Set([...(previous === null ? [] : [previous]), ...heads.map(({ hash }) => hash)])]
}

function comesFirst(a: EntryLinks, b: EntryLinks): number {
  if (a.journal !== b.journal) return a.journal < b.journal ? -1 : 1
  return a.hash < b.hash ? -1 : 1
}
