import { join } from 'node:path'
import { makePrivateFolder } from '@bitdust/crypto/files'
import { identityStoreConformance, keyStoreConformance } from '@bitdust/identity/conformance'
import { temporaryFolder } from '@bitdust/testing'
import { folderKeyStore } from '../src/adapters/folder-key-store.ts'
import { keyValueIdentityStore } from '../src/adapters/key-value-identity-store.ts'
import { openSqliteKeyValueStore } from '../src/adapters/sqlite-key-value-store.ts'

identityStoreConformance('inside SQLite', async () => {
  const folder = await temporaryFolder()
  const store = openSqliteKeyValueStore(join(folder.path, 'store.sqlite'))
  return {
    subject: keyValueIdentityStore(store),
    async close() {
      store.close()
      await folder[Symbol.asyncDispose]()
    },
  }
})

keyStoreConformance('a folder of key files', async () => {
  const folder = await temporaryFolder()
  const keys = join(folder.path, 'keys')
  await makePrivateFolder(keys)
  return { subject: folderKeyStore(keys), close: async () => await folder[Symbol.asyncDispose]() }
})
