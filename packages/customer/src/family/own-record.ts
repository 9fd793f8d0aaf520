import type { PeerRef } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import type { CallOptions, FamilyDirectory, RemoteSuppliers, Self } from '../ports.ts'
import type { FamilyBooks } from './family-books.ts'
import { newestFamily, openFamily } from './newest-family.ts'
import type { OpenedFamily } from './types.ts'

export interface OwnRecordOptions {
  readonly self: Pick<Self, 'fingerprint' | 'masterPublicKey'>
  readonly remotes: Pick<RemoteSuppliers, 'getRecord'>
  readonly directory: Pick<FamilyDirectory, 'find'>
  readonly books: FamilyBooks
  readonly clock: Clock
  /** Told whenever another family is in force. */
  readonly onTaken: (family: OpenedFamily) => void
}

/** Our own family record: the one in force, as far as this device knows. */
export interface OwnRecord {
  readonly current: OpenedFamily | null
  /** Reads the store, and on a fresh device asks the directory and the suppliers that it names. */
  load(options: CallOptions): Promise<void>
  /** Asks the suppliers, and those which the directory names, whether another device of ours made a newer one. */
  lookForNewer(options: CallOptions): Promise<void>
  /** Keeps a newer family, with the contracts that it brought. */
  take(family: OpenedFamily, contracts: readonly Uint8Array[]): Promise<void>
}

export function createOwnRecord({ self, remotes, directory, books, clock, onTaken }: OwnRecordOptions): OwnRecord {
  const owner = self.fingerprint
  const ownerKey = self.masterPublicKey
  let current: OpenedFamily | null = null

  async function take(family: OpenedFamily, contracts: readonly Uint8Array[]): Promise<void> {
    const stays = (old: PeerRef) => family.body.positions.some(({ fingerprint }) => fingerprint === old.fingerprint)
    const dismissed = (current?.body.positions ?? []).filter((old) => !stays(old))
    await books.keepCurrent(family, { contracts, dismissed })
    current = family
    onTaken(family)
  }

  async function lookForNewer(known: OpenedFamily, { signal }: CallOptions): Promise<void> {
    const newest = await newestFamily(known, { owner, ownerKey, remotes, clock, signal })
    if (newest.body.revision > (current?.body.revision ?? 0)) await take(newest, [])
  }

  /** What the directory has; it is only a hint. */
  async function published(options: CallOptions): Promise<OpenedFamily | null> {
    const bytes = await directory.find(owner, options)
    return bytes === null ? null : openFamily(bytes, ownerKey)
  }

  return {
    get current() {
      return current
    },
    async load(options) {
      const stored = await books.current()
      const kept = stored === null ? null : await openFamily(stored, ownerKey)
      if (kept !== null) {
        current = kept
        return onTaken(kept)
      }
      const hint = await published(options)
      if (hint !== null) await lookForNewer(hint, options)
    },
    async lookForNewer(options) {
      if (current === null) return
      await lookForNewer(current, options)
      // The suppliers that we know may all have been replaced.
      const hint = await published(options).catch(() => null)
      options.signal.throwIfAborted()
      if (hint !== null && hint.body.revision > current.body.revision) await lookForNewer(hint, options)
    },
    take,
  }
}
