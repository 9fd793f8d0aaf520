/** One change of a batch. */
export type StoreChange = { readonly put: string; readonly value: Uint8Array } | { readonly delete: string }

/** Which pairs to list. */
export interface StoreRange {
  /** Only keys that begin with this; '' for all. */
  readonly prefix: string
  /** Only keys behind this one, which need not exist. */
  readonly after?: string
  /** At most so many pairs. @default all */
  readonly limit?: number
}

/**
 * A small ordered store of bytes by key: the books of suppliers and customers. Keys are 1 to 512 characters of printable
 * ASCII; their order is that of their bytes. Values belong to whoever holds them: the store copies in and out.
 *
 * Implementations throw errors with the codes `DiskFull` and `StorageCorrupt`, never lose an acknowledged batch, and
 * pass `keyValueStoreConformance` of `@bitdust/upkeep/conformance`.
 */
export interface KeyValueStore {
  /** The value, or null if there is none. */
  get(key: string): Promise<Uint8Array | null>
  /**
   * Applies all changes in the order given, or none of them; a later change of one key wins. When it resolves, the
   * changes survive a crash. Deleting what is not there is no error.
   */
  batch(changes: readonly StoreChange[]): Promise<void>
  /**
   * Pairs in the order of their keys. Whoever changes the store while listing still gets every key once that is there
   * all the time.
   */
  list(range: StoreRange): AsyncIterable<readonly [key: string, value: Uint8Array]>
}
