import type { CatalogView, Found } from './catalog-view.ts'
import type { EntrySummary } from './operation.ts'
import { namesOf } from './path-tree.ts'
import type { CatalogItem } from './types.ts'

/**
 * How something in a catalog is shown.
 *
 * @param summary - Of what was found, measured where others put something into it.
 */
export function itemOf(view: CatalogView, found: Found, summary: EntrySummary): CatalogItem {
  const { path, put } = found
  const { kind, mode, mtime, size, files } = summary
  const name = namesOf(path).at(-1) ?? ''
  return { path, name, kind, mode, mtime, size, files, version: view.versionOf(found), writer: put.writer }
}
