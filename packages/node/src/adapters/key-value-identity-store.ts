import type { IdentityStore } from '@bitdust/identity'
import type { KeyValueStore } from '@bitdust/upkeep'

/** The resolver's cache and pins inside a key-value store, under a prefix of their own. */
export function keyValueIdentityStore(store: KeyValueStore, prefix = 'identity/'): IdentityStore {
  return {
    get: (key) => store.get(prefix + key),
    put: (key, value) => store.batch([value.length === 0 ? { delete: prefix + key } : { put: prefix + key, value }]),
    async *list(start) {
      for await (const [key] of store.list({ prefix: prefix + start })) yield key.slice(prefix.length)
    },
  }
}
