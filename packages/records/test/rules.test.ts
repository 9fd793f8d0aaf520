import { LABELS } from '@bitdust/crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type Contract,
  contractRecord,
  defineRecord,
  type Family,
  familyRecord,
  fingerprint,
  fragmentName,
  type Header,
  headerRecord,
  type Layout,
  layoutRecord,
  locationIdOf,
  type Opened,
  offerRecord,
  parseHash,
  replaces,
  requireCurrent,
  struct,
  succeeds,
  uint,
} from '../src/index.ts'
import { type Cast, createCast, createSamples, NOW, sampleBlock } from './samples.ts'

let cast: Cast
let bodies: ReadonlyMap<string, object>

beforeAll(async () => {
  cast = await createCast()
  bodies = new Map((await createSamples(cast)).map(({ name, body }) => [name, body]))
})

const refused = { name: 'RecordError', code: 'RecordInvalid' }

describe('revisions', () => {
  const family = () => bodies.get('family') as Family
  const signFamily = (change: Partial<Family>) => familyRecord.sign({ ...family(), ...change }, cast.alice)
  const after = (previous: Opened<Family>) =>
    signFamily({ revision: previous.body.revision + 1, previous: previous.hash })

  test('a successor has the next number and names the hash', async () => {
    const first = await signFamily({})
    const second = await after(first)
    const fork = await after(await signFamily({}))
    expect(succeeds(first, second)).toBe(true)
    expect(succeeds(first, fork)).toBe(false)
    expect(succeeds(second, first)).toBe(false)
    expect(succeeds(first, await after(second))).toBe(false)
  })

  test('a higher one replaces, the same one is no news, everything else is RecordRollback', async () => {
    const first = await signFamily({})
    const second = await after(first)
    expect(replaces(null, second)).toBe(true)
    expect(replaces(first, second)).toBe(true)
    expect(replaces(second, familyRecord.open(second.bytes))).toBe(false)
    const rollback = expect.objectContaining({ name: 'RecordError', code: 'RecordRollback' })
    expect(() => replaces(second, first)).toThrow(rollback)
    const other = await after(first) // Signing is randomised: same body, other bytes.
    expect(() => replaces(second, other)).toThrow(rollback)
  })

  test('only the first has no previous', async () => {
    await expect(signFamily({ revision: 2 })).rejects.toMatchObject(refused)
    await expect(signFamily({ previous: parseHash('ab'.repeat(32)) })).rejects.toMatchObject(refused)
    await expect(signFamily({ revision: 0 })).rejects.toMatchObject(refused)
    const header = bodies.get('header') as Header
    await expect(headerRecord.sign({ ...header, previous: null }, cast.alice)).rejects.toMatchObject(refused)
    await expect(headerRecord.sign({ ...header, generations: [] }, cast.alice)).rejects.toMatchObject(refused)
  })
})

describe('bodies that contradict themselves', () => {
  test('headers: nothing for a device that was revoked, or was never given the location', async () => {
    const header = bodies.get('header') as Header
    const [given] = header.devices
    const [revoked] = header.revoked
    for (const change of [
      { devices: [] },
      { devices: [given!, { ...given!, device: revoked!.device }] },
      { revoked: [revoked!, { device: given!.device, heads: [] }] },
      { revoked: [revoked!, revoked!] },
      { devices: [given!, given!] },
    ])
      await expect(headerRecord.sign({ ...header, ...change }, cast.alice)).rejects.toMatchObject(refused)
  })

  test('families: n positions, nobody twice', async () => {
    const family = bodies.get('family') as Family
    const [a, b] = family.positions
    const wrong = [[a!], [a!, a!], [a!, { ...b!, fingerprint: a!.fingerprint }], [a!, { ...b!, peerId: a!.peerId }]]
    for (const positions of wrong) {
      await expect(familyRecord.sign({ ...family, positions }, cast.alice)).rejects.toMatchObject(refused)
    }
  })

  test('contracts: two parties, an end after the begin', async () => {
    const contract = bodies.get('contract') as Contract
    for (const change of [{ supplier: contract.customer }, { until: contract.from }]) {
      await expect(contractRecord.sign({ ...contract, ...change }, {})).rejects.toMatchObject(refused)
    }
  })

  test('layouts: 2n roots, the size that n gives, a device exactly when the writer signs', async () => {
    const layout = bodies.get('layout') as Layout
    const wrong: Partial<Layout>[] = [
      { roots: layout.roots.slice(1) },
      { n: 2 },
      { fragmentBytes: layout.fragmentBytes + 1 },
      { device: null },
      { signer: 'owner' },
      { block: { ...sampleBlock(cast), size: 0 } },
    ]
    for (const change of wrong) {
      await expect(layoutRecord.sign({ ...layout, ...change }, {})).rejects.toMatchObject(refused)
    }
  })
})

