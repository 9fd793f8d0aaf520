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
import { CustomerError } from '../errors.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'
import { newerRecord } from './fetch-record.ts'
import { gather } from './gather.ts'
import { makeHeader, openOwnSecrets } from './header.ts'
import type { LocationState } from './known-location.ts'
import type { LocationRecords, RecordPlace } from './location-records.ts'
import { wasOvertaken } from './quorum.ts'
import type { LocationRegistry } from './registry.ts'
import type { Location, Locations, RestoredKey } from './types.ts'

/** How often a change of a member list starts again because another device was faster. */
const MAX_ATTEMPTS = 5

export interface OwnLocationsOptions {
  readonly self: Self
  readonly remotes: Pick<RemoteSuppliers, 'listLocations'>
  readonly clock: Clock
  readonly registry: LocationRegistry
  readonly headers: LocationRecords<Header>
  readonly lists: LocationRecords<Members>
}

/** Locations of which we are the owner. Only one call for one location may run at a time. */
export interface OwnLocations {
  /** Makes a location, or opens the one that is there. */
  establish(alias: string, key: RsaPrivateKey, label: string, options: CallOptions): Promise<Location>
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
  registry,
  headers,
  lists,
}: OwnLocationsOptions): OwnLocations {
  const ownerKey = self.masterKey.publicKey

  /** The header of a location that is being made; it may have been begun by an earlier attempt. */
  async function firstHeader(
    alias: string,
    key: RsaPrivateKey,
    label: string,
    place: RecordPlace,
    options: CallOptions,
  ): Promise<Opened<Header>> {
    const stored = await headers.fetchEnough(place, options)
    const begun = newerRecord(stored, await headers.kept(place))
    return begun ?? makeHeader({ masterKey: self.masterKey, alias, label, key })
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
      self.masterKey,
    )
  }

  async function restoreState(id: LocationId, options: CallOptions): Promise<LocationState | null> {
    const place = registry.ownPlace(id)
    const { newest: header } = await headers.fetch(place, options)
    if (header === null) return null
    const { alias, label, ...opened } = await openOwnSecrets(header, self.masterKey)
    const { newest: members } = await lists.fetch(place, options)
    const state: LocationState = { id, ownerKey, alias, label, header, opened, members, writers: new Set() }
    await registry.add(state, new Map())
    return state
  }

  return {
    async establish(alias, key, label, options) {
      const id = locationIdOf(self.fingerprint, alias)
      const existing = await registry.find(id)
      if (existing !== null) {
        requireKey(alias, existing.key.publicKey.spki, key)
        return existing
      }
      const place = registry.ownPlace(id)
      const header = await firstHeader(alias, key, label, place, options)
      requireKey(alias, header.body.generations.at(-1)?.publicKey, key)
      const { label: written, ...opened } = await openOwnSecrets(header, self.masterKey)
      await headers.store(header, place, options)
      const members = alias === MASTER_ALIAS ? null : await firstMembers(header, place, options)
      const { keys, secrets } = opened
      return registry.add(
        { id, ownerKey, alias, label: written, header, opened: { keys, secrets }, members, writers: new Set() },
        new Map(),
      )
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
      if (state === null || state.alias === MASTER_ALIAS) return []
      const { alias, label, opened } = state
      return [...opened.keys].map(([generation, key]) => ({ location: id, alias, label, generation, key }))
    },
  }
}

function requireKey(alias: string, spki: Uint8Array | undefined, key: RsaPrivateKey): void {
  if (spki !== undefined && equalBytes(spki, key.publicKey.spki)) return
  throw keyConflict(alias)
}

/** The alias stands for another key already. */
export function keyConflict(alias: string): CustomerError {
  return new CustomerError('KeyConflict', `${alias} is in use with another key`, { subject: alias })
}
