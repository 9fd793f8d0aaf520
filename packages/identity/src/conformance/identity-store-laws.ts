import { expect } from 'vitest'
import type { IdentityStore } from '../resolver/identity-store.ts'
import type { Law } from './law.ts'

const FIRST = Uint8Array.of(1, 2, 3)
const SECOND = Uint8Array.of(4, 5)
/** A key as long as a resolver makes them, with all the characters it uses. */
const LONG_KEY = `pin/https://${'a'.repeat(60)}.${'b'.repeat(60)}.com:8084/alice_-1.xml`

async function keys(store: IdentityStore, prefix: string): Promise<readonly string[]> {
  return (await Array.fromAsync(store.list(prefix))).sort()
}

export const identityStoreLaws: readonly Law<IdentityStore>[] = [
  {
    title: 'an unknown key is null',
    hold: async (store) => expect(await store.get('identity/a')).toBeNull(),
  },
  {
    title: 'put replaces, and each key has its own bytes',
    async hold(store) {
      await store.put('identity/a', FIRST)
      await store.put(LONG_KEY, FIRST)
      await store.put('identity/a', SECOND)
      expect(await store.get('identity/a')).toEqual(SECOND)
      expect(await store.get(LONG_KEY)).toEqual(FIRST)
    },
  },
  {
    title: 'empty bytes remove the key',
    async hold(store) {
      await store.put('identity/a', FIRST)
      await store.put('identity/a', new Uint8Array())
      expect(await store.get('identity/a')).toBeNull()
      expect(await keys(store, '')).toEqual([])
      await store.put('identity/b', new Uint8Array())
      expect(await keys(store, '')).toEqual([])
    },
  },
  {
    title: 'what is put and what is got belongs to the caller',
    async hold(store) {
      const bytes = FIRST.slice()
      await store.put('identity/a', bytes)
      bytes.fill(0)
      const got = await store.get('identity/a')
      expect(got).toEqual(FIRST)
      got?.fill(0)
      expect(await store.get('identity/a')).toEqual(FIRST)
    },
  },
  {
    title: 'list gives the keys of a prefix',
    async hold(store) {
      for (const key of ['identity/a', 'identity/b', LONG_KEY]) await store.put(key, FIRST)
      expect(await keys(store, 'identity/')).toEqual(['identity/a', 'identity/b'])
      expect(await keys(store, 'pin/')).toEqual([LONG_KEY])
      expect(await keys(store, '')).toHaveLength(3)
      expect(await keys(store, 'none/')).toEqual([])
    },
  },
]
