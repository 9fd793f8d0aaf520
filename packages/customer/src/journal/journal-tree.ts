import type { EntryHash, JournalId } from '@bitdust/records'
import type { KnownEntry } from './types.ts'

/** The entries of one location in memory. Each journal is a chain; where it was forked, a tree. */
export interface JournalTree {
  get(hash: EntryHash): KnownEntry | undefined
  has(hash: EntryHash): boolean
  /** Whether an entry can be added: it is the first of its journal, or the one before it is here. */
  connects(entry: Pick<KnownEntry, 'journal' | 'sequence' | 'previous'>): boolean
  add(entry: KnownEntry, options?: { readonly pending?: boolean }): void
  /** Removes an entry that nothing follows. */
  remove(entry: KnownEntry): void
  /** Ends of a journal: the longest first, then in order of their hashes. More than one: it was forked. */
  tips(journal: JournalId): readonly KnownEntry[]
  journals(): readonly JournalId[]
  /** From the first entry of its journal to this one. */
  chain(tip: KnownEntry): readonly KnownEntry[]
  isPending(hash: EntryHash): boolean
  acknowledge(hash: EntryHash): void
  /** All that is not pending. The same array as long as nothing changes. */
  settled(): readonly KnownEntry[]
}

export function createJournalTree(): JournalTree {
  const entries = new Map<EntryHash, KnownEntry>()
  const tips = new Map<JournalId, Map<EntryHash, KnownEntry>>()
  const pending = new Set<EntryHash>()
  let settled: readonly KnownEntry[] | undefined

  function tipsOf(journal: JournalId): Map<EntryHash, KnownEntry> {
    const known = tips.get(journal) ?? new Map<EntryHash, KnownEntry>()
    tips.set(journal, known)
    return known
  }

  function before({ previous }: Pick<KnownEntry, 'previous'>): KnownEntry | undefined {
    return previous === null ? undefined : entries.get(previous)
  }

  return {
    get: (hash) => entries.get(hash),
    has: (hash) => entries.has(hash),
    connects(entry) {
      if (entry.sequence === 0) return true
      const previous = before(entry)
      return previous !== undefined && previous.journal === entry.journal && previous.sequence + 1 === entry.sequence
    },
    add(entry, options) {
      if (entries.has(entry.hash)) return
      entries.set(entry.hash, entry)
      if (options?.pending === true) pending.add(entry.hash)
      const ends = tipsOf(entry.journal)
      if (entry.previous !== null) ends.delete(entry.previous)
      ends.set(entry.hash, entry)
      settled = undefined
    },
    remove(entry) {
      entries.delete(entry.hash)
      pending.delete(entry.hash)
      const ends = tipsOf(entry.journal)
      ends.delete(entry.hash)
      const previous = before(entry)
      const isLast = [...entries.values()].every((other) => other.previous !== entry.previous)
      if (previous !== undefined && isLast) ends.set(previous.hash, previous)
      settled = undefined
    },
    tips: (journal) => [...(tips.get(journal)?.values() ?? [])].sort(longestFirst),
    journals: () => [...tips.keys()],
    chain(tip) {
      const chain: KnownEntry[] = []
      for (let entry: KnownEntry | undefined = tip; entry !== undefined; entry = before(entry)) chain.push(entry)
      return chain.reverse()
    },
    isPending: (hash) => pending.has(hash),
    acknowledge(hash) {
      if (pending.delete(hash)) settled = undefined
    },
    settled() {
      settled ??= [...entries.values()].filter(({ hash }) => !pending.has(hash))
      return settled
    },
  }
}

function longestFirst(a: KnownEntry, b: KnownEntry): number {
  return b.sequence - a.sequence || (a.hash < b.hash ? -1 : 1)
}
