import type { RsaPrivateKey } from '@bitdust/crypto'
import { headerRecord, type JournalEntry, journalEntryRecord, type MemberLine, openPayload } from '@bitdust/records'
import { describe, expect, it } from 'vitest'
import type { Location, RestoredKey } from '../src/locations/types.ts'
import { customerOf, type RunningCustomer, storing } from './customers.ts'
import { enrol, entryBehind, given, lastEntry, newDevice, pathsOf, sendTo, textAt } from './devices.ts'
import { meddled } from './lies.ts'
import type { TestNetwork } from './network.ts'
import { inTime, shareKey } from './setup.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

/** The header that each supplier has; null: none. */
async function generationsAt(network: TestNetwork, { id, owner }: Location): Promise<readonly number[]> {
  return Promise.all(
    network.suppliers.map(async ({ books }) => {
      for await (const [key, bytes] of books.list({ prefix: 'record' }))
        if (key.includes(owner) && key.includes('header') && key.endsWith(id))
          return headerRecord.open(bytes).body.generations.length
      return 0
    }),
  )
}

/** All journal entries that any supplier has of a location, each once. */
async function storedEntries(network: TestNetwork, { id }: Location): Promise<readonly JournalEntry[]> {
  const found = new Map<string, JournalEntry>()
  for (const { books } of network.suppliers)
    for await (const [, bytes] of books.list({ prefix: 'entry' })) {
      const { body, hash } = journalEntryRecord.open(bytes)
      if (body.location === id) found.set(hash, body)
    }
  return [...found.values()]
}

/** A device of the owner that wrote something, was revoked, and of which the suppliers in `hear` know. */
async function revoked(hear: readonly number[]) {
  const { network, ...owner } = await storing(4)
  const laptop = await enrol(network, owner)
  const phone = await enrol(network, owner)
  await laptop.customer.put('old', utf8('written before'), inTime())
  const location = await owner.customer.locations.master(inTime())
  const theirs = await laptop.customer.locations.master(inTime())
  const stolen = { secret: theirs.secret(), last: await lastEntry(laptop, theirs) }
  await owner.customer.put('desktop', utf8('desktop'), inTime())

  const identity = await network.revoke(laptop.node)
  for (const position of hear) await network.suppliers[position]!.learn(identity)
  return { network, owner, laptop, phone, location, theirs, stolen }
}

