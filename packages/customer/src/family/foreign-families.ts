import type { Fingerprint, RsaPublicKey } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import type { KeyValueStore } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import type { CallOptions, FamilyDirectory, OwnerKeys, RemoteSuppliers } from '../ports.ts'
import { newerFamily, newestFamily, openFamily } from './newest-family.ts'
import type { OpenedFamily } from './types.ts'

/** How long an answer counts before the suppliers are asked again, in ms. */
const FRESH_MS = 60_000

export interface ForeignFamiliesOptions {
  readonly remotes: Pick<RemoteSuppliers, 'getRecord'>
  readonly directory: Pick<FamilyDirectory, 'find'>
  readonly ownerKeys: OwnerKeys
  readonly store: KeyValueStore
  readonly clock: Clock
}

/** What is asked about the family of somebody else. */
export interface FamilyOfOptions extends CallOptions {
  /** Family record that came with a grant. */
  readonly hint?: Uint8Array
  /** Asks again even when the cached one is younger than a minute. @default false */
  readonly fresh?: boolean
}

/** The families of others, remembered in the store: once seen, none goes back to an older revision. */
export interface ForeignFamilies {
  familyOf(owner: Fingerprint, options: FamilyOfOptions): Promise<OpenedFamily>
}

export function createForeignFamilies(options: ForeignFamiliesOptions): ForeignFamilies {
  const { remotes, directory, ownerKeys, store, clock } = options
  const asked = new Map<Fingerprint, { readonly family: OpenedFamily; readonly at: number }>()

  async function ask(owner: Fingerprint, { hint, fresh, signal }: FamilyOfOptions): Promise<OpenedFamily> {
    const ownerKey = await ownerKeys.publicKey(owner, { signal })
    const key = `family/of/${owner}`
    const cached = await store.get(key)
    let known = newerFamily(await open(cached, ownerKey), await open(hint ?? null, ownerKey))
    // The directory is slow, and the suppliers know better: it is for those who know no supplier, or none that answers.
    if (known === null || fresh === true)
      known = newerFamily(known, await open(await published(owner, signal), ownerKey))
    if (known === null)
      throw new CustomerError('NotFound', `no family of ${owner} is known`, { retryable: true, subject: owner })
    const family = await newestFamily(known, { owner, ownerKey, remotes, clock, signal })
    await store.batch([{ put: key, value: family.bytes }])
    asked.set(owner, { family, at: clock.monotonic() })
    return family
  }

  /** The directory is a hint: when it fails, the others have to do. */
  async function published(owner: Fingerprint, signal: AbortSignal): Promise<Uint8Array | null> {
    try {
      return await directory.find(owner, { signal })
    } catch {
      signal.throwIfAborted()
      return null
    }
  }

  async function open(bytes: Uint8Array | null, ownerKey: RsaPublicKey): Promise<OpenedFamily | null> {
    return bytes === null ? null : openFamily(bytes, ownerKey)
  }

  return {
    async familyOf(owner, request) {
      const last = asked.get(owner)
      const isFresh = last !== undefined && clock.monotonic() - last.at < FRESH_MS
      if (isFresh && request.fresh !== true) return last.family
      return ask(owner, request)
    },
  }
}
