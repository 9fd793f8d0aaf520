import type { Fingerprint } from '@bitdust/crypto'
import type { Customer } from '@bitdust/customer'
import type { KeyRing } from '@bitdust/identity'
import type { Shares } from '@bitdust/shares'
import type { Supplier } from '@bitdust/supplier'

/** Where a node looks for the people it deals with. A role that is off is null. */
export interface Dealings {
  readonly own: Fingerprint
  readonly keys: Pick<KeyRing, 'list'>
  readonly customer: { readonly family: Pick<Customer['family'], 'current'> } | null
  readonly supplier: Pick<Supplier, 'customers'> | null
  readonly shares: Pick<Shares, 'list'> | null
}

/** Everybody whose identity must not be forgotten: oneself, suppliers, customers, makers of keys, members of shares. */
export async function identitiesInUse({ own, keys, customer, supplier, shares }: Dealings): Promise<Set<Fingerprint>> {
  const inUse = new Set<Fingerprint>([own])
  for (const { fingerprint } of customer?.family.current()?.body.positions ?? []) inUse.add(fingerprint)
  for (const { customer: who } of supplier?.customers() ?? []) inUse.add(who)
  for await (const key of keys.list()) if (key.kind !== 'damaged') inUse.add(key.creator)
  for (const { owner, members } of (await shares?.list()) ?? []) {
    inUse.add(owner)
    for (const { identity } of members) if (identity !== null) inUse.add(identity)
  }
  return inUse
}
