/** A map of bounded size. */
export interface RecentMap<K, V> {
  /** The value, which thereby counts as used just now. */
  get(key: K): V | undefined
  has(key: K): boolean
  set(key: K, value: V): void
  delete(key: K): void
}

/** Makes a map that forgets the entry unused for longest when it would grow beyond its size. */
export function createRecentMap<K, V extends NonNullable<unknown>>(maxEntries: number): RecentMap<K, V> {
  // A Map keeps its keys in the order in which they were set.
  const entries = new Map<K, V>()
  return {
    get(key) {
      const value = entries.get(key)
      if (value === undefined) return undefined
      entries.delete(key)
      entries.set(key, value)
      return value
    },
    has: (key) => entries.has(key),
    set(key, value) {
      entries.delete(key)
      entries.set(key, value)
      const [oldest] = entries.size > maxEntries ? entries.keys() : []
      if (oldest !== undefined) entries.delete(oldest)
    },
    delete: (key) => void entries.delete(key),
  }
}
