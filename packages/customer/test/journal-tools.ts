import { type JournalPayload, type Manifest, manifestRecord } from '@bitdust/records'
import { type KeyValueStore, memoryKeyValueStore } from '@bitdust/upkeep'
import { createJournals } from '../src/journal/journals.ts'
import type { Journals } from '../src/journal/types.ts'
import type { Location } from '../src/locations/types.ts'
import type { TestCustomer } from './network.ts'
import { inTime } from './setup.ts'

/** Journals by themselves, over the network of a node. */
export function journalsOf(node: TestCustomer, store: KeyValueStore = memoryKeyValueStore()): Journals {
  const { self, remotes, clock } = node
  return createJournals({ self, remotes, store, clock, refresh: async () => {}, refreshHeader: async () => true })
}

/** Writes something into our own journal that no put would write. */
export async function appendTo(
  node: TestCustomer,
  location: Location,
  payload: JournalPayload,
  store?: KeyValueStore,
): Promise<void> {
  const family = await location.family(inTime())
  await journalsOf(node, store).append(location, { payload, date: node.clock.now() }, { ...inTime(), family })
}

/** The manifest of the newest put at a path. */
export async function manifestAt(node: TestCustomer, location: Location, path: string): Promise<Manifest> {
  const journals = journalsOf(node)
  await journals.sync(location, inTime())
  for (const entry of (await journals.entries(location)).toReversed()) {
    const payload = await journals.payload(location, entry)
    if (payload.kind === 'put' && payload.path === path) return manifestRecord.open(payload.manifest).body
  }
  throw new Error(`nothing was put at ${path}`)
}
