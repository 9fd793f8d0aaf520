import { importRsaPrivateKey, type RsaPrivateKey, randomBytes, utf8Encode } from '@bitdust/crypto'
import { type Grant, type GrantedKey, grantRecord, locationIdOf, sealGrantedKey } from '@bitdust/records'
import { flipBits, testKeys } from '@bitdust/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { verifyGrant } from '../src/acceptance/open-grant.ts'
import { withMember } from '../src/grant/member-line.ts'
import { MAX_KEYS_OF_ONE_OWNER, PACKETS_PER_MINUTE } from '../src/limits.ts'
import { filesRequest, keyRequest } from '../src/protocol/messages.ts'
import { createWorld, failureOf, inTime, keyFilesOf, type Person, type User, until } from './world.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ALIAS = 'group_abc'

let shareKey: RsaPrivateKey
let otherKey: RsaPrivateKey

beforeAll(async () => {
  shareKey = await importRsaPrivateKey(testKeys[3072][0])
  otherKey = await importRsaPrivateKey(testKeys[3072][1])
})

interface Forgery {
  readonly owner: Person
  readonly member: Person
  readonly key?: RsaPrivateKey
  readonly body?: Partial<Grant>
  readonly sealed?: Uint8Array
  readonly granted?: Partial<GrantedKey>
}

/** A grant as its owner would make it, but for what the test changes. */
async function grantOf({ owner, member, key = shareKey, body = {}, sealed, granted = {} }: Forgery) {
  const { fingerprint } = owner.ref
  const alias = body.alias ?? ALIAS
  const place = {
    owner: fingerprint,
    location: locationIdOf(fingerprint, alias),
    generation: body.generation ?? 1,
    member: member.ref.fingerprint,
  }
  const content = { privateKey: await key.exportPkcs8(), label: 'Holiday', secret: null, ...granted }
  const record = await grantRecord.sign(
    {
      ...place,
      ownerIdurl: owner.idurl,
      alias,
      rights: ['read'],
      family: 1,
      nonce: randomBytes(16),
      created: Date.now(),
      sealed: sealed ?? (await sealGrantedKey(member.masterKey.publicKey, place, content)),
      ...body,
    },
    owner.masterKey,
  )
  return record.bytes
}

function send(from: User, to: Person, command: string, payload: Uint8Array) {
  return from.transport.request(to.ref, { command, owner: from.ref.fingerprint, payload }, inTime())
}

function sendGrant(from: User, to: Person, grant: Uint8Array) {
  return send(from, to, 'Key', keyRequest.encode({ grant, family: new Uint8Array() }))
}

/** Bob, who is sent grants, and two who send them. Nobody has suppliers. */
async function threeUsers() {
  const world = await createWorld()
  const [alice, bob, mallory] = [await world.user('alice'), await world.user('bob'), await world.user('mallory')]
  return { world, alice, bob, mallory }
}

