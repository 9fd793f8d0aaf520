import { generateDeviceKey } from '@bitdust/crypto'
import type { Location } from '@bitdust/customer'
import { createKeyRing, memoryKeyStore, peerIdOfDevice } from '@bitdust/identity'
import { createIdServer, createIdServerClient, memoryIdentityFileStore } from '@bitdust/idserver'
import { systemClock } from '@bitdust/machine'
import { temporaryFolder } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { expect, test } from 'vitest'
import { completeConfig } from '../src/config.ts'
import { revokeDevice } from '../src/enrolment/revoke-device.ts'
import { NodeError } from '../src/errors.ts'
import { readMetadata } from '../src/metadata.ts'
import { wireOwnIdentity } from '../src/wiring/own-identity.ts'
import { aliceKey, encryptionKey, giveIdentity, openOwnFolder } from './own-folder.ts'

const { signal } = new AbortController()

test('T06 while the customer role is off a revocation says that no place has new keys, and goes on when it is on', async () => {
  await using folder = await temporaryFolder()
  const { paths, device } = await openOwnFolder(folder.path)
  const stolen = await generateDeviceKey()
  await giveIdentity(paths, { devices: [{ key: device }, { key: stolen, enrolled: encryptionKey }] })
  const server = createIdServer({ host: 'id.example.com', store: memoryIdentityFileStore(), clock: systemClock })
  const config = completeConfig({ network: { idServers: ['http://id.example.com'] } })
  const metadata = await readMetadata(paths, { allowPrivate: false, masterKey: aliceKey })
  const store = memoryKeyValueStore()
  const identity = await wireOwnIdentity({
    metadata,
    masterKey: aliceKey,
    paths,
    config,
    idServers: createIdServerClient({
      fetch: (url, request) => server.fetch(new Request(url, request as RequestInit)),
    }),
    store,
    observe: () => undefined,
    onChanged: async () => undefined,
    onError: () => undefined,
  })
  const place: Location = {
    id: '0'.repeat(64) as Location['id'],
    owner: identity.fingerprint,
    ownerKey: aliceKey.publicKey,
    alias: 'master',
    label: '',
    mine: true,
    generation: 1,
    key: null,
    revoked: [],
    secret: () => new Uint8Array(32),
    family: () => Promise.reject(new NodeError('NotFound', 'no family')),
    online: () => false,
    mayWrite: () => true,
  }
  const locations = { list: async () => [place], renew: async () => ({ generation: 2, keys: [], unreached: [] }) }
  let isCustomer = false
  const node = {
    identity,
    config,
    store,
    deviceKey: metadata.deviceKey,
    keys: createKeyRing({ store: memoryKeyStore() }),
    requireMasterKey: () => aliceKey,
    requireCustomer() {
      if (!isCustomer) throw new NodeError('RoleOff', 'switch it on')
      return { locations }
    },
  }
  const peerId = peerIdOfDevice(stolen.publicKey.bytes)
  const revoke = () => revokeDevice(node, { device: peerId, signal })
  const waiting = [{ alias: '*', code: 'RoleOff', message: 'switch it on' }]
  expect(await revoke()).toMatchObject({ renewed: [], waiting })
  expect(identity.document().certificates).toHaveLength(1)
  expect(await revoke()).toMatchObject({ renewed: [], waiting })
  isCustomer = true
  expect(await revoke()).toMatchObject({ renewed: [{ alias: 'master', unreached: [] }], waiting: [] })
  await expect(revoke()).rejects.toMatchObject({ code: 'NotFound' })
  await identity.stop()
})
