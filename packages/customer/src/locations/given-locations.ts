import { equalBytes } from '@bitdust/crypto'
import { type Header, locationIdOf, type Members } from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { CustomerFamily } from '../family/types.ts'
import type { OwnerKeys, Self } from '../ports.ts'
import type { LocationBooks } from './location-books.ts'
import type { LocationRecords } from './location-records.ts'
import { keyConflict } from './own-locations.ts'
import type { LocationRegistry } from './registry.ts'
import type { GivenLocation, Location } from './types.ts'

export interface GivenLocationsOptions {
  readonly self: Pick<Self, 'fingerprint'>
  readonly family: Pick<CustomerFamily, 'familyOf'>
  readonly ownerKeys: OwnerKeys
  readonly books: LocationBooks
  readonly registry: LocationRegistry
  readonly headers: LocationRecords<Header>
  readonly lists: LocationRecords<Members>
}

/** Opens a share that was given to us, or adds a generation of its key. See `Locations.adopt`. */
export async function adoptLocation(given: GivenLocation, options: GivenLocationsOptions): Promise<Location> {
  const { owner, alias, key, generation, label = alias, family: hint, signal } = given
  const { self, family, ownerKeys, books, registry, headers, lists } = options
  const id = locationIdOf(owner, alias)
  if (owner === self.fingerprint) throw new CustomerError('Unauthorized', `${alias} is our own`, { subject: alias })
  const existing = await registry.find(id)
  const note = existing === null ? null : await books.note(id)
  const held = note?.keys.get(generation)
  if (held !== undefined && !equalBytes(held.publicKey.spki, key.publicKey.spki)) throw keyConflict(alias)
  if (existing !== null && held !== undefined) return existing

  const ownerKey = await ownerKeys.publicKey(owner, { signal })
  const theirs = await family.familyOf(owner, { signal, ...(hint === undefined ? {} : { hint }) })
  const place = { location: id, ownerKey, family: theirs }
  const header = await headers.fetchEnough(place, { signal })
  if (header === null)
    throw new CustomerError('NotFound', `${alias}: the suppliers of its owner do not know it, or not us`, {
      subject: alias,
      retryable: true,
    })
  const keys = new Map([...(note?.keys ?? []), [generation, key] as const])
  if (existing !== null) {
    await registry.addKeys(registry.stateOf(existing), keys, header)
    return existing
  }
  const opened = await registry.openSecrets(header, keys)
  const writers = new Set(await books.writers(id))
  const state = { id, ownerKey, alias, label, header, opened, members: null, writers }
  const location = await registry.add(state, keys)
  // Only whoever proves the key is shown the list, and proving takes a location that is open.
  const { newest } = await lists.fetch(place, { signal })
  if (newest !== null) await registry.takeMembers(registry.stateOf(location), newest)
  return location
}
