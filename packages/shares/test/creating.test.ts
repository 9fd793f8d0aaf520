import { expect, test } from 'vitest'
import { isShareError } from '../src/index.ts'
import { aliceAndBob, createWorld, failureOf, inTime, placeOf } from './world.ts'

const BITS = 2048

test('takes alias and label, and goes on with the same key when it is repeated', async () => {
  const { alice } = await aliceAndBob()
  const random = await alice.shares.create({ bits: BITS, ...inTime() })
  expect(random.keyId).toMatch(/^share_[0-9a-f]{32}\$alice@id\.example\.com$/)
  expect(random).toMatchObject({ label: random.alias, mine: true, state: 'open', generation: 1, members: [] })
  expect(JSON.parse(JSON.stringify(random))).toEqual(random)
  const share = await alice.shares.create({ alias: 'group_abc', bits: BITS, ...inTime() })
  expect(share).toMatchObject({ keyId: 'group_abc$alice@id.example.com', alias: 'group_abc', label: 'group_abc' })
  expect(await alice.shares.create({ alias: 'group_abc', bits: BITS, ...inTime() })).toEqual(share)
  expect(await alice.shares.list()).toHaveLength(3)
})

test('without suppliers it fails, and the alias in the error goes on with the same key', async () => {
  const world = await createWorld()
  const alice = await world.user('alice')
  const error = await failureOf(alice.shares.create({ bits: BITS, ...inTime() }))
  expect(error).toMatchObject({ code: 'NotFound', subject: expect.stringMatching(/^share_/) })
  const alias = isShareError(error) ? error.subject! : ''
  const key = await alice.keyRing.get({ alias, creator: alice.ref.fingerprint })
  await alice.customer.family.hire({ count: 2, bytes: 1024 * 1024, ...inTime() })
  expect(await alice.shares.create({ alias, ...inTime() })).toMatchObject({ alias, state: 'open' })
  const location = await placeOf(alice, (await alice.shares.list())[0]!.location)
  expect(location.key?.publicKey.fingerprint).toBe(key?.publicKey.fingerprint)
})

test('refuses bad names', async () => {
  const { alice } = await aliceAndBob()
  const create = (alias: string, label?: string) =>
    failureOf(alice.shares.create({ alias, ...(label === undefined ? {} : { label }), ...inTime() }))
  expect(await create('../x')).toMatchObject({ code: 'PathUnsafe' })
  expect(await create('master')).toMatchObject({ code: 'KeyConflict' })
  expect(await create('fine', 'ö'.repeat(129))).toMatchObject({ code: 'LimitExceeded' })
  const { publicKey } = alice.masterKey
  await alice.keyRing.add(publicKey, { alias: 'half', creator: alice.ref.fingerprint })
  expect(await create('half')).toMatchObject({ code: 'KeyConflict', subject: 'half' })
})

test('the own IDURL may come from the resolver, and foreign names survive a restart', async () => {
  const world = await createWorld()
  const withoutIdurl = {
    change: ({ self: { idurl: _, ...self }, ...options }) => ({ ...options, self }),
  } satisfies Parameters<typeof world.user>[1]
  const alice = await world.user('alice', { hires: true, ...withoutIdurl })
  const bob = await world.user('bob')
  const share = await alice.shares.create({ bits: BITS, ...inTime() })
  expect(share.keyId).toBe(`${share.alias}$alice@id.example.com`)
  await alice.shares.grant(share.keyId, bob.idurl, inTime())
  await bob.stop()
  const again = await world.user('bob', { as: bob })
  expect(await again.shares.list()).toMatchObject([{ keyId: share.keyId, state: 'open' }])
})