describe('a revoked device', () => {
  it('T52 T22 writes nothing that counts: suppliers which heard of it refuse, readers ignore what the others took', async () => {
    const { network, owner, laptop, phone, location, stolen } = await revoked([0, 1, 2])
    const positions = owner.customer.family.current()!.body.positions
    const supplierAt = (position: number) => network.supplierOf(positions[position]!)
    const unaware = positions.findIndex(({ fingerprint }) => fingerprint === network.suppliers[3]!.self.fingerprint)
    const aware = positions.filter((_, position) => position !== unaware)
    supplierAt(unaware).down()
    const { generation, keys, unreached } = await owner.customer.locations.renew(
      location,
      { without: [given(laptop.node)] },
      inTime(),
    )
    expect({ generation, keys, unreached }).toEqual({ generation: 2, keys: [], unreached: [] })
    supplierAt(unaware).up()
    expect(await generationsAt(network, location)).toEqual([2, 2, 2, 1])

    const payload = await openPayload(stolen.secret, stolen.last.body)
    if (payload.kind !== 'put') throw new Error('a put was written')
    const evil = await entryBehind(laptop.node, stolen.last, stolen.secret, { ...payload, path: 'evil' })
    for (const peer of aware)
      await expect(sendTo(laptop.node, peer, evil)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
    await sendTo(laptop.node, positions[unaware]!, evil)
    const wipe = await entryBehind(laptop.node, evil, stolen.secret, { kind: 'delete', path: 'desktop' })
    await sendTo(laptop.node, positions[unaware]!, wipe)

    const fresh = await customerOf(await network.customer({ masterKey: owner.node.masterKey }))
    for (const reader of [owner, phone, fresh]) {
      expect(await pathsOf(reader)).toEqual(['desktop', 'old'])
      expect(await textAt(reader, 'old')).toBe('written before')
      expect(reader.problems.map(({ code, subject }) => [code, subject])).toEqual([
        ['KeyRevoked', evil.hash],
        ['KeyRevoked', wipe.hash],
      ])
    }
    // Who goes on writing names nothing of it.
    await phone.customer.put('new', utf8('new'), inTime())
    const { body } = await lastEntry(phone, location)
    expect(body.generation).toBe(2)
    expect(body.heads.map(({ hash }) => hash)).toContain(stolen.last.hash)
    expect(body.heads.map(({ hash }) => hash)).not.toContain(wipe.hash)

    // The new device showed it the newest identity.
    await expect(sendTo(laptop.node, positions[unaware]!, evil)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
    await owner.customer.repair.run(inTime())
    expect(await generationsAt(network, location)).toEqual([2, 2, 2, 2])
    expect(await pathsOf(owner)).toEqual(['desktop', 'new', 'old'])
  })

  it('T52 learns no new secret, not even from a supplier that still serves it', async () => {
    const { network, owner, laptop, location, theirs } = await revoked([])
    await owner.customer.locations.renew(location, { without: [given(laptop.node)] }, inTime())
    await owner.customer.put('secret', utf8('for the others'), inTime())
    expect(await generationsAt(network, location)).toEqual([2, 2, 2, 2])
    await expect(laptop.customer.put('x', utf8('x'), inTime())).rejects.toMatchObject({ code: 'KeyRevoked' })
    await expect(laptop.customer.locations.refresh(theirs, inTime())).rejects.toMatchObject({ code: 'KeyRevoked' })
    // What it could read it may have kept; of the rest it learns that it is there.
    expect(await pathsOf(laptop)).toEqual(['desktop', 'old'])
    expect(laptop.problems.map(({ code }) => code)).toContain('KeyRevoked')
    expect(theirs.generation).toBe(1)
    expect(() => theirs.secret(2)).toThrow(expect.objectContaining({ code: 'NotFound' }))
    const again = await customerOf(laptop.node)
    await expect(again.customer.put('x', utf8('x'), inTime())).rejects.toMatchObject({ code: 'KeyRevoked' })
  })

  it('keeps what few suppliers had taken from it before: the entry that is named is brought to enough of them', async () => {
    const { network, owner, laptop, location, stolen } = await revoked([])
    const positions = owner.customer.family.current()!.body.positions
    const payload = await openPayload(stolen.secret, stolen.last.body)
    if (payload.kind !== 'put') throw new Error('a put was written')
    const last = await entryBehind(laptop.node, stolen.last, stolen.secret, { ...payload, path: 'last' })
    await sendTo(laptop.node, positions[2]!, last)
    await owner.customer.locations.renew(location, { without: [given(laptop.node)] }, inTime())
    network.supplierOf(positions[2]!).down()
    const fresh = await customerOf(await network.customer({ masterKey: owner.node.masterKey }))
    expect(await pathsOf(fresh)).toEqual(['desktop', 'last', 'old'])
    expect(fresh.problems).toEqual([])
  })

  it('never comes back with the same device key; with another one it is enrolled as anybody', async () => {
    const { network, owner, laptop, location } = await revoked([0, 1, 2, 3])
    const { locations } = owner.customer
    await locations.renew(location, { without: [given(laptop.node)] }, inTime())
    await expect(locations.sealToDevice(location, given(laptop.node), inTime())).rejects.toMatchObject({
      code: 'KeyRevoked',
    })
    const again = await newDevice(network, owner.node, { encryptionKey: laptop.node.self.encryptionKey })
    await locations.sealToDevice(location, given(again), inTime())
    const running = await customerOf(again)
    expect(await pathsOf(running)).toEqual(['desktop', 'old'])
    await running.customer.put('again', utf8('again'), inTime())
    expect(await textAt(owner, 'again')).toBe('again')
  })

  it('is revoked in its shares too, which get another key', async () => {
    const { network, ...owner } = await storing(4)
    const { locations } = owner.customer
    const share = await locations.create({ alias: 'share_x', key: await shareKey(), label: 'X', ...inTime() })
    const laptop = await enrol(network, owner, [share])
    const phone = await enrol(network, owner, [share])
    for (const { customer } of [laptop, phone]) await customer.locations.restore(inTime())
    const told: RestoredKey[] = []
    phone.customer.events.addEventListener('key', ({ value }) => told.push(value))
    await owner.customer.put('x', utf8('x'), { location: share, ...inTime() })
    const { keys } = await locations.renew(share, { without: [given(laptop.node)] }, inTime())
    expect(keys.map(({ generation }) => generation)).toEqual([1, 2])
    expect(keys[0]?.key.publicKey.spki).not.toEqual(keys[1]?.key.publicKey.spki)
    expect(share.generation).toBe(2)

    const onPhone = (await phone.customer.locations.get(share.id))!
    await phone.customer.put('y', utf8('y'), { location: onPhone, ...inTime() })
    expect(told.map(({ alias, generation }) => [alias, generation])).toEqual([['share_x', 2]])
    expect(told[0]?.key.publicKey.spki).toEqual(keys[1]?.key.publicKey.spki)
    expect(await pathsOf(owner, share)).toEqual(['x', 'y'])
    // Idempotent for whoever holds the first key, as for a call that is made again after a crash.
    expect(await locations.create({ alias: 'share_x', key: await shareKey(), label: 'X', ...inTime() })).toBe(share)
  })
})

describe('a new generation', () => {
  it('is made once when it was interrupted, and nothing is written under a secret that could be lost', async () => {
    const { network, ...owner } = await storing(4)
    const laptop = await enrol(network, owner)
    await owner.customer.put('x', utf8('x'), inTime())
    const location = await owner.customer.locations.master(inTime())
    let taken = 0
    const half = Promise.withResolvers<void>()
    const failing = meddled(owner.node, (remotes) => ({
      async putRecord(peer, record, options) {
        if (record.kind !== 'header') return remotes.putRecord(peer, record, options)
        if (++taken > 2) {
          await half.promise
          throw new Error('gone')
        }
        const receipt = await remotes.putRecord(peer, record, options)
        if (taken === 4) half.resolve()
        return receipt
      },
    }))
    await owner.customer.stop()
    const crashing = await customerOf(failing)
    const change = { without: [given(laptop.node)] }
    const theirs = await crashing.customer.locations.master(inTime())
    await expect(crashing.customer.locations.renew(theirs, change, inTime())).rejects.toMatchObject({
      code: 'UploadIncomplete',
    })
    expect(theirs.generation).toBe(1)
    expect([...(await generationsAt(network, location))].sort()).toEqual([1, 1, 2, 2])
    await crashing.customer.stop()

    const restarted = await customerOf(owner.node)
    const reopened = await restarted.customer.locations.master(inTime())
    expect(reopened.generation).toBe(1)
    // Some suppliers have the newer header; a put finds it, and first brings it to enough of them.
    await restarted.customer.put('y', utf8('y'), inTime())
    expect(reopened.generation).toBe(2)
    expect((await generationsAt(network, location)).filter((count) => count === 2).length).toBeGreaterThanOrEqual(3)
    expect(await restarted.customer.locations.renew(reopened, change, inTime())).toMatchObject({ generation: 2 })
    expect(reopened.generation).toBe(2)
    expect(await pathsOf(restarted)).toEqual(['x', 'y'])
  })

  it('is what a put is written under that was on its way meanwhile', async () => {
    const { network, ...owner } = await storing(4)
    const phone = await enrol(network, owner)
    await phone.customer.put('x', utf8('x'), inTime())
    await phone.customer.stop()
    const renewed = Promise.withResolvers<void>()
    const composed = Promise.withResolvers<void>()
    const slow = meddled(phone.node, (remotes) => ({
      async appendJournal(...entries) {
        composed.resolve()
        await renewed.promise
        return remotes.appendJournal(...entries)
      },
    }))
    const clock = {
      ...phone.node.clock,
      sleep: (ms: number, signal?: AbortSignal) => phone.node.clock.sleep(ms / 100, signal),
    }
    const { customer: other, problems } = await customerOf({ ...slow, clock })
    const location = await owner.customer.locations.master(inTime())
    const put = other.put('y', utf8('y'), inTime())
    await composed.promise
    await owner.customer.locations.renew(location, { without: [] }, inTime())
    renewed.resolve()
    expect(await put).toMatchObject({ state: 'complete' })
    const generations = (await storedEntries(network, location)).map(({ generation }) => generation)
    expect(generations).toEqual([1, 2])
    expect(problems).toEqual([])
    expect(await pathsOf(owner)).toEqual(['x', 'y'])
  })

  it('is what an entry is written under that reached nobody before', async () => {
    const { network, ...owner } = await storing(4)
    const phone = await enrol(network, owner)
    const location = await owner.customer.locations.master(inTime())
    await pathsOf(phone)
    await phone.customer.stop()
    let works = false
    const broken = meddled(phone.node, (remotes) => ({
      async appendJournal(...entries) {
        if (!works) throw new Error('gone')
        return remotes.appendJournal(...entries)
      },
    }))
    const { customer: other } = await customerOf(broken)
    await expect(other.put('x', utf8('x'), inTime())).rejects.toMatchObject({ code: 'UploadIncomplete' })
    await owner.customer.locations.renew(location, { without: [] }, inTime())
    works = true
    await other.put('y', utf8('y'), inTime())
    expect((await storedEntries(network, location)).map(({ generation }) => generation)).toEqual([2, 2])
    expect(await pathsOf(owner)).toEqual(['x', 'y'])
  })

  it('is not what a put is written under that some supplier had already, and that is told', async () => {
    const { network, ...owner } = await storing(4)
    const phone = await enrol(network, owner)
    const location = await owner.customer.locations.master(inTime())
    await pathsOf(phone)
    await phone.customer.stop()
    const renewed = Promise.withResolvers<void>()
    const one = Promise.withResolvers<void>()
    let first: string | undefined
    const slow = meddled(phone.node, (remotes) => ({
      async appendJournal(peer, ...entries) {
        first ??= peer.peerId
        if (peer.peerId !== first) await renewed.promise
        const receipt = await remotes.appendJournal(peer, ...entries)
        if (peer.peerId === first) one.resolve()
        return receipt
      },
    }))
    const { customer: other, problems } = await customerOf(slow)
    const put = other.put('y', utf8('y'), inTime())
    await one.promise
    await owner.customer.locations.renew(location, { without: [] }, inTime())
    renewed.resolve()
    await put
    expect(problems).toMatchObject([{ code: 'KeyRevoked', message: expect.stringContaining('was under way') }])
    expect((await storedEntries(network, location)).map(({ generation }) => generation)).toEqual([1])
    expect(await pathsOf(owner)).toEqual(['y'])
    await other.put('z', utf8('z'), inTime())
    expect((await storedEntries(network, location)).map(({ generation }) => generation).sort()).toEqual([1, 2])
  })

  it('is taken over by all devices and writers while they write', async () => {
    const { network, ...owner } = await storing(4)
    const phone = await enrol(network, owner)
    const tablet = await enrol(network, owner)
    const location = await owner.customer.locations.master(inTime())
    const devices = [owner, phone, tablet]
    const writing = devices.map(async ({ customer }, index) => {
      for (let i = 0; i < 4; i++) await customer.put(`${index}-${i}`, utf8(`${index}-${i}`), inTime())
    })
    for (let i = 0; i < 2; i++) await owner.customer.locations.renew(location, { without: [] }, inTime())
    await Promise.all(writing)
    for (const device of devices) {
      expect(await pathsOf(device)).toHaveLength(12)
      expect(await textAt(device, '2-3')).toBe('2-3')
    }
    // Nothing was acknowledged under an older key once the newest one was in force.
    await Promise.all(devices.map(({ customer }) => customer.put('after', utf8('after'), inTime())))
    const after = (await storedEntries(network, location)).filter(({ sequence }) => sequence === 4)
    expect(after.map(({ generation }) => generation)).toEqual([3, 3, 3])
  })
})

describe('members of a share that gets a new key', () => {
  interface Member extends RunningCustomer {
    readonly location: Location
  }

  async function sharing(count: number) {
    const { network, ...owner } = await storing(4)
    const key = await shareKey()
    const share = await owner.customer.locations.create({ alias: 'share_x', key, label: 'X', ...inTime() })
    const running = await Promise.all(Array.from({ length: count }, async () => customerOf(await network.customer())))
    await owner.customer.locations.setMembers(
      share,
      () => running.map(({ node }) => lineOf(node.self.fingerprint)),
      inTime(),
    )
    const adopted = await Promise.all(running.map((member) => adopt(owner, member, key, 1)))
    return { network, owner, share, key, members: adopted }
  }

  function lineOf(identity: RunningCustomer['node']['self']['fingerprint']): MemberLine {
    return { who: { identity }, rights: ['read', 'write'], budgetBytes: null, expires: null, generation: 1 }
  }

  async function adopt(owner: RunningCustomer, member: RunningCustomer, key: RsaPrivateKey, generation: number) {
    const share = { owner: owner.node.self.fingerprint, alias: 'share_x', key, generation, ...inTime() }
    const location = await member.customer.locations.adopt(share)
    return { ...member, location } satisfies Member
  }

  it('T52 read on when they remain, and are refused when they do not', async () => {
    const { network, owner, share, members } = await sharing(2)
    const [bob, eve] = members as [Member, Member]
    await bob.customer.put('bob', utf8('from bob'), { location: bob.location, ...inTime() })
    await eve.customer.put('eve', utf8('from eve'), { location: eve.location, ...inTime() })
    const stolen = { secret: eve.location.secret(), last: await lastEntry(eve, eve.location) }
    await owner.customer.locations.setMembers(share, (lines) => [lines[0]!], inTime())
    const { keys, unreached } = await owner.customer.locations.renew(share, { without: [] }, inTime())
    expect({ keys: keys.length, unreached }).toEqual({ keys: 2, unreached: [] })
    await owner.customer.put('new', utf8('for bob'), { location: share, ...inTime() })

    // He was away, and has nothing but the old key: the header has the new one for him.
    const told: RestoredKey[] = []
    bob.customer.events.addEventListener('key', ({ value }) => told.push(value))
    await bob.customer.put('bob2', utf8('bob again'), { location: bob.location, ...inTime() })
    expect(told.map(({ generation, owner: creator }) => [generation, creator])).toEqual([
      [2, owner.node.self.fingerprint],
    ])
    expect(await textAt(bob, 'new', bob.location)).toBe('for bob')
    expect(await textAt(bob, 'eve', bob.location)).toBe('from eve')
    expect(await pathsOf(owner, share)).toEqual(['bob', 'bob2', 'eve', 'new'])
    expect((await lastEntry(bob, bob.location)).body.generation).toBe(2)

    const refused = { code: 'KeyRevoked' }
    await expect(eve.customer.put('x', utf8('x'), { location: eve.location, ...inTime() })).rejects.toMatchObject(
      refused,
    )
    await expect(eve.customer.remove('eve', { location: eve.location, ...inTime() })).rejects.toMatchObject(refused)
    // She is shown nothing that is new.
    expect(await pathsOf(eve, eve.location)).toEqual(['bob', 'eve'])
    const evil = await entryBehind(eve.node, stolen.last, stolen.secret, { kind: 'delete', path: 'bob' })
    const positions = owner.customer.family.current()!.body.positions
    for (const peer of positions)
      await expect(sendTo(eve.node, peer, evil)).rejects.toMatchObject({ code: 'KeyRevoked' })
    expect(eve.location.generation).toBe(1)
    const entries = await storedEntries(network, share)
    for (const entry of entries.filter(({ generation }) => generation === 2))
      await expect(openPayload(stolen.secret, entry)).rejects.toMatchObject({ code: 'BlockAuthFailed' })
  })

  it('T52 may not write under the old key, whatever they still hold', async () => {
    const { owner, share, members } = await sharing(1)
    const [bob] = members as [Member]
    await bob.customer.put('bob', utf8('from bob'), { location: bob.location, ...inTime() })
    const secret = bob.location.secret()
    const last = await lastEntry(bob, bob.location)
    await owner.customer.locations.renew(share, { without: [] }, inTime())
    await bob.customer.sync({ location: bob.location, ...inTime() })
    expect(bob.location.generation).toBe(2)
    const late = await entryBehind(bob.node, last, secret, { kind: 'delete', path: 'bob' })
    for (const peer of owner.customer.family.current()!.body.positions)
      await expect(sendTo(bob.node, peer, late)).rejects.toMatchObject({ code: 'KeyRevoked' })
  })

  it('are named when their identity cannot be found, and lose nothing but the new key', async () => {
    const { owner, share, members, network } = await sharing(1)
    const [bob] = members as [Member]
    await owner.customer.stop()
    const blind = { ...owner.node, ownerKeys: { publicKey: () => Promise.reject(new Error('nowhere')) } }
    const other = await customerOf(blind)
    const theirs = (await other.customer.locations.get(share.id))!
    const { unreached, keys } = await other.customer.locations.renew(theirs, { without: [] }, inTime())
    expect(unreached).toEqual([bob.node.self.fingerprint])
    await other.customer.put('new', utf8('new'), { location: theirs, ...inTime() })
    expect(await pathsOf(bob, bob.location).catch(({ code }) => code)).toEqual(expect.anything())
    await adopt(owner, bob, keys.at(-1)!.key, 2)
    expect(await textAt(bob, 'new', bob.location)).toBe('new')
    expect(await generationsAt(network, share)).toEqual([2, 2, 2, 2])
  })

  it('read and write on their own enrolled devices', async () => {
    const { network, owner, share, key, members } = await sharing(1)
    const [bob] = members as [Member]
    await bob.customer.put('bob', utf8('from bob'), { location: bob.location, ...inTime() })
    // A device of his own, to which he gave the key of the share.
    const tablet = await customerOf(await newDevice(network, bob.node))
    const onTablet = await adopt(owner, tablet, key, 1)
    expect(await textAt(onTablet, 'bob', onTablet.location)).toBe('from bob')
    await tablet.customer.put('tablet', utf8('from his tablet'), { location: onTablet.location, ...inTime() })
    expect(await textAt(owner, 'tablet', share)).toBe('from his tablet')
    expect(await pathsOf(bob, bob.location)).toEqual(['bob', 'tablet'])
    const restarted = await customerOf(tablet.node)
    expect(await pathsOf(restarted, (await restarted.customer.locations.get(share.id))!)).toEqual(['bob', 'tablet'])

    // The owner knows nothing of it, so it waits for the new key until his other device gives it.
    const { keys } = await owner.customer.locations.renew(share, { without: [] }, inTime())
    const location = (await restarted.customer.locations.get(share.id))!
    await expect(restarted.customer.put('x', utf8('x'), { location, ...inTime() })).rejects.toMatchObject({
      code: 'KeyRevoked',
    })
    expect((await adopt(owner, restarted, keys.at(-1)!.key, 2)).location).toBe(location)
    await restarted.customer.put('x', utf8('x'), { location, ...inTime() })
    expect(await pathsOf(owner, share)).toEqual(['bob', 'tablet', 'x'])
  })
})
