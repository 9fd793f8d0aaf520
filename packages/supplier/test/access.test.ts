import { importRsaPrivateKey, randomBytes } from '@bitdust/crypto'
import { type AccessProof, accessProofRecord, type LocationId } from '@bitdust/records'
import { testKeys } from '@bitdust/testing'
import { describe, expect, test } from 'vitest'
import { challengeReply, proofRequest } from '../src/protocol/access.ts'
import { COMMANDS } from '../src/protocol/commands.ts'
import { locationRequest } from '../src/protocol/services.ts'
import {
  codeOf,
  DAY_MS,
  masterOf,
  sampleBlock,
  sampleContract,
  sampleEntry,
  sampleFamily,
  sampleMembers,
  shareOf,
} from './samples.ts'
import { aliceAndBob, nextShareKey, REFUSED, sendAs, shareKey, tryAll } from './share.ts'
import type { Person } from './world.ts'

type Net = Awaited<ReturnType<typeof aliceAndBob>>

describe('a stranger', () => {
  test('T21 gets nothing and changes nothing, whoever he says he acts for', async () => {
    const net = await aliceAndBob()
    const { alice, carl, supplier, customer, to } = net
    const block = await sampleBlock(alice, masterOf(alice))
    await alice.client.putFragments(to, { customer, ...block.at(0) })
    const usage = supplier.supplier.usage(customer)
    expect(await tryAll(carl, net, masterOf(alice), block)).toEqual(REFUSED)
    expect(await tryAll(carl, net, net.share, block)).toEqual(REFUSED)
    for (const command of ['data', 'retrieve', 'deleteFile', 'listFiles'] as const)
      expect([command, await sendAs(carl, customer, command, net, block)]).toEqual([command, 'NotFound'])
    expect(supplier.supplier.usage(customer)).toEqual(usage)
    const query = { customer, block: block.id, n: 2, position: 0, want: 'both' } as const
    expect(await alice.client.getFragment(to, query)).not.toBeNull()
  })

  test('is told the same of what exists and of what does not', async () => {
    const net = await aliceAndBob()
    const { alice, carl, customer, to, share } = net
    const block = await sampleBlock(alice, share)
    const ofNothing = await tryAll(carl, net, share, block)
    await alice.client.putFragments(to, { customer, ...block.at(0) })
    expect(await tryAll(carl, net, share, block)).toEqual(ofNothing)
    expect(await tryAll(carl, { to, customer: carl.ref.fingerprint }, masterOf(carl), block)).toEqual(ofNothing)
    for (const place of [
      { customer, location: share },
      { customer: carl.ref.fingerprint, location: masterOf(carl) },
    ])
      expect((await askNonce(carl, net, place)).proven).toBe(false)
  })
})

