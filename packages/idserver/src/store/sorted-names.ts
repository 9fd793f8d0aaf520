/** Names in ascending order, without repetitions. A page of it costs the page, not the whole. */
export interface SortedNames {
  /** How many there are. */
  readonly size: number
  add(name: string): void
  has(name: string): boolean
  /** Up to `limit` names greater than `after`, or the first ones. */
  page(after: string | undefined, limit: number): string[]
}

export function createSortedNames(initial: Iterable<string> = []): SortedNames {
  const names = [...new Set(initial)].sort()

  /** Where `name` stands, or would stand. */
  function place(name: string): number {
    let low = 0
    let high = names.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (names[middle]! < name) low = middle + 1
      else high = middle
    }
    return low
  }

  const holds = (name: string) => names[place(name)] === name

  return {
    get size() {
      return names.length
    },

    has: holds,

    add(name) {
      if (!holds(name)) names.splice(place(name), 0, name)
    },

    page(after, limit) {
      const start = after === undefined ? 0 : place(after) + (holds(after) ? 1 : 0)
      return names.slice(start, start + limit)
    },
  }
}
