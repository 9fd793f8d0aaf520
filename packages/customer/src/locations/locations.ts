import type { DeviceId } from '@bitdust/crypto'
import { checkAlias, MASTER_ALIAS } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import {
  accessProofRecord,
  type Header,
  headerRecord,
  type JournalHead,
  locationIdOf,
  membersRecord,
  type Opened,
} from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import { toCustomerError } from '../failure.ts'
import type { CustomerFamily } from '../family/types.ts'
import { requireMasterKey } from '../master-key.ts'
import type { AccessChallenge, CallOptions, OwnerKeys, RemoteSuppliers, Self } from '../ports.ts'
import { createTurns } from '../turns.ts'
import { adoptLocation } from './given-locations.ts'
import { createHeaderChanges } from './header-changes.ts'
import type { LocationState } from './known-location.ts'
import { createLocationBooks } from './location-books.ts'
import { createLocationRecords } from './location-records.ts'
import { createOwnLocations, keyConflict } from './own-locations.ts'
import { createRegistry } from './registry.ts'
import type { Location, Locations, RestoredKey } from './types.ts'

export interface LocationsOptions {
  readonly self: Self
  readonly family: Pick<CustomerFamily, 'current' | 'online' | 'familyOf' | 'refresh'>
  readonly remotes: RemoteSuppliers
  readonly ownerKeys: OwnerKeys
  readonly store: KeyValueStore
  readonly clock: Clock
  /**
   * Where the journals of our devices end in a location, as enough suppliers tell; the named entries are at H of them then.
   */
  readonly journalEnds: (
    location: Location,
    devices: readonly DeviceId[],
    options: CallOptions,
  ) => Promise<ReadonlyMap<DeviceId, readonly JournalHead[]>>
  /** Told of share keys that newer headers brought. @default nobody is */
  readonly onKeys?: (keys: readonly RestoredKey[]) => void
}

/** How a header is asked for. */
export interface HeaderRefreshOptions extends CallOptions {
  /** Something will be written: a newer header of ours is brought to H suppliers first. */
  readonly forWriting: boolean
}

/** What the parts of a customer also ask of locations. */
export interface OwnedLocations extends Locations {
  /**
   * Asks for a newer header, from n - H + 1 suppliers.
   *
   * @returns Whether enough answered to be sure that there is none newer.
   * @throws {CustomerError} `KeyRevoked` when the newest generation is not for us any more; `UploadIncomplete`.
   */
  refreshHeader(location: Location, options: HeaderRefreshOptions): Promise<boolean>
}

/** All places of which we hold the key. Nothing is asked of anybody before the first call. */
export function createLocations({
  self,
  family,
  remotes,
  ownerKeys,
  store,
  clock,
  journalEnds,
  onKeys = () => {},
}: LocationsOptions): OwnedLocations {
  const books = createLocationBooks(store, self.encryptionKey)
  const headers = createLocationRecords({ kind: 'header', record: headerRecord, remotes, clock, books })
  const lists = createLocationRecords({ kind: 'members', record: membersRecord, remotes, clock, books })
  const registry = createRegistry({ self, family, books, onKeys })
  const own = createOwnLocations({ self, remotes, clock, family, registry, headers, lists })
  const changes = createHeaderChanges({ self, ownerKeys, clock, registry, headers, own })
  const turns = createTurns()
  const masterId = locationIdOf(self.fingerprint, MASTER_ALIAS)

  async function refresh(state: LocationState, options: CallOptions): Promise<void> {
    const place = await registry.placeOf(state, options)
    const [header, members] = await Promise.all([
      headers.fetch(place, options),
      state.alias === MASTER_ALIAS ? { newest: null } : lists.fetch(place, options),
    ])
    if (isNewer(header.newest, state)) await registry.takeHeader(state, header.newest)
    if (members.newest !== null && members.newest.body.revision > (state.members?.body.revision ?? 0))
      await registry.takeMembers(state, members.newest)
  }

  async function refreshHeader(state: LocationState, options: HeaderRefreshOptions): Promise<boolean> {
    const place = await registry.placeOf(state, options)
    const { newest, enough } = await headers.fetch(place, options)
    if (!isNewer(newest, state)) return enough
    await registry.takeHeader(state, newest)
    // It may not have come far yet, and nothing is written under secrets that could be lost.
    if (options.forWriting && newest.body.owner === self.fingerprint) await headers.store(newest, place, options)
    return enough
  }

  /** @throws {CustomerError} `Unauthorized` for a location of somebody else. */
  function stateOfOurs(location: Location): LocationState {
    if (location.mine) return registry.stateOf(location)
    throw new CustomerError('Unauthorized', `${location.alias} is not ours`, { subject: location.alias })
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
    sealToDevice: (location, device, options) =>
      translated(location.alias, async () => {
        const state = stateOfOurs(location)
        await turns.take(location.id, () => changes.sealToDevice(state, device, options))
      }),
    renew: (location, { without }, options) =>
      translated(location.alias, async () => {
        const state = stateOfOurs(location)
        requireMasterKey(self, 'renew locations')
        const devices = [...new Set(without.map(({ device }) => device))]
        // Before it is this location's turn: whoever asks for journals also asks for headers.
        const ends = await journalEnds(location, devices, options)
        return turns.take(location.id, () => changes.renew(state, ends, options))
      }),
    refreshHeader: (location, options) =>
      translated(location.alias, async () => {
        const state = registry.stateOf(location)
        return turns.take(location.id, () => refreshHeader(state, options))
      }),
    prover(id) {
      const location = registry.opened(id)
      if (location === undefined || location.mine) return undefined
      return { prove: (challenge) => proveAccess(challenge, self, location) }
    },
  }
}

function isNewer(newest: Opened<Header> | null, { header }: LocationState): newest is Opened<Header> {
  return newest !== null && newest.body.revision > header.body.revision
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
  if (key === null) throw new CustomerError('KeyRevoked', 'there is no key to prove', { subject: id })
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