describe('T51', () => {
  test('T51 a grant with another key for a key that is held: KeyConflict, and nothing changes', async () => {
    const { alice, bob } = await threeUsers()
    await sendGrant(alice, bob, await grantOf({ owner: alice, member: bob }))
    const before = await keyFilesOf(bob)
    expect(Object.keys(before)).toHaveLength(1)
    const forged = await grantOf({ owner: alice, member: bob, key: otherKey })
    expect(await failureOf(sendGrant(alice, bob, forged))).toMatchObject({ code: 'KeyConflict' })
    expect(await keyFilesOf(bob)).toEqual(before)
    expect(await bob.shares.list()).toMatchObject([{ alias: ALIAS, state: 'opening' }])
  })

  test('T51 a grant brought by somebody who did not make the key, or for somebody else', async () => {
    const { alice, bob, mallory } = await threeUsers()
    const stolen = await grantOf({ owner: alice, member: bob })
    expect(await failureOf(sendGrant(mallory, bob, stolen))).toMatchObject({ code: 'KeyGrantInvalid' })
    const forAnother = await grantOf({ owner: alice, member: mallory })
    expect(await failureOf(sendGrant(alice, bob, forAnother))).toMatchObject({ code: 'WrongAudience' })
    expect(await keyFilesOf(bob)).toEqual({})
    expect(await bob.shares.list()).toEqual([])
  })

  test('T51 a grant in the name of an address that is not its maker’s', async () => {
    const { alice, bob, mallory } = await threeUsers()
    const forged = await grantOf({ owner: mallory, member: bob, body: { ownerIdurl: alice.idurl } })
    expect(await failureOf(sendGrant(mallory, bob, forged))).toMatchObject({ code: 'KeyGrantInvalid' })
    expect(await keyFilesOf(bob)).toEqual({})
  })

  test('T51 a grant counts once, and only while it is fresh', async () => {
    const { alice, bob } = await threeUsers()
    const grant = await grantOf({ owner: alice, member: bob })
    await sendGrant(alice, bob, grant)
    expect(await failureOf(sendGrant(alice, bob, grant))).toMatchObject({ code: 'ReplayDetected' })
    for (const created of [Date.now() - HOUR_MS - 60_000, Date.now() + HOUR_MS + 60_000]) {
      const stale = await grantOf({ owner: alice, member: bob, body: { created } })
      expect(await failureOf(sendGrant(alice, bob, stale))).toMatchObject({ code: 'KeyGrantInvalid' })
    }
    // The refused ones did not take the accepted one away.
    expect(await bob.shares.list()).toMatchObject([{ alias: ALIAS, state: 'opening' }])
  })

  test('T51 replays are seen after a restart too', async () => {
    const { world, alice, bob } = await threeUsers()
    const grant = await grantOf({ owner: alice, member: bob })
    await sendGrant(alice, bob, grant)
    await bob.stop()
    await world.user('bob', { as: bob })
    expect(await failureOf(sendGrant(alice, bob, grant))).toMatchObject({ code: 'ReplayDetected' })
  })

  test('T51 changed bits of a grant are refused', async () => {
    const world = await createWorld()
    const [alice, bob] = [await world.person('alice'), await world.user('bob')]
    const caller = { fingerprint: alice.ref.fingerprint, identity: alice.identity.document }
    const bytes = await grantOf({ owner: alice, member: bob })
    const options = {
      self: {
        ...bob.ref,
        idurl: () => bob.ref.idurl,
        masterPublicKey: bob.masterKey.publicKey,
        masterKey: bob.masterKey,
        encryptionKey: bob.masterKey,
      },
      identities: bob.resolver,
      caller,
      now: Date.now(),
      ...inTime(),
    }
    await expect(verifyGrant(bytes, options)).resolves.toMatchObject({ label: 'Holiday' })
    let count = 0
    for (const { bytes: changed } of flipBits(bytes)) {
      // A sample, closer at the beginning: most of a grant is ciphertext and signature.
      if (count++ % (count < 4000 ? 5 : 37) !== 0) continue
      const error = await failureOf(verifyGrant(changed, options))
      expect(error).toMatchObject({ name: 'ShareError', code: expect.stringMatching(/KeyGrantInvalid|WrongAudience/) })
    }
  })

  test('T51 what is sealed must be a key, sealed to us for this share', async () => {
    const { alice, bob } = await threeUsers()
    const place = { owner: alice.ref.fingerprint, generation: 1, member: bob.ref.fingerprint }
    const content = { privateKey: await shareKey.exportPkcs8(), label: '', secret: null }
    const elsewhere = { ...place, location: locationIdOf(alice.ref.fingerprint, 'another') }
    const forgeries = [
      { sealed: randomBytes(800) },
      { sealed: await sealGrantedKey(alice.masterKey.publicKey, { ...elsewhere }, content) },
      { sealed: await sealGrantedKey(bob.masterKey.publicKey, elsewhere, content) },
      { granted: { privateKey: utf8Encode('not a key') } },
      { body: { alias: 'master' } },
      { body: { alias: 'No Alias' } },
      { body: { rights: [] } },
    ]
    for (const forgery of forgeries) {
      const grant = await grantOf({ owner: alice, member: bob, ...forgery })
      expect(await failureOf(sendGrant(alice, bob, grant))).toMatchObject({ code: 'KeyGrantInvalid' })
    }
    expect(await keyFilesOf(bob)).toEqual({})
  })
})

