import { importRsaPublicKey, type RsaPublicKey } from '@bitdust/crypto'
import { type Header, headerRecord, type LocationId, type Members, membersRecord, type Opened } from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { CustomerFamily, OpenedFamily } from '../family/types.ts'
import type { CallOptions, Self } from '../ports.ts'
import { newerRecord, openLocationRecord } from './fetch-record.ts'
import { type OpenedSecrets, openGivenSecrets, openOwnSecrets } from './header.ts'
import { type LocationState, locationOf, writersOf } from './known-location.ts'
import type { LocationBooks, LocationNote } from './location-books.ts'
import type { RecordPlace } from './location-records.ts'
import { restoredKeys } from './restored-keys.ts'
import type { Location, RestoredKey } from './types.ts'

export interface RegistryOptions {
  readonly self: Self
  readonly family: Pick<CustomerFamily, 'current' | 'online' | 'familyOf' | 'refresh'>
  readonly books: LocationBooks
  /** Told of keys that a newer header brought. */
  readonly onKeys: (keys: readonly RestoredKey[]) => void
}

/** The locations that are open on this device: in memory, and in the own store. */
export interface LocationRegistry {
  /** Null: not made, not adopted. Reads the store at the first call. */
  find(id: LocationId): Promise<Location | null>
  list(): Promise<readonly Location[]>
  /** What is open already; undefined before the store was read. */
  opened(id: LocationId): Location | undefined
  /** What may change about a location. @throws {CustomerError} `NotFound` for a location that is not open here. */
  stateOf(location: Pick<Location, 'id' | 'alias'>): LocationState
  /** Keeps a location, with the keys that were given to us. Its records are kept first: what has a note is whole. */
  add(state: LocationState, keys: LocationNote['keys']): Promise<Location>
  takeHeader(state: LocationState, header: Opened<Header>): Promise<void>
  /** Keeps the keys that were given to us, one more than before, and opens the header with them. */
  addKeys(state: LocationState, keys: LocationNote['keys'], header: Opened<Header>): Promise<void>
  takeMembers(state: LocationState, members: Opened<Members>): Promise<void>
  /** The secrets in a header, with our master key or the keys that were given to us. */
  openSecrets(header: Opened<Header>, keys: LocationNote['keys']): Promise<OpenedSecrets>
  /** Where the records of a location of our own are. @throws {CustomerError} `NotFound` (retryable) without suppliers. */
  ownPlace(id: LocationId): RecordPlace
  /** Where the records of a location are. */
  placeOf(state: LocationState, options: CallOptions): Promise<RecordPlace>
}

export function createRegistry({ self, family, books, onKeys }: RegistryOptions): LocationRegistry {
  const states = new Map<LocationId, LocationState>()
  const views = new Map<LocationId, Location>()
  let loading: Promise<void> | undefined

  function ownFamily(): OpenedFamily {
    const current = family.current()
    if (current !== null) return current
    throw new CustomerError('NotFound', 'there are no suppliers yet', { retryable: true })
  }

  async function newestOwnFamily({ fresh = false, signal }: CallOptions & { readonly fresh?: boolean }) {
    if (fresh) await family.refresh({ signal })
    return ownFamily()
  }

  function ownPlace(id: LocationId): RecordPlace {
    return { location: id, ownerKey: self.masterPublicKey, family: ownFamily(), online: family.online }
  }

  function isOwn(ownerKey: RsaPublicKey): boolean {
    return ownerKey.fingerprint === self.fingerprint
  }

  function register(state: LocationState): Location {
    const owner = state.ownerKey.fingerprint
    const mine = isOwn(state.ownerKey)
    const view = locationOf(state, {
      mine,
      family: (options) => (mine ? newestOwnFamily(options) : family.familyOf(owner, options)),
      online: (position) => !mine || family.online(position),
    })
    states.set(state.id, state)
    views.set(state.id, view)
    return view
  }

  function load(): Promise<void> {
    loading ??= readBooks().catch((error) => {
      loading = undefined
      throw error
    })
    return loading
  }

  /** Reads what earlier runs left. What does not verify is left out, and found again at the suppliers. */
  async function readBooks(): Promise<void> {
    for await (const id of books.list()) {
      try {
        const state = states.has(id) ? null : await stateFromBooks(id)
        if (state !== null) register(state)
      } catch {}
    }
  }

  async function stateFromBooks(id: LocationId): Promise<LocationState | null> {
    const note = await books.note(id)
    if (note === null) return null
    const ownerKey = await importRsaPublicKey(note.ownerKey)
    const place = { location: id, ownerKey }
    const header = await openLocationRecord(headerRecord, await books.record('header', id), place)
    if (header === null) return null
    const { alias, label } = note
    const opened = await openSecrets(header, note.keys)
    const members = await openLocationRecord(membersRecord, await books.record('members', id), place)
    return { id, ownerKey, alias, label, header, opened, members, writers: new Set(await books.writers(id)) }
  }

  function openSecrets(header: Opened<Header>, keys: LocationNote['keys']): Promise<OpenedSecrets> {
    if (header.body.owner === self.fingerprint) return openOwnSecrets(header, self)
    return openGivenSecrets({ header, keys, self })
  }

  async function reopen(state: LocationState, header: Opened<Header>, keys: LocationNote['keys']): Promise<void> {
    state.opened = await openSecrets(header, keys)
    state.header = header
    await books.keepRecord('header', state.id, header.bytes)
  }

  async function takeMembers(state: LocationState, members: Opened<Members>): Promise<void> {
    state.members = members
    const added = writersOf(members).filter((writer) => !state.writers.has(writer))
    await books.keepRecord('members', state.id, members.bytes)
    if (added.length === 0) return
    state.writers = new Set([...state.writers, ...added])
    await books.keepWriters(state.id, [...state.writers])
  }

  return {
    async find(id) {
      await load()
      return views.get(id) ?? null
    },
    async list() {
      await load()
      return [...views.values()]
    },
    opened: (id) => views.get(id),
    stateOf({ id, alias }) {
      const state = states.get(id)
      if (state !== undefined) return state
      throw new CustomerError('NotFound', `${alias} is not one of our locations`, { subject: alias })
    },
    async add(state, keys) {
      const { id, header, members } = state
      await books.keepRecord('header', id, header.bytes)
      if (members !== null) await takeMembers(state, members)
      await books.keepNote(id, noteOf(state, keys))
      return register(state)
    },
    async takeHeader(state, header) {
      const held = new Set(state.opened.keys.keys())
      await reopen(state, header, (await books.note(state.id))?.keys ?? new Map())
      const added = restoredKeys(state).filter(({ generation }) => !held.has(generation))
      if (added.length > 0) onKeys(added)
    },
    async addKeys(state, keys, header) {
      await reopen(state, newerRecord(state.header, header) ?? header, keys)
      await books.keepNote(state.id, noteOf(state, keys))
    },
    takeMembers,
    openSecrets,
    ownPlace,
    async placeOf({ id, ownerKey }, options) {
      if (isOwn(ownerKey)) return ownPlace(id)
      return { location: id, ownerKey, family: await family.familyOf(ownerKey.fingerprint, options) }
    },
  }
}

function noteOf({ ownerKey, alias, label }: LocationState, keys: LocationNote['keys']): LocationNote {
  return { owner: ownerKey.fingerprint, ownerKey: ownerKey.spki, alias, label, keys }
}
