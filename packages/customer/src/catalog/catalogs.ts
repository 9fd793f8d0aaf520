import { isBitdustError } from '@bitdust/crypto'
import type { Content, Entry, EntryHash } from '@bitdust/records'
import { decodeNode, type LocationId } from '@bitdust/records'
import { LRUCache } from 'lru-cache'
import { CustomerError } from '../errors.ts'
import { toCustomerError } from '../failure.ts'
import type { Journals, KnownEntry, SyncReport } from '../journal/types.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions } from '../ports.ts'
import { type CatalogView, type TreeReader, viewCatalog } from './catalog-view.ts'
import { type Catalog, type MergedEntry, merge } from './merge.ts'
import { openOperation, verifiedRoot } from './open-operation.ts'
import type { Operation, PutOperation } from './operation.ts'

/** Roots of puts that are kept in memory; each has at most 16 KiB of content. */
const MAX_ROOTS = 256
/** Entries of folders that are kept in memory, in all. */
const MAX_NODE_ENTRIES = 50_000

export interface CatalogsOptions {
  readonly journals: Journals
  /** Reads what stands inline or in blocks. */
  readonly readContent: (location: Location, content: Content, options: CallOptions) => Promise<Uint8Array>
}

/** A catalog, and how far it can be relied on. */
export interface OpenedCatalog {
  readonly view: CatalogView
  readonly catalog: Catalog
  readonly trees: TreeReader
  /** Whether every entry that counts could be read; if not, a key may still come, or a newer program. */
  readonly complete: boolean
  readonly report: SyncReport
}

/** The catalogs of all locations. */
export interface Catalogs {
  /**
   * Merges the newest journals that can be had. Entries which cannot be used are left out and reported.
   *
   * @param options.signal - Also stops what the view reads later.
   */
  open(location: Location, options: CallOptions): Promise<OpenedCatalog>
  /** The same from what is known here, without asking anybody. */
  known(location: Location, options: CallOptions): Promise<OpenedCatalog>
}

/** What of a location has been worked out already. */
interface LocationCache {
  readonly known: Map<EntryHash, KnownEntry>
  /** A problem stands for an entry that cannot be used. */
  readonly operations: Map<EntryHash, Operation | CustomerError>
  merged?: { readonly entries: readonly KnownEntry[]; readonly catalog: Catalog }
}

export function createCatalogs({ journals, readContent }: CatalogsOptions): Catalogs {
  const caches = new Map<LocationId, LocationCache>()
  const roots = new LRUCache<EntryHash, Entry>({ max: MAX_ROOTS })
  const nodes = new LRUCache<string, readonly Entry[]>({
    maxSize: MAX_NODE_ENTRIES,
    sizeCalculation: (entries) => entries.length + 1,
  })

  function cacheOf({ id }: Location): LocationCache {
    const cache = caches.get(id) ?? { known: new Map(), operations: new Map() }
    caches.set(id, cache)
    return cache
  }

  async function catalogOf(location: Location): Promise<Catalog> {
    const cache = cacheOf(location)
    const entries = await journals.entries(location)
    if (cache.merged?.entries === entries) return cache.merged.catalog
    const merged: MergedEntry[] = []
    let complete = true
    for (const entry of entries) {
      cache.known.set(entry.hash, entry)
      if (!location.mayWrite(entry.writer)) continue
      const operation = cache.operations.get(entry.hash) ?? (await operationOf(location, entry))
      if (operation === null) complete = false
      else cache.operations.set(entry.hash, operation)
      merged.push({ entry, operation: operation instanceof CustomerError ? null : operation })
    }
    // They keep their place in time, because later entries name them; what they say of others is not believed.
    for (const entry of await journals.ignored(location))
      merged.push({ entry: { ...entry, heads: [] }, operation: null })
    const catalog = merge(merged, {
      mayDelete: (deleter, author) => deleter === location.owner || deleter === author,
      mayRelease: (writer) => writer === location.owner,
    })
    if (complete) cache.merged = { entries, catalog }
    else delete cache.merged
    return catalog
  }

  /** Null: it cannot be read yet, the key for it may still come. */
  async function operationOf(location: Location, entry: KnownEntry): Promise<Operation | CustomerError | null> {
    try {
      return await openOperation(location, entry, await journals.payload(location, entry))
    } catch (error) {
      if (isBitdustError(error, 'KeyRevoked') || isBitdustError(error, 'StorageCorrupt')) return null
      if (!isBitdustError(error)) throw error
      if (error instanceof CustomerError) return error
      const subject = entry.hash
      // Kinds of entries that only later versions know are not wrong.
      const code = error.code === 'VersionUnsupported' ? 'RecordInvalid' : 'ManifestInvalid'
      return new CustomerError(code, `entry ${subject}: ${error.message}`, { cause: error, subject })
    }
  }

  function treesOf(location: Location, options: CallOptions): TreeReader {
    return { root: (put) => rootOf(location, put), node: (folder) => nodeOf(location, folder, options) }
  }

  async function rootOf(location: Location, { id }: PutOperation): Promise<Entry> {
    const cached = roots.get(id)
    if (cached !== undefined) return cached
    const entry = cacheOf(location).known.get(id)
    const payload = entry === undefined ? undefined : await journals.payload(location, entry)
    if (entry === undefined || payload?.kind !== 'put')
      throw new CustomerError('ManifestInvalid', `entry ${id} is no put`, { subject: id })
    const root = await verifiedRoot(location, entry, payload.manifest)
    roots.set(id, root)
    return root
  }

  async function nodeOf(location: Location, folder: Entry, options: CallOptions): Promise<readonly Entry[]> {
    const place = placeOf(folder.content)
    const cached = place === null ? undefined : nodes.get(`${location.id}/${place}`)
    if (cached !== undefined) return cached
    try {
      const entries = decodeNode(await readContent(location, folder.content, options))
      if (place !== null) nodes.set(`${location.id}/${place}`, entries)
      return entries
    } catch (error) {
      throw toCustomerError(error, `folder ${folder.name}`)
    }
  }

  function problemsOf(location: Location): readonly CustomerError[] {
    return [...cacheOf(location).operations.values()].filter((one) => one instanceof CustomerError)
  }

  async function opened(location: Location, report: SyncReport, options: CallOptions): Promise<OpenedCatalog> {
    const catalog = await catalogOf(location)
    const ignored = catalog.ignoredOperations.map((one) => {
      const what = one.kind === 'delete' ? `a delete of ${one.path}` : 'a release of versions'
      return new CustomerError('Unauthorized', `${what} has no effect`, { subject: one.id })
    })
    const problems = [...report.problems, ...problemsOf(location), ...ignored]
    const trees = treesOf(location, options)
    const complete = cacheOf(location).merged !== undefined && !problems.some(isForLater)
    return { view: viewCatalog(catalog, trees), catalog, trees, complete, report: { ...report, problems } }
  }

  return {
    async open(location, options) {
      return opened(location, await journals.sync(location, options), options)
    },
    known: (location, options) => opened(location, { fresh: false, answered: 0, need: 1, problems: [] }, options),
  }
}

/** Whether somebody with another key or a newer program could read what this is about. */
function isForLater({ code, cause }: CustomerError): boolean {
  return code === 'CatalogFreshnessUnknown' || isBitdustError(cause, 'VersionUnsupported')
}

/** Names a node by where it is: what stands in a block never changes. Null for inline nodes, which cost nothing to read. */
function placeOf(content: Content): string | null {
  const flat = 'list' in content ? content.list : content
  if ('inline' in flat) return null
  return flat.extents.map(({ block, offset, length }) => `${block}/${offset}/${length}`).join()
}
