/**
 * Where a resolver keeps what it must not forget: the newest document of each identity and the key that each IDURL was
 * seen to have. Losing it loses the protection against servers that lie later.
 */
export interface IdentityStore {
  /** The bytes last put under the key, or null. */
  get(key: string): Promise<Uint8Array | null>
  /** Replaces what is under the key, atomically and durably before it resolves. Empty bytes remove the key. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Keys that begin with the prefix, in no order. */
  list(prefix: string): AsyncIterable<string>
}

/** A store that lives as long as the process: for tests, and for programs that start anew each time. */
export function memoryIdentityStore(): IdentityStore {
  const values = new Map<string, Uint8Array>()
  return {
    get: async (key) => values.get(key)?.slice() ?? null,
    async put(key, bytes) {
      if (bytes.length === 0) values.delete(key)
      else values.set(key, bytes.slice())
    },
    async *list(prefix) {
      for (const key of [...values.keys()]) if (key.startsWith(prefix)) yield key
    },
  }
}
