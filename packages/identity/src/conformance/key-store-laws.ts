import { expect } from 'vitest'
import type { KeyStore } from '../key-ring/key-store.ts'
import type { Law } from './law.ts'

const NAME = `share_cats.${'0a'.repeat(32)}.1`
const OTHER = `${'a'.repeat(50)}.${'f9'.repeat(32)}.999999999999999`

async function names(store: KeyStore): Promise<readonly string[]> {
  return (await Array.fromAsync(store.list())).sort()
}

export const keyStoreLaws: readonly Law<KeyStore>[] = [
  {
    title: 'an unknown name is null, and removing it does nothing',
    async hold(store) {
      expect(await store.get(NAME)).toBeNull()
      await store.remove(NAME)
      expect(await names(store)).toEqual([])
    },
  },
  {
    title: 'put replaces, and each name has its own text',
    async hold(store) {
      await store.put(NAME, 'first')
      await store.put(OTHER, 'other\nlines: äöü')
      await store.put(NAME, 'second')
      expect([await store.get(NAME), await store.get(OTHER)]).toEqual(['second', 'other\nlines: äöü'])
      expect(await names(store)).toEqual([OTHER, NAME].sort())
    },
  },
  {
    title: 'a removed name is gone, the others stay',
    async hold(store) {
      await store.put(NAME, 'first')
      await store.put(OTHER, 'other')
      await store.remove(NAME)
      expect(await store.get(NAME)).toBeNull()
      expect(await names(store)).toEqual([OTHER])
    },
  },
]
