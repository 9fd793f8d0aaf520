import type { PeerRef } from '@bitdust/identity'
import { storeQuorum } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import { codeOf } from '../failure.ts'
import type { OpenedFamily } from '../family/types.ts'
import { atSuppliers, type QuorumReached } from '../locations/quorum.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers, StoredJournalHead } from '../ports.ts'
import type { JournalBooks } from './journal-books.ts'
import type { HeadsBySupplier } from './sync-journals.ts'
import type { KnownEntry } from './types.ts'

export interface SendOptions extends CallOptions {
  readonly location: Location
  readonly family: OpenedFamily
  readonly remotes: RemoteSuppliers
  readonly books: JournalBooks
  /** Our own journal from its first entry to the last that is sent. */
  readonly chain: readonly KnownEntry[]
  /** Sequence number of the first entry which is not acknowledged yet. */
  readonly from: number
  /** Those which are not acknowledged may name an older family, too: they have been waiting. @default false */
  readonly waiting?: boolean
  /** What each supplier has, as far as it was asked. */
  readonly heads: HeadsBySupplier
}

/** A newer family, a fork, a newer key. */
const REFUSALS: ReadonlySet<string | null> = new Set(['RecordRollback', 'RecordInvalid', 'KeyRevoked'])

/** Entries could not be stored because of what suppliers have, not because they are away. */
export class EntriesRefused extends Error {
  override readonly name = 'EntriesRefused'
  /** Suppliers that store the last of the entries all the same. */
  readonly stored: number

  constructor(cause: unknown, stored: number) {
    super('suppliers refuse the entries', { cause })
    this.stored = stored
  }
}

/**
 * Brings our own journal at the suppliers up to its last entry; whoever missed earlier entries gets those too.
 *
 * @throws {EntriesRefused} When fewer than H have it and a supplier says that it knows a newer family or key, or holds a fork.
 * @throws {CustomerError} `UploadIncomplete`.
 */
export async function sendEntries(options: SendOptions): Promise<QuorumReached<void>> {
  const { location, family, chain, signal } = options
  const last = chain.at(-1)!
  let refused = false
  let stored = 0
  try {
    return await atSuppliers(
      family,
      storeQuorum(family.body.n),
      async (peer, _, taskSignal) => {
        try {
          await sendTo(peer, { ...options, signal: taskSignal })
          stored += 1
        } catch (error) {
          refused ||= REFUSALS.has(codeOf(error))
          throw error
        }
      },
      { signal, online: location.online, subject: last.hash },
    )
  } catch (error) {
    throw refused ? new EntriesRefused(error, stored) : error
  }
}

async function sendTo(peer: PeerRef, options: SendOptions): Promise<void> {
  const { location, remotes, chain, from, waiting = false, heads, signal } = options
  const place = { customer: location.owner, location: location.id }
  const last = chain.at(-1)!
  const known = heads.get(peer.fingerprint) ?? (await askHeads(peer, options))
  const next = nextFor(known.get(last.journal), chain)
  const firstNew = waiting ? chain.length : Math.max(next, from)
  // Members cannot back-fill what names an older family; the owner's repair does it for them.
  await append(chain.slice(next, firstNew), location.mine)
  await append(chain.slice(firstNew), false)

  async function append(part: readonly KnownEntry[], backfill: boolean): Promise<void> {
    if (part.length === 0) return
    const entries = await readEntries(part, options)
    await remotes.appendJournal(peer, { ...place, entries, backfill }, { signal })
  }
}

async function askHeads(peer: PeerRef, { location, remotes, signal }: SendOptions) {
  const heads = await remotes.journalHeads(peer, { customer: location.owner, location: location.id }, { signal })
  return new Map(heads.map((head) => [head.journal, head]))
}

/** Sequence number of the first entry that a supplier lacks. */
function nextFor(head: StoredJournalHead | undefined, chain: readonly KnownEntry[]): number {
  if (head === undefined) return 0
  if (chain[head.sequence]?.hash === head.hash) return head.sequence + 1
  throw new CustomerError('RecordInvalid', `the supplier holds another entry ${head.sequence} of our journal`, {
    subject: head.journal,
  })
}

function readEntries(entries: readonly KnownEntry[], { books, location }: SendOptions): Promise<readonly Uint8Array[]> {
  return Promise.all(
    entries.map(async (entry) => {
      const bytes = await books.read(location.id, entry)
      if (bytes !== null) return bytes
      throw new CustomerError('StorageCorrupt', `entry ${entry.sequence} of our journal is damaged in the store`, {
        subject: entry.hash,
      })
    }),
  )
}
