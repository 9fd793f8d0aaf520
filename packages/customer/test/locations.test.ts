import { setTimeout as pause } from 'node:timers/promises'
import { importRsaPrivateKey } from '@bitdust/crypto'
import {
  headerRecord,
  type LocationId,
  locationIdOf,
  type MemberLine,
  membersRecord,
  parseHash,
} from '@bitdust/records'
import { testKeys } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { describe, expect, it } from 'vitest'
import { createLocations } from '../src/locations/locations.ts'
import type { RemoteSuppliers } from '../src/ports.ts'
import type { TestCustomer } from './network.ts'
import { familyOf, hired, inTime, journalEnds, locationsOf, until } from './setup.ts'

const shareKey = () => importRsaPrivateKey(testKeys[2048].at(-1)!)
const otherKey = () => importRsaPrivateKey(testKeys[2048].at(-2)!)

function lineFor(member: TestCustomer, rights: MemberLine['rights'] = ['read', 'write']): MemberLine {
  return { who: { identity: member.self.fingerprint }, rights, budgetBytes: null, expires: null, generation: 1 }
}

describe('the master location', () => {
  it('is made once, at H suppliers at least, and is the same ever after', async () => {
    const { network, customer, family } = await hired(4)
    network.supplierOf(family.current()!.body.positions[0]!).down()
    const locations = locationsOf(customer, family)
    const [master, twin] = await Promise.all([locations.master(inTime()), locations.master(inTime())])
    expect(twin).toBe(master)
    expect(master).toMatchObject({
      id: locationIdOf(customer.self.fingerprint, 'master'),
      owner: customer.self.fingerprint,
      alias: 'master',
      mine: true,
      generation: 1,
    })
    expect(master.key).toBe(customer.masterKey)
    expect(master.secret()).toHaveLength(32)
    expect(master.mayWrite(customer.self.fingerprint)).toBe(true)
    expect(master.mayWrite(network.suppliers[0]!.self.fingerprint)).toBe(false)
    const headers = await Promise.all(
      family
        .current()!
        .body.positions.slice(1)
        .map((peer) =>
          customer.remotes.getRecord(
            peer,
            { customer: customer.self.fingerprint, kind: 'header', location: master.id },
            inTime(),
          ),
        ),
    )
    expect(headers.filter((header) => header !== null)).toHaveLength(3)

    const restarted = locationsOf(customer, family)
    expect((await restarted.master(inTime())).secret()).toEqual(master.secret())
    expect((await restarted.list()).map(({ alias }) => alias)).toEqual(['master'])
  })

  it('is found again on a fresh device, never made anew', async () => {
    const { network, customer, family } = await hired(4)
    const master = await locationsOf(customer, family).master(inTime())
    const fresh = await network.customer({ masterKey: customer.masterKey })
    const again = locationsOf(fresh, await familyOf(fresh))
    expect((await again.master(inTime())).secret()).toEqual(master.secret())
  })

  it('is not made while too few suppliers can tell whether there is one', async () => {
    const { network, customer, family } = await hired(4)
    const { positions } = family.current()!.body
    for (const peer of positions.slice(1)) network.supplierOf(peer).down()
    const locations = locationsOf(customer, family)
    await expect(locations.master(inTime())).rejects.toMatchObject({ code: 'Timeout', retryable: true })
    network.supplierOf(positions[1]!).up()
    await expect(locations.master(inTime())).rejects.toMatchObject({ code: 'UploadIncomplete', need: 3 })
    const id = locationIdOf(customer.self.fingerprint, 'master')
    expect(await customer.store.get(`sent-header/${id}`)).not.toBeNull()
    for (const peer of positions) network.supplierOf(peer).up()
    // The header of the failed attempt is used: another one of the same revision would be refused by whoever has it.
    expect((await locations.master(inTime())).secret()).toHaveLength(32)
  })

  it('T33 is opened with the newest header that verifies, whatever single suppliers say', async () => {
    const { network, customer, family } = await hired(4)
    const locations = locationsOf(customer, family)
    const master = await locations.master(inTime())
    const share = await locations.create({ alias: 'share_cats', key: await shareKey(), label: 'Cats', ...inTime() })
    const { positions } = family.current()!.body
    const read = async (location: LocationId) => {
      const query = { customer: customer.self.fingerprint, kind: 'header', location } as const
      return (await customer.remotes.getRecord(positions[3]!, query, inTime()))!
    }
    const { body } = headerRecord.open(await read(master.id))
    const forged = await headerRecord.sign(
      { ...body, revision: 2, previous: parseHash('0'.repeat(64)) },
      customer.masterKey,
    )
    forged.bytes[forged.bytes.length - 1]! ^= 1
    const lies = [await read(share.id), forged.bytes, new Uint8Array(10)]
    const fresh = await network.customer({ masterKey: customer.masterKey })
    const remotes: RemoteSuppliers = {
      ...fresh.remotes,
      async getRecord(to, query, options) {
        const lie = lies[positions.findIndex(({ fingerprint }) => fingerprint === to.fingerprint)]
        return query.kind === 'header' && lie !== undefined ? lie : fresh.remotes.getRecord(to, query, options)
      },
    }
    const again = createLocations({ ...fresh, remotes, family: await familyOf(fresh), journalEnds })
    expect((await again.master(inTime())).secret()).toEqual(master.secret())
  })

  it('needs suppliers', async () => {
    const { network } = await hired(2)
    const stranger = await network.customer()
    const locations = locationsOf(stranger, await familyOf(stranger))
    await expect(locations.master(inTime())).rejects.toMatchObject({ code: 'NotFound' })
  })

  it('T35 is rebuilt from the suppliers when the own store is garbage', async () => {
    const { customer, family } = await hired(4)
    const master = await locationsOf(customer, family).master(inTime())
    const garbage = new Uint8Array(100).fill(7)
    const store = memoryKeyValueStore()
    for await (const [key] of customer.store.list({ prefix: '' })) await store.batch([{ put: key, value: garbage }])
    const again = locationsOf({ ...customer, store }, family)
    expect((await again.master(inTime())).secret()).toEqual(master.secret())
  })
})