describe('signers', () => {
  test('a contract is signed by each party in turn', async () => {
    const { alice, bob, mallory } = cast
    const asked = await contractRecord.sign(bodies.get('contract') as Contract, { customer: alice })
    await contractRecord.verify(asked, 'customer', alice.publicKey)
    await expect(contractRecord.verify(asked, 'supplier', bob.publicKey)).rejects.toMatchObject({
      code: 'SignatureInvalid',
    })
    await expect(contractRecord.addSignature(asked, 'supplier', mallory)).rejects.toMatchObject({
      code: 'SignatureInvalid',
    })
    const agreed = contractRecord.open((await contractRecord.addSignature(asked, 'supplier', bob)).bytes)
    await contractRecord.verify(agreed, 'customer', alice.publicKey)
    await contractRecord.verify(agreed, 'supplier', bob.publicKey)
    expect(agreed.hash).not.toBe(asked.hash)
  })

  test('one signature does not stand for the other', async () => {
    const { alice, bob } = cast
    const body = bodies.get('contract') as Contract
    const agreed = await contractRecord.sign(body, { customer: alice, supplier: bob })
    const swapped = { ...agreed, signatures: agreed.signatures.toReversed() }
    await expect(contractRecord.verify(swapped, 'customer', alice.publicKey)).rejects.toMatchObject({
      code: 'SignatureInvalid',
    })
  })

  test('a layout is signed by whom it names, and by a key of the right kind', async () => {
    const { alice, laptop } = cast
    const byWriter = await layoutRecord.sign(bodies.get('layout') as Layout, laptop)
    const invalid = { code: 'SignatureInvalid' }
    await expect(layoutRecord.verify(byWriter, 'owner', alice.publicKey)).rejects.toMatchObject(invalid)
    await expect(layoutRecord.verify(byWriter, 'device', alice.publicKey)).rejects.toMatchObject(invalid)
    await expect(layoutRecord.sign(bodies.get('layout') as Layout, alice)).rejects.toMatchObject(invalid)
    const byOwner = await layoutRecord.sign(bodies.get('layout-by-owner') as Layout, alice)
    await expect(layoutRecord.verify(byOwner, 'device', laptop.publicKey)).rejects.toMatchObject(invalid)
    await expect(layoutRecord.verify(byOwner, 'owner', laptop.publicKey)).rejects.toMatchObject(invalid)
  })

  test('a signature of one kind is none of another', async () => {
    const { alice } = cast
    const kind = (name: string, label: string) =>
      defineRecord({
        kind: name,
        label,
        maxBytes: 1000,
        signers: { owner: { key: 'rsa', name: () => null } },
        versions: { 1: struct({ id: uint() }) },
      })
    const [here, otherLabel, otherKind] = [kind('a', LABELS.offer), kind('a', LABELS.grant), kind('b', LABELS.offer)]
    const signed = await here.sign({ id: 1 }, alice)
    await here.verify(signed, 'owner', alice.publicKey)
    await expect(otherLabel.verify(signed, 'owner', alice.publicKey)).rejects.toMatchObject({
      code: 'SignatureInvalid',
    })
    expect(() => otherKind.open(signed.bytes)).toThrow('another kind')
  })
})

test('readers know every version, writers use the newest, and an old signature still counts', async () => {
  const { alice } = cast
  const make = (versions: Parameters<typeof defineRecord<{ id: number; size: number }, 'owner'>>[0]['versions']) =>
    defineRecord<{ id: number; size: number }, 'owner'>({
      kind: 'test',
      label: LABELS.offer,
      maxBytes: 1000,
      signers: { owner: { key: 'rsa', name: () => null } },
      versions,
    })
  const first = {
    encode: ({ id }: { id: number }) => ({ id }),
    decode: (value: never) => ({ ...struct({ id: uint() }).decode(value, 'test'), size: 0 }),
  }
  const old = make({ 1: first })
  const now = make({ 1: first, 2: struct({ id: uint(), size: uint() }) })
  const oldRecord = await old.sign({ id: 7, size: 5 }, alice)
  const read = now.open(oldRecord.bytes)
  expect(read).toMatchObject({ version: 1, body: { id: 7, size: 0 } })
  await now.verify(read, 'owner', alice.publicKey)
  const newRecord = await now.sign({ id: 7, size: 5 }, alice)
  expect(newRecord).toMatchObject({ version: 2, body: { id: 7, size: 5 } })
  expect(() => old.open(newRecord.bytes)).toThrow(expect.objectContaining({ code: 'VersionUnsupported' }))
})

test('statements end an hour after they expire', () => {
  const hour = 3_600_000
  requireCurrent({ expires: NOW }, NOW + hour)
  expect(() => requireCurrent({ expires: NOW }, NOW + hour + 1)).toThrow(
    expect.objectContaining({ name: 'RecordError', code: 'RecordExpired' }),
  )
})

test('an offer is signed by the device of its peer id', async () => {
  const offer = bodies.get('offer') as Parameters<typeof offerRecord.sign>[0]
  await expect(offerRecord.sign(offer, cast.laptop)).rejects.toMatchObject({ code: 'SignatureInvalid' })
})

test('ids tell everything apart that they name', () => {
  const [alice, bob] = [cast.alice.publicKey.fingerprint, cast.bob.publicKey.fingerprint]
  const locations = [locationIdOf(alice, 'master'), locationIdOf(bob, 'master'), locationIdOf(alice, 'share_1')]
  expect(new Set(locations).size).toBe(3)
  const place = { customer: alice, block: parseHash<never>('ab'.repeat(32)), n: 4, position: 1 }
  const names = [
    place,
    { ...place, customer: bob },
    { ...place, block: parseHash<never>('cd'.repeat(32)) },
    { ...place, n: 7 },
    { ...place, position: 2 },
  ].map(fragmentName)
  expect(new Set(names).size).toBe(5)
  expect(names.every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true)
  expect(() => parseHash('AB'.repeat(32))).toThrow(expect.objectContaining(refused))
  expect(fingerprint.decode(fingerprint.encode(alice, 'f'), 'f')).toBe(alice)
})
