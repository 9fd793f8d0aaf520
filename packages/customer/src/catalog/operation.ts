import type { DeviceId, Fingerprint } from '@bitdust/crypto'
import type { Entry, EntryHash } from '@bitdust/records'

/** What of a manifest's entry is kept in memory. */
export type EntrySummary = Omit<Entry, 'content'>

interface Written {
  /** Hash of the journal entry. */
  readonly id: EntryHash
  readonly writer: Fingerprint
  readonly device: DeviceId
  /** Milliseconds since the Unix epoch, as the writer's clock was. */
  readonly date: number
}

/** A file or a whole tree was stored at a path. */
export interface PutOperation extends Written {
  readonly kind: 'put'
  readonly path: string
  readonly root: EntrySummary
}

/** What is at a path and below was deleted, as far as the author had merged it. */
export interface DeleteOperation extends Written {
  readonly kind: 'delete'
  readonly path: string
}

/** Versions that nobody needs any more. */
export interface ReleaseOperation extends Written {
  readonly kind: 'release'
  /** The puts that made them. */
  readonly puts: readonly EntryHash[]
}

/** What a journal entry does to the catalog. */
export type Operation = PutOperation | DeleteOperation | ReleaseOperation
