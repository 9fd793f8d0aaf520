import {
  type EntryHash,
  type JournalEntry,
  type JournalHead,
  journalEntryRecord,
  MAX_HEADS,
  type Opened,
  sealPayload,
} from '@bitdust/records'
import type { Location } from '../locations/types.ts'
import type { Self } from '../ports.ts'
import type { JournalTree } from './journal-tree.ts'
import type { EntryDraft, KnownEntry } from './types.ts'

export interface ComposeOptions {
  readonly self: Self
  readonly location: Location
  readonly tree: JournalTree
  /** Entries that do not count: they are not named. */
  readonly ignored: readonly KnownEntry[]
  /** Which of our journals it goes on. */
  readonly epoch: number
  /** The entry of that journal behind which it stands; null: it is the first. */
  readonly before: KnownEntry | null
  /** Revision of the family that holds its blocks. */
  readonly family: number
}

/** Writes and signs the next entry of our own journal, behind everything that is known. */
export async function composeEntry(
  { payload, date }: EntryDraft,
  { self, location, tree, ignored, epoch, before, family }: ComposeOptions,
): Promise<Opened<JournalEntry>> {
  const isFirst = before === null
  const place = {
    owner: location.owner,
    location: location.id,
    writer: self.fingerprint,
    device: self.deviceKey.publicKey.id,
    epoch,
    sequence: isFirst ? 0 : before.sequence + 1,
    generation: location.generation,
  }
  return journalEntryRecord.sign(
    {
      ...place,
      previous: isFirst ? null : before.hash,
      heads: headsOf(tree, before, new Set(ignored)),
      family,
      date,
      kind: payload.kind,
      payload: await sealPayload(location.secret(place.generation), place, payload),
      certificate: isFirst ? self.certificate : null,
      writerKey: isFirst ? self.masterPublicKey.spki : null,
    },
    self.deviceKey,
  )
}

/** All ends of every journal, but not the one which the entry itself follows. */
function headsOf(
  tree: JournalTree,
  before: KnownEntry | null,
  ignored: ReadonlySet<KnownEntry>,
): readonly JournalHead[] {
  const named = new Set(before?.heads.map(({ hash }) => hash))
  const ends = new Map<EntryHash, JournalHead>()
  for (const end of tree.journals().flatMap((journal) => tree.tips(journal))) {
    if (end.hash === before?.hash || tree.isPending(end.hash)) continue
    const tip = ignored.has(end) ? tree.chain(end).findLast((entry) => !ignored.has(entry)) : end
    if (tip !== undefined) ends.set(tip.hash, { journal: tip.journal, sequence: tip.sequence, hash: tip.hash })
  }
  // What the entry before named already is implied; should there be too many heads, the new ones count.
  return [...ends.values()].sort((a, b) => Number(named.has(a.hash)) - Number(named.has(b.hash))).slice(0, MAX_HEADS)
}
