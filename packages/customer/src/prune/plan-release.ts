import type { Catalog } from '../catalog/merge.ts'
import type { PutOperation } from '../catalog/operation.ts'

export interface ReleasePlanOptions {
  /** Only what was put here or below. `''` is everything. */
  readonly path: string
  /** Newest versions of each path that are kept while something is there, at least 1. */
  readonly keep: number
  /** Only what was put before, in ms since the Unix epoch by the writers' clocks. */
  readonly before: number
}

/**
 * The versions that nobody needs: whatever is shown stays, also of writers who did not know of each other; of a path at
 * which something is, the newest versions stay; of what was deleted, nothing does. Clocks can only keep something longer.
 */
export function planRelease(catalog: Catalog, { path, keep, before }: ReleasePlanOptions): readonly PutOperation[] {
  const byPath = Map.groupBy(
    catalog.puts().filter((put) => isWithin(put.path, path)),
    (put) => put.path,
  )
  return [...byPath].flatMap(([at, puts]) => {
    const shown = new Set(catalog.deciding(at))
    const kept = new Set(shown.size === 0 ? [] : catalog.covering(at).slice(0, keep))
    return puts.filter((put) => !shown.has(put) && !kept.has(put) && put.date < before)
  })
}

function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`)
}
