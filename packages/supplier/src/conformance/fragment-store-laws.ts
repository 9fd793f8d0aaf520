import { concatBytes, equalBytes } from '@bitdust/crypto'
import { expect } from 'vitest'
import { collect } from '../fragments/fragment-file.ts'
import type { ByteRange, FragmentStore } from '../fragments/fragment-store.ts'

/** A property of every fragment store. */
interface FragmentStoreLaw {
  readonly title: string
  /** Throws when the store, which is empty, breaks it. */
  hold(store: FragmentStore): Promise<void>
}

const NAME = '0123456789abcdef'.repeat(4)
const OTHER_NAME = 'fedcba9876543210'.repeat(4)
const NAMES_OUTSIDE_THE_RULE = [
  '',
  '../x',
  '/etc/passwd',
  NAME.toUpperCase(),
  `${NAME}0`,
  `${NAME.slice(1)}/`,
  `${NAME}\0`,
]

/** Bytes that differ from place to place. */
function sample(size: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8) * 17 + seed * 101) & 255)
}

function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

async function bytesOf(store: FragmentStore, name: string, range?: ByteRange): Promise<Uint8Array | null> {
  const source = await store.read(name, range)
  return source === null ? null : concatBytes(...(await collect(source)))
}

/** Says of long byte strings only whether they are equal: to print where they are not would take long. */
function expectBytes(found: Uint8Array | null, wanted: Uint8Array): void {
  expect(found?.length).toBe(wanted.length)
  expect(found !== null && equalBytes(found, wanted)).toBe(true)
}

async function namesOf(store: FragmentStore): Promise<string[]> {
  return (await Array.fromAsync(store.list())).map(({ name }) => name)
}

async function* failing(first: Uint8Array, error: Error): AsyncGenerator<Uint8Array> {
  yield first
  throw error
}

/** What is checked of every store. Exported so that a test can show that broken stores break them. */
export const fragmentStoreLaws: readonly FragmentStoreLaw[] = [
  {
    title: 'gives back what was put, in whatever pieces it came',
    async hold(store) {
      const bytes = sample(700_001)
      await store.put(NAME, bytes.length, inPieces(bytes, 65_537))
      expect(await store.has(NAME)).toBe(true)
      expectBytes(await bytesOf(store, NAME), bytes)
      await store.put(OTHER_NAME, 0, [])
      expectBytes(await bytesOf(store, OTHER_NAME), new Uint8Array(0))
    },
  },
  {
    title: 'gives a range of a file',
    async hold(store) {
      const bytes = sample(600_000)
      await store.put(NAME, bytes.length, [bytes])
      for (const [offset, length] of [
        [0, 1],
        [9, 8191],
        [8192, 500_000],
        [599_999, 1],
        [600_000, 0],
      ] as const)
        expectBytes(await bytesOf(store, NAME, { offset, length }), bytes.subarray(offset, offset + length))
    },
  },
  {
    title: 'does not keep the arrays of the source',
    async hold(store) {
      const bytes = sample(1000)
      await store.put(NAME, 1000, [bytes])
      bytes.fill(0)
      expectBytes(await bytesOf(store, NAME), sample(1000))
    },
  },
  {
    title: 'replaces a file whole',
    async hold(store) {
      await store.put(NAME, 5000, [sample(5000, 1)])
      await store.put(NAME, 300, [sample(300, 2)])
      expectBytes(await bytesOf(store, NAME), sample(300, 2))
      expect(await namesOf(store)).toEqual([NAME])
    },
  },
  {
    title: 'leaves nothing of a put whose source fails, and passes the failure on',
    async hold(store) {
      const failure = new Error('the sender went away')
      await expect(store.put(NAME, 5000, failing(sample(2000), failure))).rejects.toBe(failure)
      expect(await store.has(NAME)).toBe(false)
      expect(await namesOf(store)).toEqual([])
    },
  },
  {
    title: 'keeps the old file when replacing it fails',
    async hold(store) {
      await store.put(NAME, 5000, [sample(5000, 1)])
      await expect(store.put(NAME, 10, failing(sample(5, 2), new Error('gone')))).rejects.toThrow('gone')
      await expect(store.put(NAME, 10, [sample(9, 2)])).rejects.toMatchObject({ code: 'FragmentCorrupt' })
      expectBytes(await bytesOf(store, NAME), sample(5000, 1))
    },
  },
  {
    title: 'refuses a source of another size than declared and leaves nothing',
    async hold(store) {
      for (const given of [0, 99, 101, 5000])
        await expect(store.put(NAME, 100, inPieces(sample(given), 40))).rejects.toMatchObject({
          code: 'FragmentCorrupt',
        })
      expect(await namesOf(store)).toEqual([])
    },
  },
  {
    title: 'says null and false of what is not there, and deletes it without complaint',
    async hold(store) {
      expect(await store.read(NAME)).toBeNull()
      expect(await store.has(NAME)).toBe(false)
      await store.delete(NAME)
      expect(await namesOf(store)).toEqual([])
    },
  },
  {
    title: 'deletes',
    async hold(store) {
      await store.put(NAME, 1, [sample(1)])
      await store.put(OTHER_NAME, 1, [sample(1)])
      await store.delete(NAME)
      expect(await store.read(NAME)).toBeNull()
      expect(await namesOf(store)).toEqual([OTHER_NAME])
    },
  },
  {
    title: 'lists names in ascending order with sizes',
    async hold(store) {
      const names = [OTHER_NAME, NAME, NAME.replace('01', '02'), NAME.replace(/.$/, 'e')]
      for (const [i, name] of names.entries()) await store.put(name, i, [sample(i)])
      const listed = await Array.fromAsync(store.list())
      expect(listed).toEqual(names.map((name, size) => ({ name, size })).toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    },
  },
  {
    title: 'T47 refuses names that are not 64 hex digits',
    async hold(store) {
      for (const name of NAMES_OUTSIDE_THE_RULE) {
        await expect(store.put(name, 1, [sample(1)])).rejects.toMatchObject({ code: 'PathUnsafe' })
        for (const call of [() => store.read(name), () => store.has(name), () => store.delete(name)])
          await expect(call()).rejects.toMatchObject({ code: 'PathUnsafe' })
      }
      expect(await namesOf(store)).toEqual([])
    },
  },
  {
    title: 'takes several puts at once, also of one name',
    async hold(store) {
      const seeds = [1, 2, 3, 4]
      await Promise.all(seeds.map((seed) => store.put(NAME, 100_000, inPieces(sample(100_000, seed), 30_000))))
      const kept = await bytesOf(store, NAME)
      expect(seeds.some((seed) => equalBytes(kept!, sample(100_000, seed)))).toBe(true)
      expect(await namesOf(store)).toEqual([NAME])
    },
  },
  {
    title: 'knows how much room there is',
    async hold(store) {
      const [free, size] = [await store.free(), await store.size()]
      expect(free).toBeGreaterThan(0)
      expect(size).toBeGreaterThanOrEqual(free)
    },
  },
  {
    title: 'sweeps without touching what is stored',
    async hold(store) {
      await store.sweep()
      await store.put(NAME, 10, [sample(10)])
      await store.sweep()
      expectBytes(await bytesOf(store, NAME), sample(10))
    },
  },
]
