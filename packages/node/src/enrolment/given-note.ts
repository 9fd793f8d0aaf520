import { type DeviceId, utf8Decode, utf8Encode } from '@bitdust/crypto'
import type { KeyValueStore } from '@bitdust/upkeep'
import * as v from 'valibot'

const PREFIX = 'node/given-to/'
const Note = v.pipe(
  v.string(),
  v.parseJson(),
  v.strictObject({ keys: v.array(v.string()), places: v.array(v.string()) }),
)

/** What a device was given from here. */
export interface GivenNote {
  /** Key ids. */
  readonly keys: readonly string[]
  /** Aliases of own places; of a revoked device, those that still have to get new keys. */
  readonly places: readonly string[]
}

/** Null: nothing was given from here, or it is not known. */
export async function readGiven(store: KeyValueStore, device: DeviceId): Promise<GivenNote | null> {
  const bytes = await store.get(PREFIX + device)
  return bytes === null ? null : v.parse(Note, utf8Decode(bytes))
}

/** Remembers it for the day when the device is revoked. */
export async function writeGiven(store: KeyValueStore, device: DeviceId, { keys, places }: GivenNote): Promise<void> {
  const note = { keys: [...new Set(keys)], places: [...new Set(places)] }
  await store.batch([{ put: PREFIX + device, value: utf8Encode(JSON.stringify(note)) }])
}
