import type { DeviceId } from '@bitdust/crypto'
import type { EntryHash, JournalId } from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { Location } from '../locations/types.ts'
import type { JournalTree } from './journal-tree.ts'
import type { KnownEntry } from './types.ts'

/** What counts in a location of which devices were revoked. */
export interface CountedEntries {
  /** The same array as long as neither entries nor revocations change. */
  readonly entries: readonly KnownEntry[]
  /** The others: they do nothing, but what was written after them may name them. */
  readonly ignored: readonly KnownEntry[]
  /** What does not count, and what is named and not known here. */
  readonly problems: readonly CustomerError[]
}

/**
 * Leaves out what a revoked device wrote beyond the heads that the owner's header names (`threats.md` T52, A11): its key
 * may be in the hands of a thief, and suppliers that did not hear of the revocation yet take what he writes.
 */
export function countedEntries(
  tree: JournalTree,
  { owner, revoked }: Pick<Location, 'owner' | 'revoked'>,
): CountedEntries {
  const settled = tree.settled()
  const allowed = new Map<DeviceId, Set<EntryHash>>()
  const problems: CustomerError[] = []
  for (const { device, heads } of revoked) {
    const hashes = new Set<EntryHash>()
    for (const { journal, hash, sequence } of heads) {
      const head = tree.get(hash)
      if (head === undefined) problems.push(notHereYet(journal, sequence, hash))
      else for (const entry of tree.chain(head)) hashes.add(entry.hash)
    }
    allowed.set(device, hashes)
  }
  if (allowed.size === 0) return { entries: settled, ignored: [], problems }
  const counts = ({ writer, device, hash }: KnownEntry) => writer !== owner || (allowed.get(device)?.has(hash) ?? true)
  const ignored = settled.filter((entry) => !counts(entry))
  if (ignored.length === 0) return { entries: settled, ignored, problems }
  return { entries: settled.filter(counts), ignored, problems: [...problems, ...ignored.map(ignoredEntry)] }
}

/** Nothing of that branch counts before it is here: another branch may be a forgery. */
function notHereYet(journal: JournalId, sequence: number, subject: EntryHash): CustomerError {
  const message = `no supplier showed entry ${sequence} of journal ${journal}, of a revoked device, yet`
  return new CustomerError('CatalogFreshnessUnknown', message, { subject, retryable: true })
}

function ignoredEntry({ journal, sequence, hash }: KnownEntry): CustomerError {
  const message = `entry ${sequence} of journal ${journal} does not count: its device was revoked before`
  return new CustomerError('KeyRevoked', message, { subject: hash })
}
