import { randomBytes } from '@bitdust/crypto'
import { type JournalId, journalIdOf } from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { Location } from '../locations/types.ts'
import type { Self, StoredJournalHead } from '../ports.ts'
import type { OwnEnd } from './journal-books.ts'
import type { JournalTree } from './journal-tree.ts'
import type { HeadsBySupplier } from './sync-journals.ts'
import type { KnownEntry } from './types.ts'

/** Where this device writes next. */
export interface OwnJournal {
  readonly epoch: number
  /** The journal's entries from the first; none: it begins with the next one. */
  readonly chain: readonly KnownEntry[]
}

/**
 * The journal that this device goes on with: the one in which it wrote last, as long as nothing stands in it that this
 * device does not remember writing. Otherwise its disk is an old image, or was used twice, or was lost, and it starts
 * another journal, so that two writers never go on with one (`threats.md` T34, T35).
 *
 * @param own - What this device wrote last, as it remembers.
 */
export function ownJournal(
  tree: JournalTree,
  location: Pick<Location, 'id'>,
  { fingerprint: writer, deviceKey }: Pick<Self, 'fingerprint' | 'deviceKey'>,
  own: OwnEnd | null,
): OwnJournal {
  const epoch = own?.epoch ?? 0
  const journal = journalIdOf({ location: location.id, writer, device: deviceKey.publicKey.id, epoch })
  const tips = tree.tips(journal)
  const [tip] = tips
  if (tip === undefined && own === null) return { epoch, chain: [] }
  if (tip !== undefined && tips.length === 1 && tip.hash === own?.hash) return { epoch, chain: tree.chain(tip) }
  return { epoch: newEpoch(), chain: [] }
}

/** Says that somebody went on with our journal, where that is not told as a fork already. */
export function goneOn(
  tree: JournalTree,
  location: Pick<Location, 'id'>,
  { fingerprint: writer, deviceKey }: Pick<Self, 'fingerprint' | 'deviceKey'>,
  own: OwnEnd | null,
): CustomerError | null {
  if (own === null) return null
  const { epoch, hash } = own
  const journal = journalIdOf({ location: location.id, writer, device: deviceKey.publicKey.id, epoch })
  const [tip, ...others] = tree.tips(journal)
  if (tip === undefined || others.length > 0 || tip.hash === hash) return null
  const message = `journal ${journal} of this device goes on with entries that were not written here; it starts another one`
  return new CustomerError('CatalogFork', message, { subject: journal })
}

/** Ends of all journals that a device keeps, or kept, in a location. */
export function tipsOf(tree: JournalTree, { writer, device }: Pick<KnownEntry, 'writer' | 'device'>) {
  return tree
    .journals()
    .flatMap((journal: JournalId) => tree.tips(journal))
    .filter((tip) => tip.writer === writer && tip.device === device)
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

/** Random, for of two images of one disk both may start a journal. Never 0, the first one. */
function newEpoch(): number {
  const bytes = randomBytes(4)
  return Math.max(1, new DataView(bytes.buffer, bytes.byteOffset).getUint32(0))
}
