import type { Fingerprint, RsaPublicKey } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import { familyRecord } from '@bitdust/records'
import { familyQuorum } from '@bitdust/upkeep'
import { gather } from '../locations/gather.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'
import type { OpenedFamily } from './types.ts'

/** Most families that are followed one after another: each hop means that none of the older suppliers knew the next but one. */
const MAX_HOPS = 16

/**
 * Opens a family record of `owner` and checks that he signed it.
 *
 * @returns Null when it is not his or not well-formed: sources of families are hints, and a wrong hint is none.
 */
export async function openFamily(bytes: Uint8Array, owner: RsaPublicKey): Promise<OpenedFamily | null> {
  try {
    const opened = familyRecord.open(bytes)
    await familyRecord.verify(opened, 'owner', owner)
    return opened
  } catch {
    return null
  }
}

/** The one that counts: the higher revision, of two with the same revision the lower hash. */
export function newerFamily(a: OpenedFamily | null, b: OpenedFamily | null): OpenedFamily | null {
  if (a === null || b === null) return a ?? b
  if (a.body.revision !== b.body.revision) return a.body.revision > b.body.revision ? a : b
  return a.hash <= b.hash ? a : b
}

export interface NewestFamilyOptions extends CallOptions {
  readonly owner: Fingerprint
  readonly ownerKey: RsaPublicKey
  readonly remotes: Pick<RemoteSuppliers, 'getRecord'>
  readonly clock: Clock
}

/** Asks the suppliers of a family, and those of whatever newer one they name, until none knows a newer one. */
export async function newestFamily(known: OpenedFamily, options: NewestFamilyOptions): Promise<OpenedFamily> {
  const { owner, ownerKey, remotes, clock, signal } = options
  let newest = known
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const { done } = await gather(
      newest,
      familyQuorum(newest.body.n),
      (peer, _, taskSignal) =>
        remotes.getRecord(peer, { customer: owner, kind: 'family', location: null }, { signal: taskSignal }),
      { signal, clock },
    )
    const before = newest
    for (const bytes of done.values()) {
      const opened = bytes === null ? null : await openFamily(bytes, ownerKey)
      newest = newerFamily(newest, opened) ?? newest
    }
    if (newest.hash === before.hash) break
  }
  return newest
}
