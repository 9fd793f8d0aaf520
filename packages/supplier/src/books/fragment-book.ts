import { type Fingerprint, utf8Decode, utf8Encode } from '@bitdust/crypto'
import {
  type BlockId,
  blockId,
  fingerprint,
  type LocationId,
  locationId,
  optional,
  position,
  struct,
  supplierCount,
  text,
  timestamp,
  uint,
} from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import { SupplierError } from '../errors.ts'
import { keyOf, prefixOf, twoDigits } from './keys.ts'
import { storedValue } from './stored-value.ts'

/** What is known of one fragment file. */
export interface FragmentEntry {
  readonly customer: Fingerprint
  readonly location: LocationId
  readonly block: BlockId
  readonly n: number
  readonly position: number
  /** Shape of the file, in bytes. */
  readonly layoutBytes: number
  readonly fragmentBytes: number
  /** Ms since the Unix epoch. */
  readonly storedAt: number
  /** The line of the member list whose budget it counts in; null: the owner stored it. */
  readonly line: string | null
}

/** An entry and the name of its file. */
export interface NamedFragment extends FragmentEntry {
  readonly name: string
}

/** A page of a list. */
export interface FragmentPage {
  readonly items: readonly NamedFragment[]
  /** Where the next page begins; null: this was the last one. */
  readonly next: string | null
}

/** Which fragment files there are. */
export interface FragmentBook {
  get(name: string): Promise<FragmentEntry | null>
  put(name: string, entry: FragmentEntry): Promise<void>
  remove(fragments: readonly NamedFragment[]): Promise<void>
  /** Notes that they are stored as if since `storedAt`, in one batch. */
  keep(fragments: readonly NamedFragment[], storedAt: number): Promise<void>
  /** All entries, in ascending order of the names of their files. */
  list(): AsyncIterable<NamedFragment>
  /** Every position of a block that is stored. */
  ofBlock(customer: Fingerprint, block: BlockId): AsyncIterable<NamedFragment>
  /** At most `limit` entries of a customer, in one location or (null) in all of them. */
  page(customer: Fingerprint, location: LocationId | null, after: string | null, limit: number): Promise<FragmentPage>
}

const MAX_LINE_BYTES = 160

const value = storedValue(
  struct<FragmentEntry>({
    customer: fingerprint,
    location: locationId,
    block: blockId,
    n: supplierCount,
    position,
    layoutBytes: uint(),
    fragmentBytes: uint(),
    storedAt: timestamp,
    line: optional(text(MAX_LINE_BYTES)),
  }),
)

/** The part of the books that holds fragments. */
export function createFragmentBook(store: KeyValueStore): FragmentBook {
  async function get(name: string): Promise<FragmentEntry | null> {
    const key = keyOf('file', name)
    const bytes = await store.get(key)
    return bytes === null ? null : value.decode(bytes, key)
  }

  async function named(key: string, name: string): Promise<NamedFragment> {
    const entry = await get(name)
    if (entry === null)
      throw new SupplierError('StorageCorrupt', 'the books list a file that they do not describe', { subject: key })
    return { ...entry, name }
  }

  return {
    get,

    put(name, entry) {
      const [byLocation, byBlock] = indexKeys(entry)
      const pointer = utf8Encode(name)
      return store.batch([
        { put: keyOf('file', name), value: value.encode(entry) },
        { put: byLocation, value: pointer },
        { put: byBlock, value: pointer },
      ])
    },

    remove: (fragments) =>
      store.batch(
        fragments
          .flatMap((fragment) => [keyOf('file', fragment.name), ...indexKeys(fragment)])
          .map((key) => ({ delete: key })),
      ),

    keep: (fragments, storedAt) =>
      store.batch(
        fragments.map(({ name, ...entry }) => ({
          put: keyOf('file', name),
          value: value.encode({ ...entry, storedAt }),
        })),
      ),

    async *list() {
      const prefix = prefixOf('file')
      for await (const [key, bytes] of store.list({ prefix }))
        yield { ...value.decode(bytes, key), name: key.slice(prefix.length) }
    },

    async *ofBlock(customer, block) {
      for await (const [key, pointer] of store.list({ prefix: prefixOf('block', customer, block) }))
        yield await named(key, utf8Decode(pointer))
    },

    async page(customer, location, after, limit) {
      const all = prefixOf('at', customer)
      const range = { prefix: location === null ? all : prefixOf('at', customer, location), limit: limit + 1 }
      const found = await Array.fromAsync(store.list(after === null ? range : { ...range, after: all + after }))
      const items = await Promise.all(found.slice(0, limit).map(([key, pointer]) => named(key, utf8Decode(pointer))))
      const last = found.length > limit ? found[limit - 1] : undefined
      return { items, next: last === undefined ? null : last[0].slice(all.length) }
    },
  }
}

function indexKeys({
  customer,
  location,
  block,
  n,
  position: at,
}: FragmentEntry): [byLocation: string, byBlock: string] {
  const tail = [block, twoDigits(n), twoDigits(at)]
  return [keyOf('at', customer, location, ...tail), keyOf('block', customer, ...tail)]
}
