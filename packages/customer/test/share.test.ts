import { generateDeviceKey, importRsaPrivateKey, randomBytes } from '@bitdust/crypto'
import type { MemberLine } from '@bitdust/records'
import { testKeys } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { describe, expect, it } from 'vitest'
import type { Customer } from '../src/customer.ts'
import type { Location } from '../src/locations/types.ts'
import { customerOf, type RunningCustomer, storing } from './customers.ts'
import { appendTo } from './journal-tools.ts'
import type { TestNetwork } from './network.ts'
import { inTime, MIB } from './setup.ts'
import { entriesOf } from './trees.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const shareKey = () => importRsaPrivateKey(testKeys[2048].at(-1)!)

async function textOf({ customer }: Shared, location: Location, path: string): Promise<string> {
  return new TextDecoder().decode(await (await customer.get(path, { location, ...inTime() })).bytes())
}

async function paths(customer: Customer, location: Location): Promise<readonly string[]> {
  return (await Array.fromAsync(customer.list('', { location, ...inTime() }))).map(({ path }) => path)
}

type Shared = Pick<RunningCustomer, 'customer'>

interface Share {
  readonly network: TestNetwork
  readonly owner: RunningCustomer & { readonly location: Location }
  readonly members: readonly (RunningCustomer & { readonly location: Location })[]
}

/** A share of which everybody holds the key, with as many members as rights are named. */
async function sharing(...rights: readonly MemberLine['rights'][]): Promise<Share> {
  const { network, ...owner } = await storing(4)
  const alias = 'share_holidays'
  const key = await shareKey()
  const location = await owner.customer.locations.create({ alias, key, label: 'Holidays', ...inTime() })
  const nodes = await Promise.all(rights.map(async () => customerOf(await network.customer())))
  const lines = nodes.map(({ node }, index): MemberLine => {
    const who = { identity: node.self.fingerprint }
    return { who, rights: rights[index]!, budgetBytes: null, expires: null, generation: 1 }
  })
  await owner.customer.locations.setMembers(location, () => lines, inTime())
  const members = await Promise.all(
    nodes.map(async (running) => {
      const given = { owner: owner.node.self.fingerprint, alias, key, generation: 1, ...inTime() }
      return { ...running, location: await running.customer.locations.adopt(given) }
    }),
  )
  return { network, owner: { ...owner, location }, members }
}

describe('a share', () => {
  it('is read and written by its members and its owner', async () => {
    const { owner, members } = await sharing(['read', 'write'])
    const [member] = members
    const large = randomBytes(2 * MIB)
    await owner.customer.put('from-owner', large, { location: owner.location, ...inTime() })
    const reader = await member!.customer.get('from-owner', { location: member!.location, ...inTime() })
    expect(Buffer.compare(await reader.bytes(), large)).toBe(0)
    const verified = await member!.customer.verify('', { location: member!.location, ...inTime() })
    expect(verified).toMatchObject({ files: 1, lost: [] })
    expect(verified.suppliers).toMatchObject(Array(4).fill({ good: 2 * verified.blocks, missing: 0, corrupt: 0 }))

    const stored = await member!.customer.put(
      'from-member',
      { entries: entriesOf({ a: 'text', b: { c: randomBytes(90_000) } }) },
      { location: member!.location, ...inTime() },
    )
    expect(stored.state).toBe('complete')
    expect(await paths(owner.customer, owner.location)).toEqual(['from-member', 'from-owner'])
    expect(await textOf(owner, owner.location, 'from-member/a')).toBe('text')
    const listed = await Array.fromAsync(owner.customer.list('from-member', { location: owner.location, ...inTime() }))
    expect(new Set(listed.map(({ writer }) => writer))).toEqual(new Set([member!.node.self.fingerprint]))
    // Nothing of it is in the private place of either.
    expect(await paths(owner.customer, await owner.customer.locations.master(inTime()))).toEqual([])
  })

  it('keeps what concurrent writers put, both versions of one path included', async () => {
    const { owner, members } = await sharing(['read', 'write'], ['read', 'write'])
    const writers = [owner, ...members]
    await Promise.all(
      writers.map(async ({ customer, location }, index) => {
        for (let i = 0; i < 3; i++) {
          await customer.put(`own${index}/${i}`, utf8(`${index} ${i}`), { location, ...inTime() })
          await customer.put('same', utf8(`${index} ${i}`), { location, ...inTime() })
        }
      }),
    )
    const seen = await Promise.all(
      writers.map(async ({ customer, location }) => ({
        paths: await paths(customer, location),
        same: await textOf({ customer }, location, 'same'),
        versions: (await customer.versions('same', { location, ...inTime() })).map(({ version }) => version),
        own: await Promise.all(
          [0, 1, 2].map(async (i) => (await customer.get(`own${i}`, { location, ...inTime() })).entry.files),
        ),
      })),
    )
    for (const one of seen) expect(one).toEqual(seen[0])
    expect(seen[0]).toMatchObject({ paths: ['own0', 'own1', 'own2', 'same'], own: [3, 3, 3] })
    expect(new Set(seen[0]!.versions).size).toBe(9)
  })

  it('lets members remove what is theirs, the owner everything', async () => {
    const { owner, members } = await sharing(['read', 'write'], ['read', 'write'])
    const [first, second] = members
    await owner.customer.put('theirs', utf8('o'), { location: owner.location, ...inTime() })
    await first!.customer.put('mine', utf8('m'), { location: first!.location, ...inTime() })
    for (const path of ['theirs', 'mine'])
      await expect(second!.customer.remove(path, { location: second!.location, ...inTime() })).rejects.toMatchObject({
        code: 'Unauthorized',
      })
    // Whoever writes such a delete all the same is not followed by anybody.
    await appendTo(second!.node, second!.location, { kind: 'delete', path: 'mine' })
    expect(await paths(owner.customer, owner.location)).toEqual(['mine', 'theirs'])
    expect(owner.problems.map(({ code }) => code)).toEqual(['Unauthorized'])
    await first!.customer.remove('mine', { location: first!.location, ...inTime() })
    expect(await paths(owner.customer, owner.location)).toEqual(['theirs'])
    await first!.customer.put('mine', utf8('again'), { location: first!.location, ...inTime() })
    await owner.customer.remove('mine', { location: owner.location, ...inTime() })
    expect(await paths(second!.customer, second!.location)).toEqual(['theirs'])
  })

  it('refuses what a member may not do, before anything is read', async () => {
    const { members } = await sharing(['read'])
    const [reader] = members
    let read = false
    const source = {
      async *[Symbol.asyncIterator]() {
        read = true
        yield utf8('x')
      },
    }
    const put = reader!.customer.put('x', source, { location: reader!.location, ...inTime() })
    await expect(put).rejects.toMatchObject({ code: 'Unauthorized' })
    expect(read).toBe(false)
  })

  it('goes on when its owner is away, and some suppliers with him', async () => {
    const { network, owner, members } = await sharing(['read', 'write'], ['read', 'write'])
    const [first, second] = members
    owner.node.down()
    network.suppliers[0]!.down()
    const bytes = randomBytes(MIB)
    const stored = await first!.customer.put('x', bytes, { location: first!.location, ...inTime() })
    expect(stored.state).toBe('stored')
    const reader = await second!.customer.get('x', { location: second!.location, ...inTime() })
    expect(Buffer.compare(await reader.bytes(), bytes)).toBe(0)
    owner.node.up()
    network.suppliers[0]!.up()
    await owner.customer.repair.run(inTime())
    const again = await customerOf({ ...owner.node, store: owner.node.store })
    expect(
      Buffer.compare(await (await again.customer.get('x', { location: owner.location, ...inTime() })).bytes(), bytes),
    ).toBe(0)
  })
})

