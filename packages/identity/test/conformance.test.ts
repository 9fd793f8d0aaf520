import { identityStoreConformance, idServerConformance, keyStoreConformance } from '../src/conformance.ts'
import { memoryIdentityStore, memoryKeyStore } from '../src/index.ts'
import { memoryIdServers } from './memory-id-servers.ts'

identityStoreConformance('in memory', async () => ({ subject: memoryIdentityStore() }))
keyStoreConformance('in memory', async () => ({ subject: memoryKeyStore() }))
idServerConformance('of these tests', async () => ({
  subject: { idServers: memoryIdServers('first-machine.com'), alive: 'first-machine.com', dead: 'server-two.net' },
}))