describe('a member who proves the key', () => {
  test('reads, writes, appends and listens; the rest stays with the owner', async () => {
    const net = await aliceAndBob()
    const { alice, bob, customer, to, share, proofs } = net
    const block = await sampleBlock(alice, share)
    await alice.client.putFragments(to, { customer, ...block.at(0) })
    const allowed = {
      put: 'done',
      get: 'given',
      list: 'done',
      append: 'done',
      heads: 'done',
      journal: 'done',
      subscribe: 'done',
    }
    expect(await tryAll(bob, net, share, block)).toEqual({ ...REFUSED, ...allowed, header: 'given', members: 'given' })
    expect(proofs.length).toBe(1)
  })

  test('T53 gets nothing of the master location or of another share, and changes no record', async () => {
    const net = await aliceAndBob()
    const { alice, bob, customer, to, clock, supplier, share, members } = net
    const block = await sampleBlock(alice, masterOf(alice))
    await alice.client.putFragments(to, { customer, ...block.at(0) })
    expect(await tryAll(bob, net, masterOf(alice), block)).toEqual(REFUSED)
    expect(await tryAll(bob, net, shareOf(alice, 'share_other'), block)).toEqual(REFUSED)
    const family = await sampleFamily(alice, supplier, 1)
    const list = await sampleMembers(alice, share, { revision: 2, previous: members.hash, keys: [], lines: [] })
    expect(await codeOf(bob.client.putRecord(to, { customer, kind: 'family', record: family.bytes }))).toBe('NotFound')
    expect(await codeOf(bob.client.putRecord(to, { customer, kind: 'members', record: list.bytes }))).toBe('NotFound')
    const contract = await sampleContract(alice, supplier, clock.now(), { bytes: 1 })
    expect(await codeOf(bob.client.requestContract(to, contract))).toBe('Unauthorized')
  })

  test('stores only what his own device sealed, and never replaces it', async () => {
    const { alice, bob, customer, to, share } = await aliceAndBob()
    for (const block of [
      await sampleBlock(alice, share),
      await sampleBlock(bob, share, { writer: alice.ref.fingerprint }),
      await sampleBlock(bob, share, { device: alice.deviceKey }),
      await sampleBlock(bob, share, { owner: bob.masterKey }),
    ])
      expect(await codeOf(bob.client.putFragments(to, { customer, ...block.at(0) }))).toBe('NotFound')
    const own = await sampleBlock(bob, share)
    await bob.client.putFragments(to, { customer, ...own.at(0) })
    const other = await sampleBlock(bob, share, { hash: own.hash })
    expect(other.id).toBe(own.id)
    expect(await codeOf(bob.client.putFragments(to, { customer, ...other.at(0) }))).toBe('RecordInvalid')
    const query = { customer, location: share, block: own.id, n: 2, position: 0, want: 'data' } as const
    expect((await bob.client.getFragment(to, query))?.data).toEqual(own.fragments[0])
    expect(await codeOf(alice.client.putFragments(to, { customer, ...other.at(0) }))).toBe('done')
    expect((await bob.client.getFragment(to, query))?.data).toEqual(other.fragments[0])
  })

  test('appends to the journal of his own device only', async () => {
    const { alice, bob, customer, to, share: location } = await aliceAndBob()
    const place = { customer, location }
    const ofAlice = await sampleEntry(alice, { location, sequence: 0, previous: null })
    expect(await codeOf(bob.client.appendJournal(to, { ...place, entries: [ofAlice.bytes] }))).toBe('Unauthorized')
    const first = await sampleEntry(bob, { owner: customer, location, sequence: 0, previous: null })
    expect(await codeOf(bob.client.appendJournal(to, { ...place, entries: [first.bytes] }))).toBe('done')
    // The owner copies what members wrote.
    const second = await sampleEntry(bob, { owner: customer, location, sequence: 1, previous: first.hash })
    expect(await codeOf(alice.client.appendJournal(to, { ...place, entries: [first.bytes, second.bytes] }))).toBe(
      'done',
    )
  })

  test('has what his line gives, until it expires', async () => {
    const line = { rights: ['read'], expires: Date.UTC(2026, 0, 2) } as const
    const net = await aliceAndBob({ line })
    const { alice, bob, customer, to, share, clock } = net
    const block = await sampleBlock(alice, share)
    const told = await tryAll(bob, net, share, block)
    expect(told).toMatchObject({ put: 'NotFound', append: 'NotFound', list: 'done', heads: 'done' })
    await clock.advance(DAY_MS)
    expect(await codeOf(bob.client.journalHeads(to, { customer, location: share }))).toBe('NotFound')
    expect(await bob.client.getRecord(to, { customer, location: share, kind: 'header' })).toBeNull()
  })

  test('may be any holder of the key, who then does not get the header', async () => {
    const net = await aliceAndBob({ line: { who: { holderOf: 1 } } })
    const { alice, bob, customer, to, share } = net
    const block = await sampleBlock(alice, share)
    await alice.client.putFragments(to, { customer, ...block.at(0) })
    const told = await tryAll(bob, net, share, block)
    expect(told).toMatchObject({ put: 'done', get: 'given', header: 'none', members: 'given' })
  })

  test('writes within the budget of his line, which survives a restart', async () => {
    const { alice, bob, customer, to, share, supplier } = await aliceAndBob({ line: { budgetBytes: 20_000 } })
    const [first, second] = [
      await sampleBlock(bob, share, { fragmentBytes: 4000 }),
      await sampleBlock(bob, share, { fragmentBytes: 4000 }),
    ]
    expect(await codeOf(bob.client.putFragments(to, { customer, ...first.at(0) }))).toBe('done')
    expect(await codeOf(bob.client.putFragments(to, { customer, ...second.at(0) }))).toBe('QuotaExceeded')
    expect(supplier.supplier.usage(customer)).toMatchObject({ files: 1, reserved: 0 })
    await supplier.supplier.stop()
    await supplier.supplier.start()
    expect(await codeOf(bob.client.putFragments(to, { customer, ...second.at(0) }))).toBe('QuotaExceeded')
    expect(await codeOf(alice.client.putFragments(to, { customer, ...second.at(0) }))).toBe('done')
  })

  test('T52 is out as soon as the list says so, also on a connection with a proof', async () => {
    const { alice, bob, customer, to, share, members, header } = await aliceAndBob()
    const place = { customer, location: share }
    await bob.client.journalHeads(to, place)
    const keys = [shareKey, nextShareKey]
    const second = await sampleMembers(alice, share, {
      revision: 2,
      previous: members.hash,
      keys,
      lines: [{ who: { identity: bob.ref.fingerprint }, generation: 2 }],
    })
    // His line goes on with the next key, which he has not proved. The header, with that key, is still for him.
    await alice.client.putRecord(to, { customer, kind: 'members', record: second.bytes })
    expect(await codeOf(bob.client.journalHeads(to, place))).toBe('KeyRevoked')
    expect(await bob.client.getRecord(to, { ...place, kind: 'header' })).toEqual(header.bytes)
    const third = await sampleMembers(alice, share, { revision: 3, previous: second.hash, keys, lines: [] })
    await alice.client.putRecord(to, { customer, kind: 'members', record: third.bytes })
    const block = await sampleBlock(bob, share)
    expect(await codeOf(bob.client.putFragments(to, { customer, ...block.at(0) }))).toBe('KeyRevoked')
    expect(await bob.client.getRecord(to, { ...place, kind: 'header' })).toBeNull()
    expect(await alice.client.getRecord(to, { ...place, kind: 'header' })).toEqual(header.bytes)
  })
})

