import type { KeyValueStore } from './key-value-store.ts'

/** A store in memory: for tests, and for parts that need not survive. */
export function memoryKeyValueStore(): KeyValueStore {
  const values = new Map<string, Uint8Array>()
  return {
    async get(key) {
      return values.get(key)?.slice() ?? null
    },
    async batch(changes) {
      for (const change of changes) {
        if ('put' in change) values.set(change.put, change.value.slice())
        else values.delete(change.delete)
      }
    },
    async *list({ prefix, after = '', limit = Number.POSITIVE_INFINITY }) {
      const keys = [...values.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
      let given = 0
      for (const key of keys) {
        const value = values.get(key)
        if (given >= limit) return
        if (value === undefined) continue // Deleted since the listing began.
        given += 1
        yield [key, value.slice()]
      }
    },
  }
}
