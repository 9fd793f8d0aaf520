import { generateRsaKey } from '@bitdust/crypto'
import { expect, test } from 'vitest'
import { aliceAndBob, createWorld, failureOf, inTime, type UserOptions } from './world.ts'

const encryptionKey = await generateRsaKey(2048)

/** The master key lives on another device. */
const enrolled: UserOptions['change'] = ({ self, ...options }) => ({
  ...options,
  self: { ...self, masterKey: null, encryptionKey },
})

const where = (doing: string) => ({
  code: 'Unauthorized',
  message: expect.stringContaining(`the master key is not on this device: ${doing} where it is`),
})

test('an enrolled device makes and gives no shares, and leaves no key behind', async () => {
  const { world, alice, bob, share } = await aliceAndBob()
  await alice.stop()
  const { shares, keyRing } = await world.user('alice', { as: alice, change: enrolled })
  expect(await failureOf(shares.create({ alias: 'group_abc', bits: 2048, ...inTime() }))).toMatchObject(
    where('make shares'),
  )
  expect(await keyRing.get({ alias: 'group_abc', creator: alice.ref.fingerprint })).toBeNull()
  expect(await failureOf(shares.grant(share.keyId, bob.idurl, inTime()))).toMatchObject(where('give shares to others'))
  // It lists them all the same.
  expect(await shares.list()).toMatchObject([{ keyId: share.keyId, mine: true }])
})

test('an enrolled device proves no master key, and accepts no share that is sealed to it', async () => {
  const world = await createWorld()
  const alice = await world.user('alice', { hires: true })
  const bob = await world.user('bob', { change: enrolled })
  const keyId = 'bob@id.example.com'
  expect(await alice.shares.audit(keyId, bob.idurl, inTime())).toBe(false)
  expect(await alice.shares.audit(keyId, bob.idurl, { part: 'public', ...inTime() })).toBe(true)
  const share = await alice.shares.create({ bits: 2048, ...inTime() })
  expect(await failureOf(alice.shares.grant(share.keyId, bob.idurl, inTime()))).toMatchObject({
    step: 'auditing-master',
  })
  expect(await bob.shares.list()).toEqual([])
})
