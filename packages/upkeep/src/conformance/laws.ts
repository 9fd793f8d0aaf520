import { expect } from 'vitest'
import type { KeyValueStore, StoreChange, StoreRange } from '../key-value-store.ts'

/** A store and what the tests may do with it besides. */
export interface StoreUnderTest {
  readonly store: KeyValueStore
  /** Opens what the store left behind, as after a restart. Left out by stores which live in memory. */
  reopen?(): Promise<KeyValueStore>
  /** Frees what the store holds. Called once, at the end of a test. */
  close?(): Promise<void>
}

/** A property of every store. */
interface StoreLaw {
  readonly title: string
  /** Throws when the store breaks it. */
  hold(made: StoreUnderTest): Promise<void>
}

/** What is checked of every store. Exported so that a test can show that broken stores break it. */
export const keyValueStoreLaws: readonly StoreLaw[] = [
  {
    title: 'gives back what was put, the empty value too, and null for the rest',
    async hold({ store }) {
      await store.batch([put('a', 1), { put: 'empty', value: new Uint8Array(0) }])
      expect(await store.get('a')).toEqual(bytes(1))
      expect(await store.get('empty')).toEqual(new Uint8Array(0))
      expect(await store.get('b')).toBeNull()
    },
  },
  {
    title: 'replaces and deletes; deleting what is not there is no error',
    async hold({ store }) {
      await store.batch([put('a', 1), put('b', 2)])
      await store.batch([put('a', 3), { delete: 'b' }, { delete: 'c' }])
      expect(await store.get('a')).toEqual(bytes(3))
      expect(await store.get('b')).toBeNull()
    },
  },
  {
    title: 'applies the changes of a batch in order',
    async hold({ store }) {
      await store.batch([put('a', 1), { delete: 'a' }, put('b', 1), put('b', 2), { delete: 'c' }, put('c', 3)])
      expect(await keysOf(store, { prefix: '' })).toEqual(['b', 'c'])
      expect(await store.get('b')).toEqual(bytes(2))
      await store.batch([])
    },
  },
  {
    title: 'copies values in and out',
    async hold({ store }) {
      const value = bytes(1, 2, 3)
      const done = store.batch([{ put: 'a', value }])
      await done
      value.fill(9)
      const first = await store.get('a')
      first?.fill(9)
      for await (const [, listed] of store.list({ prefix: 'a' })) listed.fill(9)
      expect(await store.get('a')).toEqual(bytes(1, 2, 3))
    },
  },
  {
    title: 'lists in the order of bytes, by prefix',
    async hold({ store }) {
      const keys = ['B', 'a', 'a!', 'a%', 'a%b', 'a*', 'a/1', 'a/10', 'a/2', 'a0', 'a_', 'ab', 'b', '~']
      await store.batch(keys.toReversed().map((key) => put(key, 1)))
      expect(await keysOf(store, { prefix: '' })).toEqual(keys.toSorted())
      expect(await keysOf(store, { prefix: 'a/' })).toEqual(['a/1', 'a/10', 'a/2'])
      expect(await keysOf(store, { prefix: 'a%' })).toEqual(['a%', 'a%b'])
      expect(await keysOf(store, { prefix: 'a_' })).toEqual(['a_'])
      expect(await keysOf(store, { prefix: 'a*' })).toEqual(['a*'])
      expect(await keysOf(store, { prefix: '~' })).toEqual(['~'])
      expect(await keysOf(store, { prefix: 'nothing' })).toEqual([])
    },
  },
  {
    title: 'lists behind a key and up to a limit',
    async hold({ store }) {
      await store.batch(['p/1', 'p/2', 'p/3', 'q/1'].map((key) => put(key, 1)))
      expect(await keysOf(store, { prefix: 'p/', after: 'p/1' })).toEqual(['p/2', 'p/3'])
      expect(await keysOf(store, { prefix: 'p/', after: 'p/15' })).toEqual(['p/2', 'p/3'])
      expect(await keysOf(store, { prefix: 'p/', after: 'a' })).toEqual(['p/1', 'p/2', 'p/3'])
      expect(await keysOf(store, { prefix: 'p/', after: 'z' })).toEqual([])
      expect(await keysOf(store, { prefix: 'p/', after: 'p/1', limit: 1 })).toEqual(['p/2'])
      expect(await keysOf(store, { prefix: 'p/', limit: 0 })).toEqual([])
      expect(await keysOf(store, { prefix: 'p/', limit: 9 })).toEqual(['p/1', 'p/2', 'p/3'])
    },
  },
  {
    title: 'lists every key once while others are deleted and added',
    async hold({ store }) {
      const keys = Array.from({ length: 2_000 }, (_, i) => `k/${String(i).padStart(5, '0')}`)
      await store.batch(keys.map((key) => put(key, 1)))
      const seen: string[] = []
      for await (const [key] of store.list({ prefix: 'k/' })) {
        seen.push(key)
        if (seen.length % 100 === 0) await store.batch([{ delete: key }, put(`j/${key}`, 1), put(`l/${key}`, 1)])
      }
      expect(seen).toEqual(keys)
    },
  },
  {
    title: 'keeps many batches that run at once',
    async hold({ store }) {
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          store.batch([put(`a/${i}`, i), put('last', i), { delete: `a/${i - 100}` }]),
        ),
      )
      expect(await keysOf(store, { prefix: 'a/' })).toHaveLength(100)
      expect(await store.get('last')).toHaveLength(1)
    },
  },
  {
    title: 'takes values of 1 MiB and keys of 512 characters',
    async hold({ store }) {
      const value = Uint8Array.from({ length: 2 ** 20 }, (_, i) => (i * 7) >>> 3)
      const key = '~'.repeat(512)
      await store.batch([{ put: key, value }])
      expect(await store.get(key)).toEqual(value)
    },
  },
  {
    title: 'is like a map, whatever is done to it',
    async hold({ store }) {
      const model = new Map<string, number>()
      for (let step = 0; step < 200; step++) {
        const changes = Array.from({ length: step % 4 }, (_, i) => change(step * 31 + i * 17))
        await store.batch(changes)
        for (const one of changes) {
          if ('put' in one) model.set(one.put, one.value[0]!)
          else model.delete(one.delete)
        }
      }
      const listed: [string, number][] = []
      for await (const [key, value] of store.list({ prefix: '' })) listed.push([key, value[0]!])
      expect(listed).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)))
    },
  },
  {
    title: 'has everything again after a restart',
    async hold({ store, reopen }) {
      if (reopen === undefined) return
      await store.batch([put('a', 1), put('b', 2)])
      await store.batch([{ delete: 'a' }])
      const again = await reopen()
      expect(await keysOf(again, { prefix: '' })).toEqual(['b'])
      expect(await again.get('b')).toEqual(bytes(2))
    },
  },
]

function put(key: string, ...value: readonly number[]): StoreChange {
  return { put: key, value: bytes(...value) }
}

/** The same in every run: a put or, one time in three, a delete of one of 23 keys. */
function change(seed: number): StoreChange {
  const key = `key/${(seed * 2_654_435_761) % 23}`
  return seed % 3 === 0 ? { delete: key } : put(key, seed % 251)
}

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values)
}

async function keysOf(store: KeyValueStore, range: StoreRange): Promise<string[]> {
  const keys: string[] = []
  for await (const [key] of store.list(range)) keys.push(key)
  return keys
}
