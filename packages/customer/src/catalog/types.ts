import type { Fingerprint } from '@bitdust/crypto'
import type { Entry } from '@bitdust/records'

/** A file, folder or symlink as the catalog shows it. */
export interface CatalogItem {
  /** Path inside the location; `''` is the location itself. */
  readonly path: string
  /** Last component of the path. */
  readonly name: string
  readonly kind: Entry['kind']
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number
  /** Milliseconds since the Unix epoch. */
  readonly mtime: number
  /** Bytes of the file or target; of a folder, the sum of everything below. */
  readonly size: number
  /** Files and symlinks below; 1 for a file or symlink itself. */
  readonly files: number
  /** Name of the version that is shown: when what is here was put. `''` for an empty location. */
  readonly version: string
  /** Who put it. */
  readonly writer: Fingerprint
}

/** One version of what is at a path. */
export interface FileVersion extends Omit<CatalogItem, 'path' | 'name'> {
  /** When it was put by the writer's clock, in ms since the Unix epoch. */
  readonly date: number
  /** Whether this version is what the path shows now. */
  readonly current: boolean
  /** Whether it was deleted. It can be read as long as its blocks are kept. */
  readonly deleted: boolean
}
