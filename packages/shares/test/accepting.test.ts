import { systemClock } from '@bitdust/machine'
import { expect, test } from 'vitest'
import { acceptancesOf, aliceAndBob, failureOf, inTime, until } from './world.ts'

test('a key is safe although the suppliers cannot be reached, and the next run opens the share', async () => {
  const { world, alice, bob, share } = await aliceAndBob()
  for (const supplier of world.suppliers) world.setLink(bob, supplier, { down: true })
  expect(await alice.shares.grant(share.keyId, bob.idurl, inTime())).toMatchObject({ opened: false })
  expect(await bob.shares.list()).toMatchObject([
    { keyId: share.keyId, label: 'Holiday', location: share.location, state: 'opening', mine: false },
  ])
  expect(bob.received).toEqual([])
  await bob.stop()
  expect(await acceptancesOf(bob)).toHaveLength(1)

  for (const supplier of world.suppliers) world.setLink(bob, supplier, {})
  const again = await world.user('bob', { as: bob })
  await until(() => again.received.length > 0)
  expect(again.received).toMatchObject([{ keyId: share.keyId, label: 'Holiday' }])
  expect(await again.shares.list()).toMatchObject([{ keyId: share.keyId, state: 'open' }])
  expect(await acceptancesOf(bob)).toEqual([])
})

test('goes on trying in the same run', async () => {
  const { world, alice, bob, share } = await aliceAndBob()
  for (const supplier of world.suppliers) world.setLink(bob, supplier, { down: true })
  await alice.shares.grant(share.keyId, bob.idurl, inTime())
  await alice.shares.grant(share.keyId, bob.idurl, inTime())
  expect(await bob.shares.list()).toHaveLength(1)
  for (const supplier of world.suppliers) world.setLink(bob, supplier, {})
  await until(() => bob.received.length > 0)
  // Of two grants for one key, the later one alone goes on.
  await systemClock.sleep(800)
  expect(bob.received).toHaveLength(1)
  expect(bob.transitions.filter((line) => line === 'share-acceptance: waiting -> stored')).toHaveLength(1)
})

test('a node that is not started, or stopped, says that it is busy', async () => {
  const { alice, bob, share } = await aliceAndBob()
  await bob.shares.stop()
  const error = await failureOf(alice.shares.grant(share.keyId, bob.idurl, inTime()))
  expect(error).toMatchObject({ code: 'Busy', step: 'auditing-master', retryable: true })
})
