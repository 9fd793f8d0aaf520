import { utf8Decode, utf8Encode } from '@bitdust/crypto'
import { idurlToUser, parseKeyId } from '@bitdust/identity'
import { expect, test } from 'vitest'
import { isShareError } from '../src/index.ts'
import { acceptancesOf, aliceAndBob, failureOf, inTime, placeOf, type User, until } from './world.ts'

async function textAt(user: User, id: string, path: string): Promise<string> {
  const reader = await user.customer.get(path, { location: await placeOf(user, id), ...inTime() })
  return utf8Decode(await reader.bytes())
}

test('takes five steps, and then both read and write', async () => {
  const { alice, bob, share } = await aliceAndBob()
  await alice.customer.put('cat.txt', utf8Encode('meow'), {
    location: await placeOf(alice, share.location),
    ...inTime(),
  })

  const steps: string[] = []
  const result = await alice.shares.grant(share.keyId, bob.idurl, { onStep: (step) => steps.push(step), ...inTime() })
  expect(result).toEqual({
    keyId: share.keyId,
    member: bob.ref.fingerprint,
    rights: ['read', 'write'],
    generation: 1,
    opened: true,
  })
  expect(steps).toEqual(['checking-online', 'auditing-master', 'publishing', 'sending-key', 'sending-list'])

  const about = { keyId: share.keyId, location: share.location }
  expect(bob.received).toEqual([
    { ...about, owner: alice.ref.fingerprint, alias: share.alias, label: 'Holiday', generation: 1 },
  ])
  expect(bob.files).toEqual([{ ...about, files: [{ path: 'cat.txt', kind: 'file', size: 4 }], complete: true }])
  expect(await bob.shares.list()).toMatchObject([{ ...about, label: 'Holiday', mine: false, state: 'open' }])
  expect(await textAt(bob, share.location, 'cat.txt')).toBe('meow')

  await bob.customer.put('dog.txt', utf8Encode('woof'), {
    location: await placeOf(bob, share.location),
    ...inTime(),
  })
  expect(await textAt(alice, share.location, 'dog.txt')).toBe('woof')
  const [listed] = await alice.shares.list()
  expect(listed?.members).toEqual([
    { identity: bob.ref.fingerprint, user: idurlToUser(bob.idurl), rights: ['read', 'write'] },
  ])
  expect(bob.transitions.filter((line) => line.startsWith('share-acceptance'))).toEqual([
    'share-acceptance: received -> received',
    'share-acceptance: received -> verified',
    'share-acceptance: verified -> verified',
    'share-acceptance: verified -> stored',
    'share-acceptance: stored -> located',
    'share-acceptance: located -> ready',
  ])
  expect(await acceptancesOf(bob)).toEqual([])
})

test('names the share by key id, by its parts or by its alias, and repeats without harm', async () => {
  const { alice, bob, share } = await aliceAndBob()
  for (const name of [share.keyId, parseKeyId(share.keyId), share.alias])
    expect(await alice.shares.grant(name, bob.idurl, inTime())).toMatchObject({ keyId: share.keyId, opened: true })
  expect((await alice.shares.list())[0]?.members).toHaveLength(1)
})

test('again with other rights replaces the line of the member', async () => {
  const { alice, bob, share } = await aliceAndBob()
  await alice.shares.grant(share.keyId, bob.idurl, inTime())
  await alice.shares.grant(share.keyId, bob.idurl, { rights: ['read'], ...inTime() })
  expect((await alice.shares.list())[0]?.members).toMatchObject([{ identity: bob.ref.fingerprint, rights: ['read'] }])
  const location = await placeOf(bob, share.location)
  const refusal = await failureOf(bob.customer.put('x', utf8Encode('x'), { location, ...inTime() }))
  expect(refusal).toMatchObject({ name: 'CustomerError' })
})

test('finds the one device of several that answers', async () => {
  const { alice, bob, share } = await aliceAndBob({ bobsDevices: 3 })
  expect(await alice.shares.grant(share.keyId, bob.idurl, inTime())).toMatchObject({ opened: true })
  expect(bob.received).toHaveLength(1)
})

test('fails at the first step when the recipient is offline, and nothing has changed', async () => {
  const { alice, bob, share } = await aliceAndBob()
  await bob.stop()
  const error = await failureOf(alice.shares.grant(share.keyId, bob.idurl, inTime()))
  expect(error).toMatchObject({ code: 'Timeout', step: 'checking-online', retryable: true })
  expect((await alice.shares.list())[0]?.members).toEqual([])
})

test('fails at the step that lacks suppliers', async () => {
  const { world, alice, bob, share } = await aliceAndBob()
  for (const supplier of world.suppliers) world.setLink(alice, supplier, { down: true })
  const error = await failureOf(alice.shares.grant(share.keyId, bob.idurl, inTime()))
  expect(error).toMatchObject({ step: 'publishing', retryable: true })
  expect(bob.received).toEqual([])
})

test('is cancelled by its signal, and by stop', async () => {
  const { world, alice, bob, share } = await aliceAndBob()
  const signal = AbortSignal.abort()
  expect(await failureOf(alice.shares.grant(share.keyId, bob.idurl, { signal }))).toMatchObject({ code: 'Cancelled' })
  world.setLink(alice, bob, { stalled: true })
  const pending = failureOf(alice.shares.grant(share.keyId, bob.idurl))
  await until(() => alice.transitions.includes('share-grant: ready -> checking-online'))
  await alice.shares.stop()
  expect(await pending).toMatchObject({ code: 'Cancelled' })
  expect(await failureOf(alice.shares.grant(share.keyId, bob.idurl))).toMatchObject({ code: 'Cancelled' })
  expect(await failureOf(alice.shares.start())).toMatchObject({ code: 'Cancelled' })
})

test('refuses what makes no sense', async () => {
  const { alice, bob, share } = await aliceAndBob()
  await alice.shares.grant(share.keyId, bob.idurl, inTime())
  const { shares } = alice
  expect(await failureOf(shares.grant('nothing', bob.idurl, inTime()))).toMatchObject({ code: 'NotFound' })
  expect(await failureOf(shares.grant(share.keyId, alice.idurl, inTime()))).toMatchObject({ code: 'WrongAudience' })
  expect(await failureOf(shares.grant('master', bob.idurl, inTime()))).toMatchObject({ code: 'Unauthorized' })
  expect(await failureOf(shares.grant('A$b', bob.idurl, inTime()))).toMatchObject({ code: 'PathUnsafe' })
  expect(await failureOf(shares.grant(share.alias, bob.idurl, { rights: [], ...inTime() }))).toMatchObject({
    code: 'Unauthorized',
  })
  const further = await failureOf(bob.shares.grant(share.keyId, alice.idurl, inTime()))
  expect(isShareError(further, 'WrongAudience') || isShareError(further, 'Unauthorized')).toBe(true)
})

test('T53 a member cannot give the share to others', async () => {
  const { world, alice, bob, share } = await aliceAndBob()
  const carol = await world.user('carol')
  await alice.shares.grant(share.keyId, bob.idurl, inTime())
  const error = await failureOf(bob.shares.grant(share.keyId, carol.idurl, inTime()))
  expect(error).toMatchObject({ code: 'Unauthorized' })
  // Carol was not even asked.
  expect(error).not.toHaveProperty('step')
  expect(carol.received).toEqual([])
})