describe('shares', () => {
  it('are made with a key and an empty member list', async () => {
    const { network, customer, family } = await hired(4)
    const locations = locationsOf(customer, family)
    const key = await shareKey()
    const share = await locations.create({ alias: 'share_cats', key, label: 'Cats', ...inTime() })
    expect(share).toMatchObject({ alias: 'share_cats', label: 'Cats', mine: true, generation: 1 })
    expect(share.key?.publicKey.fingerprint).toBe(key.publicKey.fingerprint)
    expect(await locations.members(share)).toEqual([])
    expect(await locations.create({ alias: 'share_cats', key, label: 'Cats', ...inTime() })).toBe(share)
    await expect(
      locations.create({ alias: 'share_cats', key: await otherKey(), label: 'Cats', ...inTime() }),
    ).rejects.toMatchObject({ code: 'KeyConflict' })
    // Not even from a device that has not heard of it.
    const second = await network.customer({ masterKey: customer.masterKey })
    const elsewhere = locationsOf(second, await familyOf(second))
    await expect(
      elsewhere.create({ alias: 'share_cats', key: await otherKey(), label: 'Cats', ...inTime() }),
    ).rejects.toMatchObject({ code: 'KeyConflict' })
    await expect(locations.create({ alias: 'master', key, label: '', ...inTime() })).rejects.toMatchObject({
      code: 'KeyConflict',
    })
    await expect(locations.create({ alias: '../x', key, label: '', ...inTime() })).rejects.toMatchObject({
      code: 'PathUnsafe',
    })
  })

  it('T36 come back with the master key alone, keys included', async () => {
    const { network, customer, family } = await hired(4)
    const locations = locationsOf(customer, family)
    const key = await shareKey()
    const master = await locations.master(inTime())
    const share = await locations.create({ alias: 'share_cats', key, label: 'Cats', ...inTime() })
    network.supplierOf(family.current()!.body.positions[2]!).down()
    const fresh = await network.customer({ masterKey: customer.masterKey })
    const again = locationsOf(fresh, await familyOf(fresh))
    const restored = await again.restore(inTime())
    expect(restored).toMatchObject([{ location: share.id, alias: 'share_cats', label: 'Cats', generation: 1 }])
    expect(await restored[0]?.key.exportPkcs8()).toEqual(await key.exportPkcs8())
    expect((await again.get(share.id))?.secret()).toEqual(share.secret())
    expect((await again.master(inTime())).secret()).toEqual(master.secret())
    expect(await again.restore(inTime())).toHaveLength(1)
  })

  it('T36 says so when too few suppliers can be asked what there is', async () => {
    const { network, customer, family } = await hired(4)
    await locationsOf(customer, family).master(inTime())
    for (const peer of family.current()!.body.positions.slice(1)) network.supplierOf(peer).down()
    const fresh = await network.customer({ masterKey: customer.masterKey })
    const again = locationsOf(fresh, await familyOf(fresh))
    await expect(again.restore(inTime())).rejects.toMatchObject({ code: 'Timeout', have: 1, need: 2, retryable: true })
  })

  it('are open to whoever was given the key and stands in the member list', async () => {
    const { network, customer, family } = await hired(4)
    const locations = locationsOf(customer, family)
    const key = await shareKey()
    const share = await locations.create({ alias: 'share_cats', key, label: 'Cats', ...inTime() })
    const bob = await network.customer()
    const theirs = locationsOf(bob, await familyOf(bob))
    const given = { owner: customer.self.fingerprint, alias: 'share_cats', key, generation: 1, ...inTime() }
    // He has the key, and the owner did not let him in: for him nothing exists.
    await expect(theirs.adopt(given)).rejects.toMatchObject({ code: 'NotFound', retryable: true })

    await locations.setMembers(share, (lines) => [...lines, lineFor(bob)], inTime())
    expect(share.mayWrite(bob.self.fingerprint)).toBe(true)
    const adopted = await theirs.adopt(given)
    expect(adopted).toMatchObject({ id: share.id, mine: false, alias: 'share_cats', label: 'share_cats' })
    expect(adopted.secret()).toEqual(share.secret())
    expect(adopted.ownerKey.fingerprint).toBe(customer.self.fingerprint)
    expect((await adopted.family(inTime())).hash).toBe(family.current()?.hash)
    expect(await theirs.members(adopted)).toEqual([lineFor(bob)])
    expect(adopted.mayWrite(bob.self.fingerprint)).toBe(true)
    expect(adopted.mayWrite(customer.self.fingerprint)).toBe(true)
    // The proof of the key opens journals and files as well.
    const query = { customer: customer.self.fingerprint, location: share.id }
    expect(await bob.remotes.journalHeads(family.current()!.body.positions[0]!, query, inTime())).toEqual([])

    expect(await theirs.adopt(given)).toBe(adopted)
    await expect(theirs.adopt({ ...given, key: await otherKey() })).rejects.toMatchObject({ code: 'KeyConflict' })
    await expect(theirs.setMembers(adopted, () => [], inTime())).rejects.toMatchObject({ code: 'Unauthorized' })

    const restarted = locationsOf(bob, await familyOf(bob))
    const reopened = await restarted.get(share.id)
    expect(reopened?.secret()).toEqual(share.secret())
    expect(reopened?.key?.publicKey.fingerprint).toBe(key.publicKey.fingerprint)
  })

  it('refuse a key that is not theirs', async () => {
    const { network, customer, family } = await hired(2)
    const locations = locationsOf(customer, family)
    const share = await locations.create({ alias: 'share_cats', key: await shareKey(), label: 'Cats', ...inTime() })
    const bob = await network.customer()
    await locations.setMembers(share, () => [lineFor(bob)], inTime())
    const theirs = locationsOf(bob, await familyOf(bob))
    const given = { owner: customer.self.fingerprint, alias: 'share_cats', generation: 1, ...inTime() }
    await expect(theirs.adopt({ ...given, key: await otherKey() })).rejects.toMatchObject({ code: 'KeyRevoked' })
    expect(await theirs.list()).toEqual([])
    expect(await theirs.adopt({ ...given, key: await shareKey() })).toMatchObject({ id: share.id })
  })

  it('remember who could write, when he no longer can', async () => {
    const { network, customer, family } = await hired(2)
    const locations = locationsOf(customer, family)
    const share = await locations.create({ alias: 'share_cats', key: await shareKey(), label: 'Cats', ...inTime() })
    const [bob, eve] = [await network.customer(), await network.customer()]
    await locations.setMembers(share, () => [lineFor(bob), lineFor(eve, ['read'])], inTime())
    await locations.setMembers(share, (lines) => lines.slice(1), inTime())
    expect(share.mayWrite(bob.self.fingerprint)).toBe(true)
    expect(share.mayWrite(eve.self.fingerprint)).toBe(false)
    await locations.setMembers(
      share,
      () => [{ who: { holderOf: 1 }, rights: ['write'], budgetBytes: null, expires: null, generation: 1 }],
      inTime(),
    )
    expect(share.mayWrite(eve.self.fingerprint)).toBe(true)
  })
})