describe('opening', () => {
  test('the key is acknowledged before the share is open', async () => {
    const world = await createWorld()
    const alice = await world.user('alice')
    const bob = await world.user('bob', {
      change: ({ locations, ...options }) => ({
        ...options,
        locations: { ...locations, adopt: () => new Promise(() => {}) },
      }),
    })
    await sendGrant(alice, bob, await grantOf({ owner: alice, member: bob }))
    expect(await bob.shares.list()).toMatchObject([{ alias: ALIAS, state: 'opening' }])
    expect((await bob.keyRing.get({ alias: ALIAS, creator: alice.ref.fingerprint }))?.privateKey).not.toBeNull()
  })

  test('a key that is not that of the share is given up', async () => {
    const world = await createWorld()
    const [alice, bob] = [await world.user('alice', { hires: true }), await world.user('bob')]
    const { location } = await alice.shares.create({ alias: ALIAS, bits: 2048, ...inTime() })
    const place = await alice.customer.locations.get(location)
    const line = { member: bob.ref.fingerprint, rights: ['read'] as const, generation: 1 }
    await alice.customer.locations.setMembers(place!, (lines) => withMember(lines, line), inTime())
    const family = (await place!.family(inTime())).bytes
    const grant = await grantOf({ owner: alice, member: bob })
    await send(alice, bob, 'Key', keyRequest.encode({ grant, family }))
    await until(() => bob.transitions.includes('share-acceptance: stored -> refused'))
    expect(await bob.shares.list()).toEqual([])
    expect(bob.received).toEqual([])
  })

  test('a share whose suppliers never let us in is given up at last', async () => {
    const { world, alice, bob } = await threeUsers()
    await sendGrant(alice, bob, await grantOf({ owner: alice, member: bob }))
    await bob.stop()
    const later = { now: () => Date.now() + 31 * DAY_MS }
    const again = await world.user('bob', {
      as: bob,
      change: ({ clock, ...options }) => ({ ...options, clock: { ...clock, ...later } }),
    })
    await until(() => again.transitions.includes('share-acceptance: stored -> refused'))
    expect(await again.shares.list()).toEqual([])
  })
})

describe('limits', () => {
  test('nobody sends more than his packets, and others do not suffer', async () => {
    const { alice, bob, mallory } = await threeUsers()
    for (let i = 0; i < PACKETS_PER_MINUTE; i++)
      expect(await failureOf(send(mallory, bob, 'Key', randomBytes(20)))).toMatchObject({ code: 'PacketMalformed' })
    expect(await failureOf(send(mallory, bob, 'Key', randomBytes(20)))).toMatchObject({
      code: 'RateLimited',
      retryable: true,
    })
    await sendGrant(alice, bob, await grantOf({ owner: alice, member: bob }))
    expect(await bob.shares.list()).toHaveLength(1)
  })

  test('an owner who gives too many keys is refused, but may bring one again', async () => {
    const { alice, bob } = await threeUsers()
    const creator = alice.ref.fingerprint
    for (let i = 0; i < MAX_KEYS_OF_ONE_OWNER; i++)
      await bob.keyRing.add(shareKey.publicKey, { alias: `key${i}`, creator })
    const oneMore = await grantOf({ owner: alice, member: bob })
    expect(await failureOf(sendGrant(alice, bob, oneMore))).toMatchObject({ code: 'LimitExceeded' })
    await sendGrant(alice, bob, await grantOf({ owner: alice, member: bob, body: { alias: 'key7' } }))
    expect((await bob.keyRing.get({ alias: 'key7', creator }))?.privateKey).not.toBeNull()
  })

  test('a list of files is taken from the owner of a share that we have', async () => {
    const { alice, bob, mallory } = await threeUsers()
    const list = filesRequest.encode({ alias: ALIAS, files: [], complete: true })
    expect(await failureOf(send(alice, bob, 'Files', list))).toMatchObject({ code: 'Unauthorized' })
    await sendGrant(alice, bob, await grantOf({ owner: alice, member: bob }))
    expect(await failureOf(send(mallory, bob, 'Files', list))).toMatchObject({ code: 'Unauthorized' })
    await send(alice, bob, 'Files', list)
    expect(bob.files).toMatchObject([{ keyId: `${ALIAS}$alice@id.example.com`, files: [] }])
  })
})
