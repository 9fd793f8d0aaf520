import { describe, expect, test } from 'vitest'
import { keyValueStoreLaws } from '../src/conformance/laws.ts'
import { keyValueStoreConformance } from '../src/conformance.ts'
import { type KeyValueStore, memoryKeyValueStore } from '../src/index.ts'

keyValueStoreConformance('memory', async () => {
  const store = memoryKeyValueStore()
  return { store, reopen: async () => store }
})

describe('broken stores break a law', () => {
  const broken: Record<string, (store: KeyValueStore) => Partial<KeyValueStore>> = {
    'forgets the empty value': (store) => ({
      get: async (key) => (((await store.get(key)) ?? new Uint8Array(0)).length === 0 ? null : store.get(key)),
    }),
    'puts before it deletes': (store) => ({
      batch: (changes) => store.batch(changes.toSorted((a, b) => Number('delete' in a) - Number('delete' in b))),
    }),
    'ignores the prefix': (store) => ({ list: (range) => store.list({ ...range, prefix: '' }) }),
    'includes the key after which to begin': (store) => ({
      async *list(range) {
        const first = range.after === undefined ? null : await store.get(range.after)
        if (first !== null && range.after?.startsWith(range.prefix)) yield [range.after, first]
        yield* store.list(range)
      },
    }),
    'ignores the limit': (store) => ({
      list: ({ prefix, after = '' }) => store.list({ prefix, after }),
    }),
    'gives out its own bytes': (store) => {
      const given = new Map<string, Uint8Array | null>()
      return {
        async get(key) {
          if (!given.has(key)) given.set(key, await store.get(key))
          return given.get(key) ?? null
        },
      }
    },
    'loses deletions': (store) => ({
      batch: (changes) => store.batch(changes.filter((change) => 'put' in change)),
    }),
  }

  test.each(Object.entries(broken))('%s', async (_, breakIt) => {
    const failures = await Promise.allSettled(
      keyValueStoreLaws.map(async ({ hold }) => {
        const store = memoryKeyValueStore()
        const wrong = { ...store, ...breakIt(store) }
        await hold({ store: wrong, reopen: async () => wrong })
      }),
    )
    expect(failures.some(({ status }) => status === 'rejected')).toBe(true)
  })
})
