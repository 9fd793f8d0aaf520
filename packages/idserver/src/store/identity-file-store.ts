/** One identity as it was accepted. */
export interface StoredIdentity {
  /** Exactly the bytes that were put. May be shared: not to be changed by whoever gets them. */
  readonly bytes: Uint8Array
}

/** How full a store is. */
export interface StoreUsage {
  readonly identities: number
  /** Of all documents together. */
  readonly bytes: number
  /** Most that it takes; absent when only the disk sets a limit. */
  readonly maxIdentities?: number
  /** As `maxIdentities`. */
  readonly maxBytes?: number
}

/**
 * Where an ID-server keeps documents, one per name. Names are valid user names (`[a-z0-9_-]{2,20}`): the server has
 * checked them. It never writes one name twice at a time.
 */
export interface IdentityFileStore {
  /** @returns `null` when the name is free. */
  get(name: string): Promise<StoredIdentity | null>
  /**
   * Replaces what stands under the name, or takes the name. Atomic and durable: once it resolves, a crash loses nothing;
   * before, whoever reads gets the old document or the new one, whole.
   *
   * @param bytes - The caller's own: he may change them afterwards.
   * @throws An error with the code `DiskFull` when there is no room; the old document stays.
   */
  put(name: string, bytes: Uint8Array): Promise<void>
  /**
   * Names in ascending order of their characters.
   *
   * @param page.after - Only names greater than this one. @default all
   * @param page.limit - At most so many.
   */
  list(page: { readonly after?: string; readonly limit: number }): AsyncIterable<string>
  /** How full it is, for metrics. A store need not know. */
  usage?(): Promise<StoreUsage>
}