describe('a proof', () => {
  test('T48 of another key opens nothing', async () => {
    const net = await aliceAndBob({ key: await importRsaPrivateKey(testKeys[2048][5]) })
    const block = await sampleBlock(net.alice, net.share)
    // The header is for whoever is named, with or without the key.
    expect(await tryAll(net.bob, net, net.share, block)).toEqual({ ...REFUSED, header: 'given', members: 'given' })
  })

  test('T48 that was captured is void, on another connection and a second time on its own', async () => {
    const net = await aliceAndBob()
    const { alice, bob, carl, customer, to, share, proofs } = net
    await bob.client.journalHeads(to, { customer, location: share })
    for (const who of [carl, bob, alice]) expect(await showProof(who, net, proofs[0]!)).toBe('ReplayDetected')
    expect(await codeOf(carl.client.journalHeads(to, { customer, location: share }))).toBe('NotFound')
  })

  test('T48 counts within a minute after its nonce', async () => {
    const net = await aliceAndBob()
    expect(await prove(net, { waitMs: 59_999 })).toBe('done')
    expect(await prove(net, { waitMs: 60_000 })).toBe('ReplayDetected')
    expect(await prove(net, { change: { nonce: randomBytes(32) } })).toBe('ReplayDetected')
  })

  test('T48 counts for the location that its nonce was asked for', async () => {
    const net = await aliceAndBob()
    expect(await prove(net, { askedFor: masterOf(net.alice) })).toBe('ReplayDetected')
    expect(await prove(net, { askedFor: net.share })).toBe('done')
  })

  test('T48 names this supplier, this member, this location and a generation that exists', async () => {
    const net = await aliceAndBob()
    const { carl, alice } = net
    for (const change of [
      { supplier: carl.ref.fingerprint },
      { supplierPeer: carl.ref.peerId },
      { member: carl.ref.fingerprint },
      { memberPeer: carl.ref.peerId },
      { location: masterOf(alice) },
      { generation: 2 },
    ])
      expect([change, await prove(net, { change })]).toEqual([change, 'NotFound'])
    expect(await prove(net, {})).toBe('done')
  })

  test('is made once for each connection, however much is asked at a time', async () => {
    const { alice, bob, supplier, customer, to, share, proofs } = await aliceAndBob()
    const block = await sampleBlock(alice, share)
    await alice.client.putFragments(to, { customer, ...block.at(0) })
    const query = { customer, location: share, block: block.id, n: 2, position: 0, want: 'both' } as const
    for (const connection of [1, 2, 3]) {
      const all = await Promise.all([1, 2, 3, 4].map(() => bob.client.getFragment(to, query)))
      expect(all.every((found) => found !== null)).toBe(true)
      // What is really not there costs no further proof.
      const absent = { ...query, block: (await sampleBlock(alice, share)).id }
      expect(await bob.client.getFragment(to, absent)).toBeNull()
      expect(proofs.length).toBe(connection)
      await bob.transport.disconnect(to.fingerprint)
      await supplier.transport.disconnect(bob.ref.fingerprint)
    }
  })
})

