import type { RestoredKey } from '@bitdust/customer'
import { type Idurl, idurlToUser, type KeyRing } from '@bitdust/identity'

/** Puts a share key that came with a location header on the key ring. `owner` is where the maker is registered now. */
export async function keepShareKey(
  keys: Pick<KeyRing, 'add'>,
  { owner: creator, alias, generation, label, key }: RestoredKey,
  owner: Idurl | undefined,
): Promise<void> {
  const user = owner === undefined ? {} : { user: idurlToUser(owner) }
  await keys.add(key, { alias, generation, creator, ...user, ...(label === '' ? {} : { label }) })
}
