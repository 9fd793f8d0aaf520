import { equalBytes, type RsaPrivateKey } from '@bitdust/crypto'
import { MASTER_ALIAS } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import {
  type Header,
  type LocationId,
  locationIdOf,
  type MemberLine,
  type Members,
  membersRecord,
  type Opened,
} from '@bitdust/records'
import { readQuorum } from '@bitdust/upkeep'
import { CustomerError, isCustomerError } from '../errors.ts'
import type { CustomerFamily } from '../family/types.ts'
import { requireMasterKey } from '../master-key.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'
import { newerRecord } from './fetch-record.ts'
import { gather } from './gather.ts'
import { makeHeader, openOwnSecrets } from './header.ts'
import type { LocationState } from './known-location.ts'
import type { LocationRecords, RecordPlace } from './location-records.ts'
import { wasOvertaken } from './quorum.ts'
import type { LocationRegistry } from './registry.ts'
import { restoredKeys } from './restored-keys.ts'
import type { Location, Locations, RestoredKey } from './types.ts'

/** How often a change of a member list starts again because another device was faster. */
const MAX_ATTEMPTS = 5

export interface OwnLocationsOptions {
  readonly self: Self
  readonly remotes: Pick<RemoteSuppliers, 'listLocations'>
  readonly clock: Clock
  readonly family: Pick<CustomerFamily, 'refresh'>
  readonly registry: LocationRegistry
  readonly headers: LocationRecords<Header>
  readonly lists: LocationRecords<Members>
}

/** Locations of which we are the owner. Only one call for one location may run at a time. */
export interface OwnLocations {
  /**
   * Makes a location, or opens the one that is there; without the master key it only opens.
   *
   * @param key - Null where it is not here: the master key on an enrolled device.
   */
  establish(alias: string, key: RsaPrivateKey | null, label: string, options: CallOptions): Promise<Location>
  changeMembers(
    state: LocationState,
    change: Parameters<Locations['setMembers']>[1],
    options: CallOptions,
  ): Promise<void>
  /** Ids of locations that suppliers say are ours. */
  known(options: CallOptions): Promise<ReadonlySet<LocationId>>
  /** Opens a location of which a supplier told; the keys of a share, none when it is not ours or the master location. */
  restore(id: LocationId, options: CallOptions): Promise<readonly RestoredKey[]>
}

