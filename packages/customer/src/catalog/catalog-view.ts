import { utf8Encode } from '@bitdust/crypto'
import type { Entry } from '@bitdust/records'
import type { Catalog } from './merge.ts'
import type { EntrySummary, PutOperation } from './operation.ts'
import { joinPath, namesOf } from './path-tree.ts'
import type { FileVersion } from './types.ts'

/** Reads the trees that puts stored. What it gives is verified. */
export interface TreeReader {
  root(put: PutOperation): Promise<Entry>
  /** Entries of a folder. */
  node(folder: Entry): Promise<readonly Entry[]>
}

/** What is at a path. */
export interface Found {
  readonly path: string
  /** What stored it; for a folder that nobody put, the newest thing in it. */
  readonly put: PutOperation
  readonly summary: EntrySummary
  /** Null for a folder that is there only because something is in it, and for the root of a put, which is read later. */
  readonly entry: Entry | null
  /** Whether all of it, everything below included, is what one put stored there. */
  readonly plain: boolean
}

/** A merged catalog with the trees behind it: folders are read when somebody looks into them. */
export interface CatalogView {
  /** Null: nothing there. For `''`, null when the location is empty. */
  find(path: string): Promise<Found | null>
  /** What one version had at a path; null: there is no such version. */
  findVersion(path: string, version: string): Promise<Found | null>
  /** What is in a folder, in the order of the bytes of the names. */
  children(folder: Found | null): Promise<readonly Found[]>
  /** The same with sizes and numbers of files that count what was put, replaced and deleted below. */
  measure(found: Found): Promise<EntrySummary>
  /** Newest first. */
  versions(path: string): Promise<readonly FileVersion[]>
  versionOf(found: Found): string
  /** The entry of a file, with its content. */
  load(found: Found): Promise<Entry>
}

/** Mode of folders that nobody put. */
const IMPLICIT_MODE = 0o755

export function viewCatalog(catalog: Catalog, trees: TreeReader): CatalogView {
  async function entryIn(put: PutOperation, path: string): Promise<Entry | null> {
    let entry = await trees.root(put)
    for (const name of namesOf(path).slice(namesOf(put.path).length)) {
      const inside: readonly Entry[] = entry.kind === 'folder' ? await trees.node(entry) : []
      const next = inside.find((child) => child.name === name)
      if (next === undefined) return null
      entry = next
    }
    return entry
  }

  /** What a put has at a path that it covers. */
  async function foundIn(put: PutOperation, path: string, plain: boolean): Promise<Found | null> {
    if (put.path === path) return { path, put, summary: put.root, entry: null, plain }
    const entry = await entryIn(put, path)
    return entry === null ? null : { path, put, summary: entry, entry, plain }
  }

  async function find(path: string): Promise<Found | null> {
    const deciding = catalog.deciding(path)
    const plain = deciding.length === 1 && catalog.namesBelow(path).length === 0
    for (const put of deciding) {
      const found = await foundIn(put, path, plain)
      if (found?.summary.kind === 'folder') return found
      // Something was put below what had been a file or nothing: it is a folder now.
      if (found !== null) return (await implicitFolder(path)) ?? found
    }
    return implicitFolder(path)
  }

  async function implicitFolder(path: string): Promise<Found | null> {
    let newest: Found | null = null
    for (const name of catalog.namesBelow(path)) {
      const below = await find(joinPath(path, name))
      if (below !== null && (newest === null || catalog.isNewer(below.put, newest.put))) newest = below
    }
    if (newest === null) return null
    const { put } = newest
    const name = namesOf(path).at(-1) ?? ''
    const summary = { name, kind: 'folder', mode: IMPLICIT_MODE, mtime: put.date, size: 0, files: 0 } as const
    return { path, put, summary, entry: null, plain: false }
  }

  async function childrenOf(path: string): Promise<readonly Found[]> {
    const found = new Map<string, Found>()
    for (const put of catalog.deciding(path).toReversed()) {
      const folder = await entryIn(put, path)
      for (const child of await plainChildren(path, put, folder)) found.set(child.summary.name, child)
    }
    for (const name of catalog.namesBelow(path)) {
      const below = await find(joinPath(path, name))
      if (below === null) found.delete(name)
      else found.set(name, below)
    }
    return [...found.values()].sort((a, b) => compareNames(namesOf(a.path).at(-1)!, namesOf(b.path).at(-1)!))
  }

  async function plainChildren(path: string, put: PutOperation, folder: Entry | null): Promise<readonly Found[]> {
    if (folder?.kind !== 'folder') return []
    const entries = await trees.node(folder)
    return entries.map((entry) => ({ path: joinPath(path, entry.name), put, summary: entry, entry, plain: true }))
  }

  async function children(folder: Found | null): Promise<readonly Found[]> {
    if (folder === null) return childrenOf('')
    const { path, put, entry, plain } = folder
    return plain ? plainChildren(path, put, entry ?? (await trees.root(put))) : childrenOf(path)
  }

  async function measure(found: Found): Promise<EntrySummary> {
    if (found.plain || found.summary.kind !== 'folder') return found.summary
    let size = 0
    let files = 0
    for (const child of await children(found)) {
      const measured = await measure(child)
      size += measured.size
      files += measured.files
    }
    return { ...found.summary, size, files }
  }

  return {
    find,
    async findVersion(path, version) {
      for (const put of catalog.covering(path)) {
        // A version is what one put stored, without what came after it.
        if (catalog.versionOf(put, path) === version) return foundIn(put, path, true)
      }
      return null
    },
    children,
    measure,
    async versions(path) {
      const current = await find(path)
      const versions: FileVersion[] = []
      for (const put of catalog.covering(path)) {
        const found = await foundIn(put, path, true)
        if (found === null) continue
        const { kind, mode, mtime, size, files } = found.summary
        versions.push({
          ...{ kind, mode, mtime, size, files },
          version: catalog.versionOf(put, path),
          date: put.date,
          writer: put.writer,
          current: current?.put === put,
          deleted: catalog.isDeleted(put, path),
        })
      }
      return versions
    },
    versionOf: ({ put, path }) => catalog.versionOf(put, path),
    load: async ({ put, entry }) => entry ?? trees.root(put),
  }
}

/** By the bytes of their UTF-8, as folders are stored. */
function compareNames(a: string, b: string): number {
  const [left, right] = [utf8Encode(a), utf8Encode(b)]
  const differs = left.findIndex((byte, index) => byte !== right[index])
  if (differs === -1) return left.length - right.length
  return left[differs]! - (right[differs] ?? -1)
}
