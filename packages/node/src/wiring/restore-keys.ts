import type { Fingerprint } from '@bitdust/crypto'
import type { Customer } from '@bitdust/customer'
import { type Idurl, idurlToUser, type KeyRing } from '@bitdust/identity'
import type { KeyValueStore } from '@bitdust/upkeep'

/** Stands in the catalog's store of a restored folder until its share keys are back. */
export const RESTORE_PENDING_KEY = 'node/restore-pending'

export interface RestoreKeysOptions {
  readonly customer: Customer
  readonly keys: KeyRing
  readonly store: KeyValueStore
  readonly owner: Fingerprint
  readonly idurl: Idurl
  readonly signal: AbortSignal
}

/** Puts the share keys of a restored identity back on its key ring, once; does nothing for any other folder. */
export async function restoreKeys({ customer, keys, store, owner, idurl, signal }: RestoreKeysOptions): Promise<void> {
  if ((await store.get(RESTORE_PENDING_KEY)) === null) return
  for (const { alias, generation, key, label } of await customer.locations.restore({ signal }))
    await keys.add(key, { alias, generation, creator: owner, user: idurlToUser(idurl), label })
  await store.batch([{ delete: RESTORE_PENDING_KEY }])
}
