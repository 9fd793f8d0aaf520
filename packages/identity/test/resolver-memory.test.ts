import type { Fingerprint } from '@bitdust/crypto'
import { createVirtualClock } from '@bitdust/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  createResolver,
  type IdentityStore,
  memoryIdentityStore,
  parseIdurl,
  type Resolver,
  type SignedIdentity,
  signIdentity,
} from '../src/index.ts'
import { createRecentMap } from '../src/resolver/recent-map.ts'
import { createShelf } from '../src/resolver/shelf.ts'
import { expectCode } from './expect-code.ts'
import { identityFields } from './identity-fields.ts'
import { memoryIdServers } from './memory-id-servers.ts'
import { aliceKey, bobKey, malloryKey } from './test-keys.ts'

const keyOf = (n: number) => String(n).padStart(64, '0') as Fingerprint
const bytesOf = (n: number) => new TextEncoder().encode(keyOf(n))
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)

async function names(store: IdentityStore, prefix = ''): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix))).map((key) => key.slice(prefix.length)).sort()
}

describe('a shelf', () => {
  let store: IdentityStore
  let kept: Fingerprint[]
  let dropped: string[]
  let asked: number

  beforeEach(() => {
    store = memoryIdentityStore()
    kept = []
    dropped = []
    asked = 0
  })

  function newShelf(max: number) {
    return createShelf({
      store,
      prefix: 'pin/',
      max,
      ownerOf: (_, bytes) => new TextDecoder().decode(bytes) as Fingerprint,
      keep: async () => {
        asked += 1
        return kept
      },
      onDropped: (name) => dropped.push(name),
    })
  }

  test('drops what was unused for longest, a tenth at a time', async () => {
    const shelf = newShelf(20)
    for (const n of numbers(0, 20)) await shelf.put(`${n}`, bytesOf(n))
    await shelf.get('0')
    shelf.touch('2')
    await shelf.put('20', bytesOf(20))
    expect(dropped).toEqual(['1', '3', '4'])
    expect(await names(store)).toHaveLength(18)
    expect(await shelf.get('1')).toBeUndefined()
    expect(await shelf.get('0')).toEqual(bytesOf(0))
  })

  test('never grows beyond its size, and seldom asks who is in use', async () => {
    const shelf = newShelf(100)
    for (const n of numbers(0, 2000)) {
      await shelf.put(`${n}`, bytesOf(n))
      expect((await names(store)).length).toBeLessThanOrEqual(100)
    }
    expect(asked).toBeLessThan(2000 / 9)
  })

  test('what belongs to somebody in use stays, however many and however old', async () => {
    kept = numbers(0, 30).map(keyOf)
    const shelf = newShelf(20)
    for (const n of numbers(0, 500)) await shelf.put(`${n}`, bytesOf(n))
    for (const n of numbers(0, 30)) expect(await shelf.get(`${n}`)).toEqual(bytesOf(n))
    expect((await names(store)).length).toBeLessThan(60)
  })

  test('what an earlier process left is counted, and goes first', async () => {
    for (const n of numbers(0, 50)) await store.put(`pin/${n}`, bytesOf(n))
    await store.put('other/1', bytesOf(1))
    const shelf = newShelf(20)
    await shelf.put('new', bytesOf(99))
    expect(await names(store, 'pin/')).toHaveLength(18)
    expect(await shelf.get('new')).toBeDefined()
    expect(await names(store, 'other/')).toEqual(['1'])
  })

  test('nothing is dropped while nobody can tell who is in use', async () => {
    const shelf = createShelf({
      store,
      prefix: 'pin/',
      max: 3,
      ownerOf: (name) => name as Fingerprint,
      keep: () => Promise.reject(new Error('the contracts cannot be read')),
      onDropped: (name) => dropped.push(name),
    })
    for (const n of numbers(0, 10)) await shelf.put(`${n}`, bytesOf(n))
    expect(await names(store)).toHaveLength(10)
    expect(dropped).toEqual([])
  })
})

