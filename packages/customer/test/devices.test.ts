import { setTimeout as pause } from 'node:timers/promises'
import { randomBytes } from '@bitdust/crypto'
import { headerRecord } from '@bitdust/records'
import { describe, expect, it } from 'vitest'
import type { Location } from '../src/locations/types.ts'
import { customerOf, storing } from './customers.ts'
import { enrol, given, newDevice, pathsOf, textAt } from './devices.ts'
import { holdersOf, inTime, MIB, shareKey, storeBlock, until } from './setup.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const where = (doing: string) => ({
  code: 'Unauthorized',
  message: `the master key is not on this device: ${doing} where it is`,
})

describe('an enrolled device', () => {
  it('finds family and files by itself, and writes them together with the device of the master key', async () => {
    const { network, ...owner } = await storing(4)
    const large = randomBytes(2 * MIB)
    await owner.customer.put('before', large, inTime())
    const laptop = await enrol(network, owner)
    expect(laptop.node.self.masterKey).toBeNull()
    expect(laptop.customer.family.current()?.hash).toBe(owner.customer.family.current()?.hash)
    expect(Buffer.compare(await (await laptop.customer.get('before', inTime())).bytes(), large)).toBe(0)

    await Promise.all([
      owner.customer.put('from-desktop', utf8('desktop'), inTime()),
      laptop.customer.put('from-laptop', utf8('laptop'), inTime()),
      owner.customer.put('both', utf8('desktop'), inTime()),
      laptop.customer.put('both', utf8('laptop'), inTime()),
    ])
    for (const device of [owner, laptop]) {
      expect(await pathsOf(device)).toEqual(['before', 'both', 'from-desktop', 'from-laptop'])
      expect(await textAt(device, 'from-laptop')).toBe('laptop')
      expect(await textAt(device, 'from-desktop')).toBe('desktop')
      expect(await device.customer.versions('both', inTime())).toHaveLength(2)
    }
    expect(await textAt(owner, 'both')).toBe(await textAt(laptop, 'both'))

    // It is the owner: it may delete what another device of his put.
    await laptop.customer.remove('before', inTime())
    expect(await pathsOf(owner)).toEqual(['both', 'from-desktop', 'from-laptop'])
    const master = await laptop.customer.locations.master(inTime())
    expect(master).toMatchObject({ mine: true, key: null, generation: 1 })
    expect(laptop.problems).toEqual([])
  })

  it('says what needs the master key, and does nothing of it', async () => {
    const { network, ...owner } = await storing(2, { spare: 1 })
    const key = await shareKey()
    const share = await owner.customer.locations.create({ alias: 'share_x', key, label: 'X', ...inTime() })
    const laptop = await enrol(network, owner, [await owner.customer.locations.master(inTime()), share])
    const { family, locations } = laptop.customer
    await locations.restore(inTime())
    const theirs = (await locations.get(share.id))!
    const device = given(laptop.node)
    const calls: readonly (readonly [Promise<unknown>, string])[] = [
      [family.hire({ count: 2, bytes: MIB, ...inTime() }), 'hire suppliers'],
      [family.replace(0, inTime()), 'replace suppliers'],
      [locations.create({ alias: 'share_y', key, label: 'Y', ...inTime() }), 'make shares'],
      [locations.setMembers(theirs, () => [], inTime()), 'change the members'],
      [locations.sealToDevice(theirs, device, inTime()), 'give locations to devices'],
      [locations.renew(theirs, { without: [] }, inTime()), 'renew locations'],
    ]
    for (const [call, doing] of calls) await expect(call).rejects.toMatchObject(where(doing))
    // Nobody is let go by a device that hired nobody, whatever it sends.
    const [first] = family.current()!.body.positions
    const customer = laptop.node.self.fingerprint
    await expect(laptop.node.remotes.cancel(first!, { customer }, inTime())).rejects.toMatchObject({
      code: 'Unauthorized',
    })
    expect(await pathsOf(laptop, theirs)).toEqual([])
  })

  it('opens only what it was given', async () => {
    const { network, ...owner } = await storing(2)
    const { locations } = owner.customer
    const master = await locations.master(inTime())
    const shares: Location[] = []
    for (const alias of ['share_given', 'share_kept'])
      shares.push(await locations.create({ alias, key: await shareKey(), label: alias, ...inTime() }))
    const laptop = await enrol(network, owner, [shares[0]!])
    await expect(laptop.customer.put('x', utf8('x'), inTime())).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining('was not given'),
    })
    const restored = await laptop.customer.locations.restore(inTime())
    expect(restored.map(({ alias, owner: creator }) => [alias, creator])).toEqual([
      ['share_given', owner.node.self.fingerprint],
    ])
    expect(restored[0]?.key.publicKey.spki).toEqual(shares[0]!.key?.publicKey.spki)
    expect(await laptop.customer.locations.get(shares[1]!.id)).toBeNull()
    expect((await laptop.customer.locations.list()).map(({ alias }) => alias)).toEqual(['share_given'])

    // Both come later: the device need not be started again.
    await locations.sealToDevice(shares[1]!, given(laptop.node), inTime())
    await locations.sealToDevice(master, given(laptop.node), inTime())
    await laptop.customer.put('x', utf8('x'), inTime())
    expect(await laptop.customer.locations.restore(inTime())).toHaveLength(2)
    const location = (await laptop.customer.locations.get(shares[1]!.id))!
    await laptop.customer.put('y', utf8('y'), { location, ...inTime() })
    expect(await textAt(owner, 'y', shares[1])).toBe('y')
  })

  it('is given a location once: the same again changes nothing', async () => {
    const { network, ...owner } = await storing(2)
    const { locations, family } = owner.customer
    const master = await locations.master(inTime())
    const device = await newDevice(network, owner.node)
    const revisionAt = async (position: number) => {
      const query = { customer: owner.node.self.fingerprint, kind: 'header', location: master.id } as const
      const peer = family.current()!.body.positions[position]!
      return headerRecord.open((await owner.node.remotes.getRecord(peer, query, inTime()))!).body.revision
    }
    for (let i = 0; i < 2; i++) await locations.sealToDevice(master, given(device), inTime())
    expect([await revisionAt(0), await revisionAt(1)]).toEqual([2, 2])
    const other = await newDevice(network, owner.node)
    await Promise.all([
      locations.sealToDevice(master, given(other), inTime()),
      locations.sealToDevice(master, { ...given(device), encryptionKey: given(other).encryptionKey }, inTime()),
    ])
    expect(await revisionAt(0)).toBe(4)
  })

  it('opens what it keeps when it is started again, with nobody to ask', async () => {
    const { network, ...owner } = await storing(2)
    await owner.customer.put('x', utf8('x'), inTime())
    const laptop = await enrol(network, owner)
    expect(await pathsOf(laptop)).toEqual(['x'])
    await laptop.customer.stop()
    for (const supplier of network.suppliers) supplier.down()
    const again = await customerOf(laptop.node)
    expect(await pathsOf(again)).toEqual(['x'])
  })

  it('follows a change of suppliers that was made where the master key is', async () => {
    const { network, ...owner } = await storing(4, { spare: 5 })
    await owner.customer.put('x', utf8('x'), inTime())
    const settings = { pingEveryMs: 100 }
    const laptop = await enrol(network, owner)
    const watching = await enrol(network, owner, undefined, { settings })
    await pathsOf(laptop)
    await owner.customer.family.replace(0, inTime())
    // Its suppliers refuse what names an old family, and so it asks.
    await laptop.customer.put('y', utf8('y'), inTime())
    expect(laptop.customer.family.current()?.hash).toBe(owner.customer.family.current()?.hash)
    expect(await pathsOf(owner)).toEqual(['x', 'y'])

    await laptop.customer.stop()
    for (const positions of [
      [0, 1],
      [2, 3],
    ]) {
      await owner.customer.family.replace(positions, inTime())
      await owner.customer.repair.run(inTime())
    }
    await until(() => watching.customer.family.current()?.body.revision === 4)
    expect(await pathsOf(watching)).toEqual(['x', 'y'])
    const { positions } = owner.customer.family.current()!.body
    const former = network.suppliers.filter(({ peer }) => !positions.some(({ peerId }) => peerId === peer.peerId))
    await until(() => former.every(({ supplier }) => supplier.customers().length === 0))
    // Of the suppliers that this one knows none knows it any more; the directory does.
    const again = await customerOf(laptop.node)
    await until(() => again.customer.family.current()?.body.revision === 4)
    expect(await pathsOf(again)).toEqual(['x', 'y'])
  })

  it('repairs blocks', async () => {
    const { network, ...owner } = await storing(4)
    const laptop = await enrol(network, owner)
    const { id } = await owner.customer.locations.master(inTime())
    await owner.customer.stop()
    const block = await storeBlock(owner.node, owner.customer.family, id, { positions: [0, 2, 3] })
    expect(await laptop.customer.repair.run(inTime())).toMatchObject({ complete: true })
    expect(await holdersOf(owner.node, owner.customer.family, block)).toEqual([0, 1, 2, 3])
  })

  it('replaces nobody, however long he is away', async () => {
    const settings = { pingEveryMs: 40, replaceAfterMs: 200, retryMs: 50 }
    const { network, ...owner } = await storing(4, { spare: 1 })
    const laptop = await enrol(network, owner, undefined, { settings })
    await owner.customer.stop()
    const { family } = laptop.customer
    network.supplierOf(family.current()!.body.positions[1]!).down()
    await until(() => family.links()[1]?.state === 'unreachable')
    await pause(10 * settings.replaceAfterMs)
    expect(family.current()?.body.revision).toBe(1)
    expect(laptop.customer.machines().filter(({ name }) => name === 'hire-fire')).toEqual([])
    // The same time is more than enough where the master key is, and then the others follow.
    const desktop = await customerOf(owner.node, { settings })
    await until(() => desktop.customer.family.current()?.body.revision === 2)
    await until(() => family.current()?.body.revision === 2)
  })
})
