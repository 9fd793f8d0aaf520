import {
  type BlockId,
  choice,
  defineMessage,
  integer,
  isRecordError,
  type LocationId,
  parseHash,
  struct,
  timestamp,
} from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'

// waste/<location>/<block>: Waste

/** A block at the suppliers that no version used when this device last looked. */
export interface Waste {
  /** Since when, in ms since the Unix epoch. */
  readonly since: number
  /** `freeing`: suppliers were asked to free it, some may have it still. */
  readonly state: 'waiting' | 'freeing'
}

/** What of each location is to be freed, as this device remembers. Without it waiting begins anew, nothing else is lost. */
export interface WasteBooks {
  load(location: LocationId): Promise<Map<BlockId, Waste>>
  put(location: LocationId, blocks: readonly BlockId[], waste: (block: BlockId) => Waste): Promise<void>
  remove(location: LocationId, blocks: readonly BlockId[]): Promise<void>
  /** Locations of which something waits. */
  locations(): Promise<ReadonlySet<LocationId>>
}

interface StoredWaste extends Waste {
  readonly version: number
}

/** Form of {@link Waste} in the store, version 1. */
const message = defineMessage(
  struct<StoredWaste>({ version: integer(1, 1), since: timestamp, state: choice('waiting', 'freeing') }),
  'unused block',
)
const MAX_VALUE_BYTES = 256
const CHANGES_AT_ONCE = 512

export function createWasteBooks(store: KeyValueStore): WasteBooks {
  /** A few at a time; whatever is left out by a crash is found again. */
  async function inParts<T>(all: readonly T[], write: (part: readonly T[]) => Promise<void>): Promise<void> {
    for (let from = 0; from < all.length; from += CHANGES_AT_ONCE) await write(all.slice(from, from + CHANGES_AT_ONCE))
  }

  return {
    async load(location) {
      const prefix = keyOf(location, '')
      const known = new Map<BlockId, Waste>()
      for await (const [key, bytes] of store.list({ prefix })) {
        const waste = readable(bytes)
        if (waste !== null) known.set(parseHash<BlockId>(key.slice(prefix.length)), waste)
      }
      return known
    },
    put: (location, blocks, waste) =>
      inParts(blocks, (part) =>
        store.batch(
          part.map((block) => ({
            put: keyOf(location, block),
            value: message.encode({ version: 1, ...waste(block) }),
          })),
        ),
      ),
    remove: (location, blocks) =>
      inParts(blocks, (part) => store.batch(part.map((block) => ({ delete: keyOf(location, block) })))),
    async locations() {
      const found = new Set<LocationId>()
      for await (const [key] of store.list({ prefix: 'waste/' }))
        found.add(parseHash<LocationId>(key.split('/')[1] ?? ''))
      return found
    },
  }
}

function keyOf(location: LocationId, block: BlockId | ''): string {
  return `waste/${location}/${block}`
}

/** Null: it was damaged, and is noted anew. */
function readable(bytes: Uint8Array): Waste | null {
  try {
    const { since, state } = message.decode(bytes, MAX_VALUE_BYTES)
    return { since, state }
  } catch (error) {
    if (isRecordError(error)) return null
    throw error
  }
}
