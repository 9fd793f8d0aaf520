import { checkAlias, MASTER_ALIAS } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { accessProofRecord, headerRecord, locationIdOf, membersRecord } from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import { toCustomerError } from '../failure.ts'
import type { CustomerFamily } from '../family/types.ts'
import type { AccessChallenge, CallOptions, OwnerKeys, RemoteSuppliers, Self } from '../ports.ts'
import { createTurns } from '../turns.ts'
import { adoptLocation } from './given-locations.ts'
import type { LocationState } from './known-location.ts'
import { createLocationBooks } from './location-books.ts'
import { createLocationRecords } from './location-records.ts'
import { createOwnLocations, keyConflict } from './own-locations.ts'
import { createRegistry } from './registry.ts'
import type { Location, Locations, RestoredKey } from './types.ts'

export interface LocationsOptions {
  readonly self: Self
  readonly family: Pick<CustomerFamily, 'current' | 'online' | 'familyOf'>
  readonly remotes: RemoteSuppliers
  readonly ownerKeys: OwnerKeys
  readonly store: KeyValueStore
  readonly clock: Clock
}

/** All places of which we hold the key. Nothing is asked of anybody before the first call. */
export function createLocations({ self, family, remotes, ownerKeys, store, clock }: LocationsOptions): Locations {
  const books = createLocationBooks(store, self.masterKey)
  const headers = createLocationRecords({ kind: 'header', record: headerRecord, remotes, clock, books })
  const lists = createLocationRecords({ kind: 'members', record: membersRecord, remotes, clock, books })
  const registry = createRegistry({ self, family, books })
  const own = createOwnLocations({ self, remotes, clock, registry, headers, lists })
  const turns = createTurns()
  const masterId = locationIdOf(self.fingerprint, MASTER_ALIAS)

  async function refresh(state: LocationState, options: CallOptions): Promise<void> {
    const place = await registry.placeOf(state, options)
    const [header, members] = await Promise.all([
      headers.fetch(place, options),
      state.alias === MASTER_ALIAS ? { newest: null } : lists.fetch(place, options),
    ])
    if (header.newest !== null && header.newest.body.revision > state.header.body.revision)
      await registry.takeHeader(state, header.newest)
    if (members.newest !== null && members.newest.body.revision > (state.members?.body.revision ?? 0))
      await registry.takeMembers(state, members.newest)
  }

  async function restore(options: CallOptions): Promise<readonly RestoredKey[]> {
    const restored: RestoredKey[] = []
    for (const id of await own.known(options)) restored.push(...(await turns.take(id, () => own.restore(id, options))))
    return restored
  }

  return {
    master: (options) =>
      translated('master location', () =>
        turns.take(masterId, () => own.establish(MASTER_ALIAS, self.masterKey, MASTER_ALIAS, options)),
      ),
    create: ({ alias, key, label, signal }) =>
      translated(alias, async () => {
        if (checkAlias(alias) === MASTER_ALIAS) throw keyConflict(alias)
        const id = locationIdOf(self.fingerprint, alias)
        return turns.take(id, () => own.establish(alias, key, label, { signal }))
      }),
    adopt: (given) =>
      translated(given.alias, async () => {
        const id = locationIdOf(given.owner, checkAlias(given.alias))
        return turns.take(id, () => adoptLocation(given, { self, family, ownerKeys, books, registry, headers, lists }))
      }),
    get: registry.find,
    list: registry.list,
    restore: (options) => translated('restore', () => restore(options)),
    members: async (location) => registry.stateOf(location).members?.body.lines ?? [],
    setMembers: (location, change, options) =>
      translated(location.alias, async () => {
        requireShareOfOurs(location)
        const state = registry.stateOf(location)
        await turns.take(location.id, () => own.changeMembers(state, change, options))
      }),
    refresh: (location, options) =>
      translated(location.alias, async () => {
        const state = registry.stateOf(location)
        await turns.take(location.id, () => refresh(state, options))
      }),
    prover(id) {
      const location = registry.opened(id)
      if (location === undefined || location.mine) return undefined
      return { prove: (challenge) => proveAccess(challenge, self, location) }
    },
  }
}

function requireShareOfOurs({ mine, alias }: Location): void {
  if (mine && alias !== MASTER_ALIAS) return
  throw new CustomerError('Unauthorized', `nobody but its owner chooses the members of ${alias}`, { subject: alias })
}

/** Signs a proof with the key of the newest generation that we hold. */
async function proveAccess(
  { supplier, supplierPeer, nonce }: AccessChallenge,
  self: Self,
  { id, generation, key }: Location,
): Promise<Uint8Array> {
  const member = self.fingerprint
  const body = { supplier, supplierPeer, member, memberPeer: self.peerId, location: id, generation, nonce }
  return (await accessProofRecord.sign(body, key)).bytes
}

async function translated<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toCustomerError(error, doing)
  }
}
