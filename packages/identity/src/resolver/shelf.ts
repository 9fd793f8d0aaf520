import type { Fingerprint } from '@bitdust/crypto'
import type { IdentityStore } from './identity-store.ts'

/** The part of a store under one prefix, kept to a size. */
export interface Shelf {
  get(name: string): Promise<Uint8Array | undefined>
  put(name: string, bytes: Uint8Array): Promise<void>
  remove(name: string): Promise<void>
  /** Counts an entry, which is there, as used just now: for whoever answers from memory. */
  touch(name: string): void
}

export interface ShelfOptions {
  readonly store: IdentityStore
  readonly prefix: string
  /** Entries kept, but for those that belong to a kept identity: these stay, however many. */
  readonly max: number
  /** Whose an entry is. */
  readonly ownerOf: (name: string, bytes: Uint8Array) => Fingerprint
  /** Identities in use. When it fails nothing is dropped. */
  readonly keep: () => Promise<Iterable<Fingerprint>>
  /** Told of what was dropped. */
  readonly onDropped: (name: string) => void
}

/** How much is dropped at a time, as a part of the size: asking who is in use for every new entry would cost too much. */
const BATCH = 0.1

/**
 * Keeps entries under a prefix of a store and drops those unused for longest once there are more than `max`, a tenth at
 * a time. The order is that of this process; what an earlier one left counts as older, in no order.
 */
export function createShelf({ store, prefix, max, ownerOf, keep, onDropped }: ShelfOptions): Shelf {
  const batch = Math.floor(max * BATCH)
  /** Names in the order of their last use. */
  const used = new Set<string>()
  let isCounted = false
  let highWater = max

  function touch(name: string): void {
    used.delete(name)
    used.add(name)
  }

  async function count(): Promise<void> {
    if (isCounted) return
    const now = [...used]
    used.clear()
    for await (const key of store.list(prefix)) used.add(key.slice(prefix.length))
    for (const name of now) touch(name)
    isCounted = true
  }

  async function remove(name: string): Promise<void> {
    await store.put(prefix + name, new Uint8Array())
    used.delete(name)
  }

  async function shrink(): Promise<void> {
    await count()
    if (used.size <= highWater) return
    const kept = await Promise.resolve(keep()).catch(() => undefined)
    if (kept === undefined) return
    await drop(used.size - max + batch, new Set(kept))
    highWater = Math.max(max, used.size + batch)
  }

  async function drop(number: number, kept: ReadonlySet<Fingerprint>): Promise<void> {
    let left = number
    // All but the newest, for which there must be room.
    for (const name of [...used].slice(0, -1)) {
      if (left === 0) return
      const bytes = await store.get(prefix + name)
      const isKept = bytes !== null && bytes.length > 0 && kept.has(ownerOf(name, bytes))
      if (isKept) touch(name)
      else {
        await remove(name)
        onDropped(name)
        left -= 1
      }
    }
  }

  return {
    async get(name) {
      const bytes = await store.get(prefix + name)
      if (bytes === null || bytes.length === 0) return undefined
      touch(name)
      return bytes
    },
    async put(name, bytes) {
      await store.put(prefix + name, bytes)
      touch(name)
      await shrink()
    },
    remove,
    touch,
  }
}