describe('member lists', () => {
  it('survive changes from two devices, and refresh brings the news', async () => {
    const { network, customer, family } = await hired(4)
    const locations = locationsOf(customer, family)
    const share = await locations.create({ alias: 'share_cats', key: await shareKey(), label: 'Cats', ...inTime() })
    const [bob, eve] = [await network.customer(), await network.customer()]
    const second = await network.customer({ masterKey: customer.masterKey })
    const elsewhere = locationsOf(second, await familyOf(second))
    await elsewhere.restore(inTime())
    const twin = (await elsewhere.get(share.id))!
    await Promise.all([
      locations.setMembers(share, (lines) => [...lines, lineFor(bob)], inTime()),
      elsewhere.setMembers(twin, (lines) => [...lines, lineFor(eve)], inTime()),
    ])
    await Promise.all([locations.refresh(share, inTime()), elsewhere.refresh(twin, inTime())])
    const lines = await locations.members(share)
    expect(await elsewhere.members(twin)).toEqual(lines)
    expect(new Set(lines.map(({ who }) => 'identity' in who && who.identity))).toEqual(
      new Set([bob.self.fingerprint, eve.self.fingerprint]),
    )
  })

  it('and headers have one content per revision, also when the only supplier that has it is away', async () => {
    const { customer, family } = await hired(4)
    const { positions } = family.current()!.body
    let broken = true
    let firstStored = Promise.withResolvers<void>()
    // While it is broken, only the first supplier stores anything; afterwards he is not to be asked.
    const remotes: RemoteSuppliers = {
      ...customer.remotes,
      async putRecord(to, record, options) {
        if (!broken) return customer.remotes.putRecord(to, record, options)
        if (to.fingerprint === positions[0]!.fingerprint)
          return customer.remotes.putRecord(to, record, options).finally(firstStored.resolve)
        await firstStored.promise
        throw new Error('broken')
      },
      async getRecord(to, query, options) {
        if (!broken && to.fingerprint === positions[0]!.fingerprint) throw new Error('away')
        return customer.remotes.getRecord(to, query, options)
      },
    }
    const locations = createLocations({ ...customer, remotes, family, journalEnds })
    const wanted = { alias: 'share_cats', key: await shareKey(), label: 'Cats', ...inTime() }
    await expect(locations.create(wanted)).rejects.toMatchObject({ code: 'UploadIncomplete' })
    broken = false
    const share = await locations.create(wanted)
    const stored = (kind: 'header' | 'members') =>
      Promise.all(
        positions.map((peer) => {
          const query = { customer: customer.self.fingerprint, kind, location: share.id } as const
          return customer.remotes.getRecord(peer, query, inTime())
        }),
      )
    await until(async () => (await stored('header')).every((record) => record !== null))
    expect(new Set((await stored('header')).map((record) => record?.join())).size).toBe(1)

    broken = true
    firstStored = Promise.withResolvers()
    await expect(locations.setMembers(share, () => [], inTime())).rejects.toMatchObject({ code: 'UploadIncomplete' })
    broken = false
    await locations.setMembers(share, () => [], inTime())
    const revisions = async () => (await stored('members')).map((record) => membersRecord.open(record!).body.revision)
    await until(async () => (await revisions()).every((revision) => revision === 3))
  })

  it('are read in the newest revision, whoever answers first', async () => {
    const { network, customer, family } = await hired(4)
    const locations = locationsOf(customer, family)
    const share = await locations.create({ alias: 'share_cats', key: await shareKey(), label: 'Cats', ...inTime() })
    const { positions } = family.current()!.body
    const behind = network.supplierOf(positions[0]!)
    behind.down()
    const bob = await network.customer()
    await locations.setMembers(share, () => [lineFor(bob)], inTime())
    behind.up()
    const fresh = await network.customer({ masterKey: customer.masterKey })
    const remotes: RemoteSuppliers = {
      ...fresh.remotes,
      async getRecord(to, query, options) {
        const record = await fresh.remotes.getRecord(to, query, options)
        if (to.fingerprint !== behind.self.fingerprint) await pause(20)
        return record
      },
    }
    const again = createLocations({ ...fresh, remotes, family: await familyOf(fresh), journalEnds })
    await again.restore(inTime())
    expect(await again.members((await again.get(share.id))!)).toEqual([lineFor(bob)])
  })

  it('use every revision once, also those of changes that did not come through', async () => {
    const { network, customer, family } = await hired(4)
    const locations = locationsOf(customer, family)
    const share = await locations.create({ alias: 'share_cats', key: await shareKey(), label: 'Cats', ...inTime() })
    const bob = await network.customer()
    const { positions } = family.current()!.body
    const away = positions.slice(0, 2).map((peer) => network.supplierOf(peer))
    for (const supplier of away) supplier.down()
    await expect(locations.setMembers(share, () => [lineFor(bob)], inTime())).rejects.toMatchObject({
      code: 'UploadIncomplete',
    })
    expect(await locations.members(share)).toEqual([])
    for (const supplier of away) supplier.up()
    await locations.setMembers(share, () => [], inTime())
    const revisions = await Promise.all(
      positions.map(async (peer) => {
        const query = { customer: customer.self.fingerprint, kind: 'members', location: share.id } as const
        const record = await customer.remotes.getRecord(peer, query, inTime())
        return record === null ? 0 : membersRecord.open(record).body.revision
      }),
    )
    expect(revisions).toEqual([3, 3, 3, 3])
  })
})
