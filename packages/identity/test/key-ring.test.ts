import type { Fingerprint } from '@bitdust/crypto'
import { describe, expect, test } from 'vitest'
import { createKeyRing, type KeyRing, type KeyStore, memoryKeyStore } from '../src/index.ts'
import { codeOf, expectCode } from './expect-code.ts'
import { aliceKey, bobKey, malloryKey } from './test-keys.ts'

// The keys of the people stand in for share keys: only who made a key matters here.
const alice = aliceKey.publicKey.fingerprint
const bob = bobKey.publicKey.fingerprint
const names = { alias: 'share_cats', creator: alice, user: 'alice@first-machine.com', label: 'cats' }

async function contents(store: KeyStore): Promise<Record<string, string | null>> {
  const entries: Record<string, string | null> = {}
  for await (const name of store.list()) entries[name] = await store.get(name)
  return entries
}

function setUp(): { store: KeyStore; ring: KeyRing } {
  const store = memoryKeyStore()
  return { store, ring: createKeyRing({ store }) }
}

describe('key ring', () => {
  test('gives back what was added, also after a restart', async () => {
    const { store, ring } = setUp()
    const added = await ring.add(bobKey, names)
    expect(added).toMatchObject({
      alias: 'share_cats',
      creator: alice,
      generation: 1,
      keyId: 'share_cats$alice@first-machine.com',
      label: 'cats',
    })
    for (const each of [ring, createKeyRing({ store })]) {
      const key = await each.get({ alias: 'share_cats', creator: alice })
      expect(key?.publicKey.fingerprint).toBe(bob)
      const signature = await key?.privateKey?.sign('bitdust/test', new Uint8Array())
      expect(await bobKey.publicKey.verify('bitdust/test', new Uint8Array(), signature ?? new Uint8Array())).toBe(true)
    }
    expect(await ring.get({ alias: 'share_dogs', creator: alice })).toBeNull()
    expect(await ring.get({ alias: 'share_cats', creator: bob })).toBeNull()
    expect(await ring.get({ alias: 'share_cats', creator: alice, generation: 2 })).toBeNull()
  })

  test('generations stand side by side, the newest is meant', async () => {
    const { ring } = setUp()
    await ring.add(bobKey, names)
    await ring.add(malloryKey, { ...names, generation: 10 })
    await ring.add(aliceKey, { ...names, generation: 9 })
    expect((await ring.get(names))?.generation).toBe(10)
    expect((await ring.get({ ...names, generation: 1 }))?.publicKey.fingerprint).toBe(bob)
    await ring.remove({ ...names, generation: 10 })
    expect((await ring.get(names))?.generation).toBe(9)
    await ring.remove(names)
    await ring.remove(names)
    expect(await ring.get(names)).toBeNull()
  })

  test('a file of a later generation says its generation, for wherever it is taken', async () => {
    const { store, ring } = setUp()
    await ring.add(bobKey, names)
    await ring.add(malloryKey, { ...names, generation: 2 })
    const files = Object.values(await contents(store)).map((text) => JSON.parse(text ?? '') as { generation?: number })
    expect(files.map(({ generation }) => generation).sort()).toEqual([2, undefined])
  })

  test('a private key takes the place of its public part, never the other way round', async () => {
    const { ring } = setUp()
    expect((await ring.add(bobKey.publicKey, names)).privateKey).toBeNull()
    expect((await ring.add(bobKey, names)).privateKey).not.toBeNull()
    expect((await ring.add(bobKey.publicKey, names)).privateKey).not.toBeNull()
    expect((await ring.get(names))?.privateKey).not.toBeNull()
  })

  test('the list keeps secrets locked and shows a damaged file beside the others', async () => {
    const { store, ring } = setUp()
    await ring.add(bobKey.publicKey, { alias: 'bare', creator: bob })
    await store.put(`share_rot.${alice}.2`, 'rot')
    await store.put('README', 'not a key')
    const listed = await Array.fromAsync(ring.list())
    expect(listed).toEqual([
      { alias: 'bare', creator: bob, generation: 1, kind: 'public', keyId: 'bare', bits: 2048, fingerprint: bob },
      { alias: 'share_rot', creator: alice, generation: 2, kind: 'damaged' },
    ])
    expect(await codeOf(() => ring.get({ alias: 'share_rot', creator: alice }))).toBe('KeyMalformed')
    await ring.remove({ alias: 'share_rot', creator: alice })
    expect(await Array.fromAsync(ring.list())).toHaveLength(1)
  })

  test('with a passphrase private keys are locked in the store', async () => {
    const store = memoryKeyStore()
    const ring = createKeyRing({ store, passphrase: 'correct horse' })
    await ring.add(bobKey, names)
    expect(JSON.stringify(await contents(store))).not.toContain('PRIVATE KEY')
    expect((await createKeyRing({ store, passphrase: 'correct horse' }).get(names))?.publicKey.fingerprint).toBe(bob)
    expect(await codeOf(() => createKeyRing({ store, passphrase: 'wrong' }).get(names))).toBe('KeyUnlockFailed')
    expect(await codeOf(() => createKeyRing({ store }).get(names))).toBe('KeyUnlockFailed')
  })

  test('T51 another key under a held key id: KeyConflict, the store is byte-identical', async () => {
    const { store, ring } = setUp()
    await ring.add(bobKey, names)
    const before = await contents(store)
    await expectCode('KeyConflict', () => ring.add(malloryKey, names))
    await expectCode('KeyConflict', () => ring.add(malloryKey.publicKey, names))
    await expectCode('KeyConflict', () => createKeyRing({ store }).add(malloryKey, names))
    expect(await contents(store)).toEqual(before)
  })

  test('T51 the same key id from another creator: KeyConflict, the store is byte-identical', async () => {
    const { store, ring } = setUp()
    await ring.add(bobKey, names)
    const before = await contents(store)
    const stranger = malloryKey.publicKey.fingerprint
    await expectCode('KeyConflict', () => ring.add(malloryKey, { ...names, creator: stranger }))
    await expectCode('KeyConflict', () => ring.add(malloryKey, { ...names, creator: stranger, generation: 2 }))
    expect(await contents(store)).toEqual(before)
    await ring.add(malloryKey, { ...names, creator: stranger, user: 'mallory@first-machine.com' })
  })

  test('T51 two grants at once: one of them wins, the other is refused', async () => {
    const { ring } = setUp()
    const results = await Promise.allSettled([ring.add(bobKey, names), ring.add(malloryKey, names)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect((await ring.get(names))?.publicKey.fingerprint).toBe(bob)
  })

  test('T47 names that lead elsewhere', async () => {
    const { store, ring } = setUp()
    for (const alias of ['../x', 'a/b', '.', 'ab', 'A'.repeat(5)])
      await expectCode('PathUnsafe', () => ring.add(bobKey, { ...names, alias }))
    await expectCode('PathUnsafe', () => ring.add(bobKey, { ...names, user: 'alice' }))
    for (const generation of [0, -1, 1.5, Number.NaN])
      await expectCode('KeyMalformed', () => ring.add(bobKey, { ...names, generation }))
    expect(await codeOf(() => ring.add(bobKey, { ...names, creator: '../x' as Fingerprint }))).toBe('KeyMalformed')
    expect(await contents(store)).toEqual({})
  })

  test('a file under another creator’s name is not believed', async () => {
    const { store, ring } = setUp()
    await ring.add(bobKey, names)
    const text = (await store.get(`share_cats.${alice}.1`)) ?? ''
    await store.put(`share_cats.${bob}.1`, text)
    await expectCode('KeyMalformed', () => createKeyRing({ store }).get({ alias: 'share_cats', creator: bob }))
  })
})