describe('T36 a fresh device with the master key alone', () => {
  it.each([
    { count: 2, away: 1, fresh: true },
    { count: 4, away: 1, fresh: true },
    { count: 4, away: 2, fresh: false },
    { count: 7, away: 3, fresh: true },
  ] as const)('has everything when $away of $count suppliers are away', async ({ count, away, fresh }) => {
    const { network, customer, node } = await storing(count)
    const key = await shareKey()
    const share = await customer.locations.create({ alias: 'share_x', key, label: 'X', ...inTime() })
    const bytes = randomBytes(MIB)
    await customer.put('private', bytes, inTime())
    await customer.put('shared', utf8('shared'), { location: share, ...inTime() })
    await customer.stop()
    for (const supplier of network.suppliers.slice(0, away)) supplier.down()

    const device = await network.customer({
      masterKey: node.masterKey,
      deviceKey: await generateDeviceKey(),
      store: memoryKeyValueStore(),
    })
    const { customer: restored, problems } = await customerOf(device)
    const keys = await restored.locations.restore(inTime())
    expect(keys.map(({ alias, label }) => ({ alias, label }))).toEqual([{ alias: 'share_x', label: 'X' }])
    expect(Buffer.compare(await (await restored.get('private', inTime())).bytes(), bytes)).toBe(0)
    const location = (await restored.locations.get(keys[0]!.location))!
    expect(await textOf({ customer: restored }, location, 'shared')).toBe('shared')
    expect(await restored.sync(inTime())).toMatchObject({ fresh, answered: count - away })
    expect(problems.map(({ code }) => code)).toEqual(
      fresh ? [] : ['CatalogFreshnessUnknown', 'CatalogFreshnessUnknown'],
    )
  })

  it('says that it cannot know, instead of showing an empty place, when too few answer', async () => {
    const { network, customer, node } = await storing(4)
    await customer.put('x', utf8('x'), inTime())
    await customer.stop()
    const device = await network.customer({ masterKey: node.masterKey, deviceKey: await generateDeviceKey() })
    const first = await customerOf(device)
    await first.customer.locations.master(inTime())
    for (const supplier of network.suppliers) supplier.down()
    const unknown = { code: 'CatalogFreshnessUnknown', have: 0, need: 3, retryable: true }
    await expect(Array.fromAsync(first.customer.list('', inTime()))).rejects.toMatchObject(unknown)
    await expect(first.customer.get('x', inTime())).rejects.toMatchObject(unknown)
    for (const supplier of network.suppliers) supplier.up()
    expect(await textOf(first, await first.customer.locations.master(inTime()), 'x')).toBe('x')
  })
})
