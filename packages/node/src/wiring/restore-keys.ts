import type { Customer } from '@bitdust/customer'
import type { Idurl, KeyRing } from '@bitdust/identity'
import type { KeyValueStore } from '@bitdust/upkeep'
import { keepShareKey } from './keep-share-key.ts'

/** Stands in the catalog's store of a restored folder until its share keys are back. */
export const RESTORE_PENDING_KEY = 'node/restore-pending'

export interface RestoreKeysOptions {
  readonly customer: Customer
  readonly keys: KeyRing
  readonly store: KeyValueStore
  readonly idurl: Idurl
  readonly signal: AbortSignal
}

/** Puts the share keys of a restored identity back on its key ring, once; does nothing for any other folder. */
export async function restoreKeys({ customer, keys, store, idurl, signal }: RestoreKeysOptions): Promise<void> {
  if ((await store.get(RESTORE_PENDING_KEY)) === null) return
  for (const restored of await customer.locations.restore({ signal })) await keepShareKey(keys, restored, idurl)
  await store.batch([{ delete: RESTORE_PENDING_KEY }])
}