/**
 * What a study of the original's packet filter recommends: only the signer counts, never the OwnerID of the packet, and
 * whoever is not the owner needs a proof of the share key.
 */
test('access rules: who may store, fetch and delete a file', async () => {
  const net = await aliceAndBob()
  const { alice, bob, carl, customer, to, share, clock } = net
  await bob.client.journalHeads(to, { customer, location: share })
  const people = [alice, bob, carl]
  const cases = (['data', 'retrieve', 'deleteFile'] as const).flatMap((command) =>
    people.flatMap((signer) =>
      people.flatMap((owner) => [share, masterOf(alice)].map((location) => ({ command, signer, owner, location }))),
    ),
  )
  const blocks = await Promise.all(
    cases.map(({ command, signer, location }) =>
      sampleBlock(command === 'data' ? signer : alice, location, { fragmentBytes: 10 }),
    ),
  )
  for (const [i, { command }] of cases.entries())
    if (command !== 'data') await alice.client.putFragments(to, { customer, ...blocks[i]!.at(0) })
  await clock.advance(8 * DAY_MS)
  for (const [i, { command, signer, owner, location }] of cases.entries()) {
    const isMember = signer === bob && location === share && command !== 'deleteFile'
    const expected = signer === alice || isMember ? 'done' : 'NotFound'
    const name = [command, signer.name, owner.name, location === share ? 'share' : 'master']
    expect([...name, await sendAs(signer, owner.ref.fingerprint, command, net, blocks[i]!)]).toEqual([
      ...name,
      expected,
    ])
  }
})

async function askNonce(who: Person, { to }: Pick<Net, 'to'>, place: Parameters<typeof locationRequest.encode>[0]) {
  const packet = { command: COMMANDS.accessNonce, owner: place.customer, payload: locationRequest.encode(place) }
  return challengeReply.decode((await who.transport.request(to, packet)).payload, 1000)
}

function showProof(who: Person, { to, customer, share }: Net, proof: Uint8Array): Promise<string> {
  const payload = proofRequest.encode({ customer, location: share, proof })
  return codeOf(who.transport.request(to, { command: COMMANDS.auditKey, owner: customer, payload }))
}

interface ProofOptions {
  /** Time between the nonce and the proof. */
  readonly waitMs?: number
  /** Location named when the nonce is asked for. @default the share */
  readonly askedFor?: LocationId
  /** Of the proof. */
  readonly change?: Partial<AccessProof>
}

/** Bob proves the key by hand. */
async function prove(net: Net, { waitMs = 0, askedFor = net.share, change = {} }: ProofOptions): Promise<string> {
  const { bob, customer, to, share, clock } = net
  const { nonce } = await askNonce(bob, net, { customer, location: askedFor })
  await clock.advance(waitMs)
  const parties = {
    supplier: to.fingerprint,
    supplierPeer: to.peerId,
    member: bob.ref.fingerprint,
    memberPeer: bob.ref.peerId,
  }
  const body = { ...parties, location: share, generation: 1, nonce, ...change }
  return showProof(bob, net, (await accessProofRecord.sign(body, shareKey)).bytes)
}