test('a recent map forgets the entry unused for longest', () => {
  const map = createRecentMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  expect(map.get('a')).toBe(1)
  map.set('c', 3)
  expect(['a', 'b', 'c'].map((key) => map.has(key))).toEqual([true, false, true])
  map.set('a', 4)
  map.delete('c')
  expect([map.get('a'), map.get('c')]).toEqual([4, undefined])
})

describe('a resolver', () => {
  const servers = () => memoryIdServers(...numbers(0, 40).map((n) => `s${n}.com`))
  let store: IdentityStore
  const clock = createVirtualClock()

  function signed(name: string, key = aliceKey, revision = 1): Promise<SignedIdentity> {
    return signIdentity(identityFields({ sources: [`http://s0.com/${name}.xml`], revision }), key)
  }

  function newResolver(keep: Fingerprint[], maxSeen: number, sources = servers()): Resolver {
    store = memoryIdentityStore()
    return createResolver({ sources: [sources], store, clock, maxSeen, keep: () => keep })
  }

  test('remembers so many strangers, and those in use for ever', async () => {
    const { fingerprint } = aliceKey.publicKey
    const resolver = newResolver([fingerprint], 1)
    const alice = await signed('alice')
    const idurl = parseIdurl('http://s0.com/alice.xml')
    await resolver.accept(alice.bytes, { servedBy: idurl })
    for (const [name, key] of [
      ['bob', bobKey],
      ['mallory', malloryKey],
    ] as const)
      await resolver.accept((await signed(name, key)).bytes)
    expect(await names(store, 'identity/')).toEqual([fingerprint, malloryKey.publicKey.fingerprint].sort())
    expect(await names(store, 'pin/')).toEqual([idurl])
    expect((await resolver.known(bobKey.publicKey.fingerprint))?.revision).toBeUndefined()
    expect(resolver.primary(bobKey.publicKey.fingerprint)).toBeUndefined()
    expect((await resolver.known(fingerprint))?.revision).toBe(1)
  })

  test('T05 addresses are remembered longer than documents: a key does not change meanwhile', async () => {
    const resolver = newResolver([], 1)
    const idurl = parseIdurl('http://s0.com/alice.xml')
    await resolver.accept((await signed('alice')).bytes, { servedBy: idurl })
    await resolver.accept((await signed('bob', bobKey)).bytes, { servedBy: parseIdurl('http://s0.com/bob.xml') })
    expect(await names(store, 'identity/')).toEqual([bobKey.publicKey.fingerprint])
    const forged = await signed('alice', malloryKey, 9)
    await expectCode('IdentityKeyChanged', () => resolver.accept(forged.bytes, { servedBy: idurl }))
    expect((await resolver.accept((await signed('alice')).bytes, { servedBy: idurl })).fingerprint).toBe(
      aliceKey.publicKey.fingerprint,
    )
  })

  test('tells what it knows without asking anybody, and what is newer', async () => {
    const resolver = newResolver([], 10)
    const { fingerprint } = aliceKey.publicKey
    const told: number[] = []
    const end = resolver.onNewer(({ revision }) => told.push(revision))
    expect(await resolver.known(fingerprint)).toBeUndefined()
    const first = await signed('alice')
    await resolver.accept(first.bytes)
    await resolver.accept(first.bytes)
    await resolver.accept((await signed('alice', aliceKey, 3)).bytes)
    await expectCode('IdentityRollback', async () => resolver.accept((await signed('alice', aliceKey, 2)).bytes))
    expect(told).toEqual([1, 3])
    expect((await resolver.known(fingerprint))?.revision).toBe(3)
    end()
    await resolver.accept((await signed('alice', aliceKey, 4)).bytes)
    expect(told).toEqual([1, 3])
  })

  test('a known IDURL is answered from memory, without the store', async () => {
    const resolver = newResolver([], 10)
    const idurl = parseIdurl('http://s0.com/alice.xml')
    await resolver.accept((await signed('alice')).bytes, { servedBy: idurl })
    let reads = 0
    const { get } = store
    store.get = async (key) => {
      reads += 1
      return get(key)
    }
    for (const _ of numbers(0, 100)) await resolver.resolve(idurl)
    expect(await resolver.sameIdentity(idurl, idurl)).toBe(true)
    expect(reads).toBe(0)
  })
})
