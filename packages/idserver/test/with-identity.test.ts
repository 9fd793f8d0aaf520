import { importRsaPrivateKey } from '@bitdust/crypto'
import { createPublisher, createRegistration, createResolver, memoryIdentityStore } from '@bitdust/identity'
import { systemClock as clock } from '@bitdust/machine'
import { testKeys } from '@bitdust/testing'
import { expect, test } from 'vitest'
import { createIdServerClient } from '../src/client/id-server-client.ts'
import { createSafeFetch } from '../src/node/safe-fetch.ts'
import { serveIdServer } from '../src/node/serve-id-server.ts'
import { memoryIdentityFileStore } from '../src/store/memory-identity-file-store.ts'

const allowPrivate = true

function startServer() {
  return serveIdServer({ port: 0, address: '127.0.0.1', clock, store: memoryIdentityFileStore(), allowPrivate })
}

test('an identity is registered on two servers, changed, and found when the first one is dead', async () => {
  await using first = await startServer()
  await using second = await startServer()
  const client = createIdServerClient({ fetch: createSafeFetch({ allowPrivate }), allowPrivate })
  const key = await importRsaPrivateKey(testKeys[2048][0])
  const parts = { key, clock, idServers: client, allowPrivate }

  const registration = createRegistration({ ...parts, name: 'alice', servers: [first.url, second.url] })
  const identity = await registration.run()
  expect(identity.document.sources).toEqual([`${first.url}/alice.xml`, `${second.url}/alice.xml`])

  const rival = { ...parts, key: await importRsaPrivateKey(testKeys[2048][1]) }
  const late = createRegistration({ ...rival, name: 'alice', servers: [first.url, second.url] })
  await expect(late.run()).rejects.toMatchObject({ code: 'IdentityNameTaken' })

  const resolver = createResolver({ sources: [client], store: memoryIdentityStore(), clock, allowPrivate })
  const [firstIdurl, secondIdurl] = identity.document.sources
  expect((await resolver.resolve(firstIdurl!)).revision).toBe(identity.document.revision)

  const publisher = createPublisher({ ...parts, identity: identity.document })
  await publisher.publish((fields) => ({ ...fields, contacts: ['tcp://127.0.0.1:7771'] }))
  await first.stop()
  const found = await resolver.resolve(firstIdurl!, { fresh: true })
  expect(found.contacts).toEqual(['tcp://127.0.0.1:7771'])
  expect(found.revision).toBeGreaterThan(identity.document.revision)
  expect(await resolver.sameIdentity(firstIdurl!, secondIdurl!)).toBe(true)
})
