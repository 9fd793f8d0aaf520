import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isBitdustError } from '@bitdust/crypto'
import { temporaryFolder } from '@bitdust/testing'
import { keyValueStoreConformance } from '@bitdust/upkeep/conformance'
import { expect, test } from 'vitest'
import { openSqliteKeyValueStore } from '../src/adapters/sqlite-key-value-store.ts'

keyValueStoreConformance('SQLite', async () => {
  const folder = await temporaryFolder()
  const file = join(folder.path, 'store.sqlite')
  let store = openSqliteKeyValueStore(file)
  return {
    store,
    async reopen() {
      store.close()
      store = openSqliteKeyValueStore(file)
      return store
    },
    async close() {
      store.close()
      await folder[Symbol.asyncDispose]()
    },
  }
})

test('T40 a damaged file is named and nothing is made of it', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'store.sqlite')
  await writeFile(file, 'no database at all, but long enough to have a header '.repeat(40))
  let failure: unknown
  try {
    openSqliteKeyValueStore(file)
  } catch (error) {
    failure = error
  }
  expect(isBitdustError(failure, 'StorageCorrupt')).toBe(true)
  expect(String(failure)).toContain(file)
})
