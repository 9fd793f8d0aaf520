import { MASTER_ALIAS } from '@bitdust/identity'
import type { LocationState } from './known-location.ts'
import type { RestoredKey } from './types.ts'

/** The keys of a share, for the key ring; none for the private location. */
export function restoredKeys({ id, ownerKey, alias, label, opened }: LocationState): readonly RestoredKey[] {
  if (alias === MASTER_ALIAS) return []
  const owner = ownerKey.fingerprint
  return [...opened.keys].map(([generation, key]) => ({ owner, location: id, alias, label, generation, key }))
}
