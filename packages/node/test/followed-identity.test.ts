import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createResolver, memoryIdentityStore } from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import { temporaryFolder } from '@bitdust/testing'
import { expect, test } from 'vitest'
import { completeConfig } from '../src/config.ts'
import { ensureEncryptionKey, readMetadata } from '../src/metadata.ts'
import { followOwnIdentity } from '../src/wiring/followed-identity.ts'
import { type AliceOptions, giveIdentity, openOwnFolder, signAlice, TODAY } from './own-folder.ts'

/** An enrolled device whose ID-server shows what the test publishes. */
async function enrolledIn(root: string, expires?: number) {
  const { paths, device } = await openOwnFolder(root)
  const enrolled = await ensureEncryptionKey(paths)
  const named: AliceOptions['devices'][number] = {
    key: device,
    enrolled,
    ...(expires === undefined ? {} : { expires }),
  }
  await giveIdentity(paths, { devices: [named] })
  let served: Uint8Array | null = null
  const resolver = createResolver({
    sources: [{ name: 'test', fetch: async () => served }],
    store: memoryIdentityStore(),
    clock: systemClock,
  })
  const revoked: unknown[] = []
  const changed: number[] = []
  const follow = async () =>
    followOwnIdentity({
      metadata: await readMetadata(paths, { allowPrivate: false }),
      paths,
      config: completeConfig({ identity: { checkEvery: '20 ms' } }),
      resolver,
      onChanged: async ({ revision }) => void changed.push(revision),
      onRevoked: (error) => revoked.push(error),
      onError: () => undefined,
    })
  return {
    paths,
    named,
    resolver,
    revoked,
    changed,
    follow,
    async publish(options: AliceOptions) {
      served = (await signAlice(options)).bytes
      return served
    },
  }
}

test('an enrolled device takes over what its owner publishes, and publishes nothing', async () => {
  await using temporary = await temporaryFolder()
  const { paths, named, follow, publish, changed } = await enrolledIn(temporary.path)
  const identity = await follow()
  await publish({ devices: [named], revision: 2 })
  await identity.start()
  expect(identity.document().revision).toBe(2)
  const third = await publish({ devices: [named], revision: 3 })
  await expect.poll(() => identity.document().revision).toBe(3)
  await identity.stop()
  expect(Buffer.from(third).equals(await readFile(join(paths.metadata, 'identity.xml')))).toBe(true)
  expect(changed).toEqual([2, 3])
  await expect(identity.rotate()).rejects.toMatchObject({
    code: 'Unauthorized',
    message: 'the master key is not on this device: move the identity to another ID-server where it is',
  })
  expect([identity.publisher, identity.rotation]).toEqual([null, null])
})

test('nobody to ask is no reason not to start', async () => {
  await using temporary = await temporaryFolder()
  const { follow, revoked } = await enrolledIn(temporary.path)
  const identity = await follow()
  await identity.start()
  expect(identity.document().revision).toBe(1)
  await identity.stop()
  expect(revoked).toEqual([])
})

test('a device that was revoked while it was off does not start, now or later', async () => {
  await using temporary = await temporaryFolder()
  const { paths, follow, publish } = await enrolledIn(temporary.path)
  const identity = await follow()
  await publish({ devices: [], revision: 2 })
  await expect(identity.start()).rejects.toMatchObject({
    code: 'Unauthorized',
    message: expect.stringMatching(/revoked.*revision 2/),
  })
  await identity.stop()
  await expect(readMetadata(paths, { allowPrivate: false })).rejects.toMatchObject({
    code: 'Unauthorized',
    message: expect.stringContaining('revoked'),
  })
})

test.each(['from an ID-server', 'from a peer'])('a device that is revoked while it runs is told %s', async (how) => {
  await using temporary = await temporaryFolder()
  const { named, follow, publish, resolver, revoked } = await enrolledIn(temporary.path)
  const identity = await follow()
  await publish({ devices: [named] })
  await identity.start()
  const last =
    how === 'from a peer'
      ? (await signAlice({ devices: [], revision: 2 })).bytes
      : await publish({ devices: [], revision: 2 })
  if (how === 'from a peer') await identity.take(await resolver.accept(last))
  await expect.poll(() => revoked.length).toBe(1)
  await identity.stop()
  expect(revoked[0]).toMatchObject({ code: 'Unauthorized', message: expect.stringContaining('revoked') })
})

test('a document that is not newer is passed over', async () => {
  await using temporary = await temporaryFolder()
  const { named, follow } = await enrolledIn(temporary.path)
  const identity = await follow()
  await identity.take((await signAlice({ devices: [], revision: 1 })).document)
  await identity.take((await signAlice({ devices: [], revision: 0 })).document)
  expect(identity.document().revision).toBe(1)
  await identity.take((await signAlice({ devices: [named], revision: 2 })).document)
  expect(identity.document().revision).toBe(2)
})

test('a certificate that ran out is told apart from a revocation', async () => {
  await using temporary = await temporaryFolder()
  const { follow } = await enrolledIn(temporary.path, TODAY - 2 * 3_600_000)
  await expect(follow()).rejects.toMatchObject({
    code: 'Unauthorized',
    message: expect.stringContaining('has run out'),
  })
})