export function createOwnLocations({
  self,
  remotes,
  clock,
  family,
  registry,
  headers,
  lists,
}: OwnLocationsOptions): OwnLocations {
  const ownerKey = self.masterPublicKey

  /** Makes a location, or goes on with what an earlier attempt began. */
  async function make(
    alias: string,
    key: RsaPrivateKey,
    label: string,
    place: RecordPlace,
    options: CallOptions,
  ): Promise<LocationState> {
    const masterKey = requireMasterKey(self, alias === MASTER_ALIAS ? 'make the private location' : 'make shares')
    const stored = await headers.fetchEnough(place, options)
    const begun = newerRecord(stored, await headers.kept(place))
    const header = begun ?? (await makeHeader({ masterKey, alias, label, key }))
    requireKey(alias, header, key)
    const { label: written, keys, secrets } = await openOwnSecrets(header, self)
    await headers.store(header, place, options)
    const members = alias === MASTER_ALIAS ? null : await firstMembers(header, place, options)
    const opened = { keys, secrets }
    return { id: place.location, ownerKey, alias, label: written, header, opened, members, writers: new Set() }
  }

  /** Opens what the owner gave to this device; null when the suppliers know nothing of it. */
  async function openGiven(id: LocationId, options: CallOptions): Promise<LocationState | null> {
    const header = await headers.fetchEnough(registry.ownPlace(id), options)
    if (header !== null) return openState(header, registry.ownPlace(id), options)
    // They may be suppliers of ours no more.
    await family.refresh(options)
    const place = registry.ownPlace(id)
    const moved = await headers.fetchEnough(place, options)
    return moved === null ? null : openState(moved, place, options)
  }

  async function openState(header: Opened<Header>, place: RecordPlace, options: CallOptions): Promise<LocationState> {
    const { alias, label, keys, secrets } = await openOwnSecrets(header, self)
    const { newest: members } = alias === MASTER_ALIAS ? { newest: null } : await lists.fetch(place, options)
    const opened = { keys, secrets }
    return { id: place.location, ownerKey, alias, label, header, opened, members, writers: new Set() }
  }

  /** Its member list, empty at first; the master location has none. */
  async function firstMembers(
    header: Opened<Header>,
    place: RecordPlace,
    options: CallOptions,
  ): Promise<Opened<Members>> {
    const stored = await lists.fetchEnough(place, options)
    const members = newerRecord(stored, await lists.kept(place)) ?? (await signMembers(header, null, []))
    await lists.store(members, place, options)
    return members
  }

  function signMembers(
    header: Opened<Header>,
    previous: Opened<Members> | null,
    lines: readonly MemberLine[],
  ): Promise<Opened<Members>> {
    const { owner, location, generations } = header.body
    const keys = generations.map(({ generation, publicKey }) => ({ generation, publicKey }))
    const revision = (previous?.body.revision ?? 0) + 1
    return membersRecord.sign(
      { owner, location, revision, previous: previous?.hash ?? null, keys, lines },
      requireMasterKey(self, 'change the members'),
    )
  }

  async function restoreState(id: LocationId, options: CallOptions): Promise<LocationState | null> {
    const place = registry.ownPlace(id)
    const { newest: header } = await headers.fetch(place, options)
    if (header === null) return null
    try {
      const state = await openState(header, place, options)
      await registry.add(state, new Map())
      return state
    } catch (error) {
      // Not given to this device, or not any more.
      if (self.masterKey === null && isNotForUs(error)) return null
      throw error
    }
  }

  return {
    async establish(alias, key, label, options) {
      const id = locationIdOf(self.fingerprint, alias)
      const existing = await registry.find(id)
      if (existing !== null) {
        requireKey(alias, registry.stateOf(existing).header, key)
        return existing
      }
      if (self.masterKey !== null && key !== null)
        return registry.add(await make(alias, key, label, registry.ownPlace(id), options), new Map())
      const given = await openGiven(id, options)
      if (given !== null) {
        requireKey(alias, given.header, key)
        return registry.add(given, new Map())
      }
      if (alias !== MASTER_ALIAS) requireMasterKey(self, 'make shares')
      throw new CustomerError('NotFound', 'there is no private location yet: it is made where the master key is', {
        retryable: true,
        subject: alias,
      })
    },

    async changeMembers(state, change, options) {
      for (let attempt = 1; ; attempt++) {
        const place = registry.ownPlace(state.id)
        const stored = await lists.fetchEnough(place, options)
        // What was on its way when the last change failed may be at some supplier: its number is taken.
        const previous = newerRecord(newerRecord(stored, state.members), await lists.kept(place))
        const next = await signMembers(state.header, previous, change(previous?.body.lines ?? []))
        try {
          await lists.store(next, place, options)
          return await registry.takeMembers(state, next)
        } catch (error) {
          if (!wasOvertaken(error) || attempt === MAX_ATTEMPTS) throw error
        }
      }
    },

    async known({ signal }) {
      const place = registry.ownPlace(locationIdOf(self.fingerprint, MASTER_ALIAS))
      const need = readQuorum(place.family.body.n)
      const { done, enough } = await gather(
        place.family,
        need,
        (peer, _, taskSignal) => remotes.listLocations(peer, { customer: self.fingerprint }, { signal: taskSignal }),
        { signal, clock, ...(place.online === undefined ? {} : { online: place.online }) },
      )
      if (enough) return new Set([...done.values()].flat())
      throw new CustomerError('Timeout', `${done.size} of ${need} suppliers told which locations there are`, {
        have: done.size,
        need,
        retryable: true,
      })
    },

    async restore(id, options) {
      const existing = await registry.find(id)
      const state = existing === null ? await restoreState(id, options) : registry.stateOf(existing)
      return state === null ? [] : restoredKeys(state)
    },
  }
}

/** Whoever knows only the key of an older generation means the same location. */
function requireKey(alias: string, { body }: Opened<Header>, key: RsaPrivateKey | null): void {
  if (key === null || body.generations.some(({ publicKey }) => equalBytes(publicKey, key.publicKey.spki))) return
  throw keyConflict(alias)
}

function isNotForUs(error: unknown): boolean {
  return isCustomerError(error, 'Unauthorized') || isCustomerError(error, 'KeyRevoked')
}

/** The alias stands for another key already. */
export function keyConflict(alias: string): CustomerError {
  return new CustomerError('KeyConflict', `${alias} is in use with another key`, { subject: alias })
}
