import type { RsaPrivateKey } from '@bitdust/crypto'
import { createVirtualClock, type VirtualClock } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  createResolver,
  type IdentitySource,
  type IdentityStore,
  memoryIdentityStore,
  parseIdurl,
  type Resolver,
  type SignedIdentity,
  signIdentity,
} from '../src/index.ts'
import { expectCode } from './expect-code.ts'
import { identityFields } from './identity-fields.ts'
import { type MemoryIdServers, memoryIdServers } from './memory-id-servers.ts'
import { aliceKey, bobKey, malloryKey } from './test-keys.ts'

const ONE = 'http://first-machine.com/alice.xml'
const TWO = 'http://server-two.net/alice.xml'
const THREE = 'http://host3.org/alice.xml'
const one = parseIdurl(ONE)
const two = parseIdurl(TWO)
const three = parseIdurl(THREE)
const alice = aliceKey.publicKey.fingerprint
const FRESH_MS = 300_000

let servers: MemoryIdServers
let store: IdentityStore
let clock: VirtualClock
let resolver: Resolver
/** What the DHT has; undefined: it cannot be reached. */
let dht: Uint8Array | null | undefined

const dhtSource: IdentitySource = {
  name: 'dht',
  async fetch(query) {
    if ('idurl' in query) return null
    if (dht === undefined) throw new Error('no route')
    return dht
  },
}

beforeEach(() => {
  servers = memoryIdServers('first-machine.com', 'server-two.net', 'host3.org')
  store = memoryIdentityStore()
  clock = createVirtualClock()
  dht = null
  resolver = newResolver()
})

function newResolver(): Resolver {
  return createResolver({ sources: [servers, dhtSource], store, clock })
}

function sign(
  revision: number,
  sources = [ONE, TWO],
  key: RsaPrivateKey = aliceKey,
  version = '',
): Promise<SignedIdentity> {
  return signIdentity(identityFields({ revision, sources, version }), key)
}

function plant({ bytes }: SignedIdentity, ...idurls: string[]): void {
  for (const idurl of idurls) servers.plant(idurl, bytes)
}

/** Everything in the store, to compare before and after. */
async function contents(): Promise<Record<string, string>> {
  const entries: Record<string, string> = {}
  for await (const key of store.list('')) entries[key] = Buffer.from((await store.get(key)) ?? []).toString('hex')
  return entries
}

describe('resolve', () => {
  test('an IDURL is asked once, then the answer is known while it is fresh', async () => {
    plant(await sign(1), ONE, TWO)
    expect((await resolver.resolve(one)).revision).toBe(1)
    const asked = servers.asked.length
    expect((await resolver.resolve(one)).revision).toBe(1)
    expect((await resolver.resolve(two)).revision).toBe(1)
    expect((await resolver.resolve({ fingerprint: alice })).revision).toBe(1)
    expect(servers.asked).toHaveLength(asked)
    expect((await resolver.resolve(one, { fresh: true })).revision).toBe(1)
    expect(servers.asked).toHaveLength(asked + 1)
  })

  test('after its time a document is asked for again', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    plant(await sign(2), ONE, TWO)
    await clock.advance(FRESH_MS - 1)
    expect((await resolver.resolve(one)).revision).toBe(1)
    await clock.advance(1)
    expect((await resolver.resolve(one)).revision).toBe(2)
  })

  test.each([-10 * 365 * 86_400_000, -600_000, 600_000, 10 * 365 * 86_400_000])(
    'T59 a jump of the wall clock by %i ms makes nothing fresh, and nothing stale',
    async (jumpMs) => {
      plant(await sign(1), ONE)
      await resolver.resolve(one)
      clock.jump(jumpMs)
      plant(await sign(2), ONE)
      expect((await resolver.resolve(one)).revision).toBe(1)
      await clock.advance(FRESH_MS)
      expect((await resolver.resolve(one)).revision).toBe(2)
    },
  )

  test('T59 the newest document is that of the highest revision, whatever the dates say', async () => {
    const dated = async (revision: number, date: string) =>
      (await signIdentity(identityFields({ revision, date }), aliceKey)).bytes
    await resolver.accept(await dated(1, 'Sat Dec 13 14:08:36 2036'))
    expect((await resolver.accept(await dated(2, 'Sat Dec 13 14:08:36 1986'))).revision).toBe(2)
    await expectCode('IdentityRollback', async () => resolver.accept(await dated(1, 'Sat Dec 13 14:08:36 2046')))
  })

  test('rotation: the old IDURL is dead, the second source knows the new one', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    servers.kill('first-machine.com')
    plant(await sign(2, [THREE, TWO]), TWO, THREE)
    const moved = await resolver.resolve(one, { fresh: true })
    expect(moved.sources[0]).toBe(THREE)
    expect(resolver.primary(alice)).toBe(THREE)
    expect(await resolver.sameIdentity(one, three)).toBe(true)
  })

  test('rotation survives a restart: the store remembers whose the dead IDURL was', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    servers.kill('first-machine.com')
    plant(await sign(2, [THREE, TWO]), TWO, THREE)
    expect((await newResolver().resolve(one)).sources[0]).toBe(THREE)
  })

  test('every ID-server died: the DHT has the document of the key', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    servers.kill('first-machine.com')
    servers.kill('server-two.net')
    dht = (await sign(2, [THREE])).bytes
    expect((await resolver.resolve(one, { fresh: true })).sources).toEqual([THREE])
    expect((await newResolver().resolve({ fingerprint: alice })).revision).toBe(2)
  })

  test('a key never seen before is found in the DHT', async () => {
    dht = (await sign(3)).bytes
    expect((await resolver.resolve({ fingerprint: alice })).revision).toBe(3)
  })

  test('the DHT serves somebody else', async () => {
    dht = (await sign(3, [ONE], malloryKey)).bytes
    await expectCode('IdentitySourcesDisagree', () => resolver.resolve({ fingerprint: alice }))
    expect(await contents()).toEqual({})
  })

  test('nobody can be asked: what is known is returned, but not as fresh', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    servers.kill('first-machine.com')
    servers.kill('server-two.net')
    dht = undefined
    await clock.advance(FRESH_MS)
    expect((await resolver.resolve(one)).revision).toBe(1)
    expect((await resolver.resolve({ fingerprint: alice })).revision).toBe(1)
    await expectCode('Timeout', () => resolver.resolve(one, { fresh: true }))
    await expectCode('Timeout', () => resolver.resolve({ fingerprint: alice }, { fresh: true }))
  })

  test('nothing is there, or nobody answers', async () => {
    await expectCode('NotFound', () => resolver.resolve(one))
    await expectCode('NotFound', () => resolver.resolve({ fingerprint: alice }))
    servers.kill('first-machine.com')
    dht = undefined
    await expectCode('Timeout', () => resolver.resolve(one))
    await expectCode('Timeout', () => resolver.resolve({ fingerprint: alice }))
  })

  test('garbage on a dead domain does not hide the other sources', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    servers.plant(ONE, new TextEncoder().encode('<html>this domain is for sale</html>'))
    plant(await sign(2, [THREE, TWO]), TWO)
    expect((await resolver.resolve(one, { fresh: true })).revision).toBe(2)
  })

  test('garbage at first sight is told', async () => {
    servers.plant(ONE, new TextEncoder().encode('<html/>'))
    await expectCode('IdentityMalformed', () => resolver.resolve(one))
  })

  test('a private source is refused unless the network is local', async () => {
    const local = 'http://127.0.0.1:8084/alice.xml'
    const document = await sign(1, [local])
    await expectCode('IdentityMalformed', () => resolver.accept(document.bytes))
    const onThisMachine = createResolver({ sources: [], store, clock, allowPrivate: true })
    expect((await onThisMachine.accept(document.bytes)).sources).toEqual([local])
  })

  test('an abort ends it with the reason of the signal', async () => {
    plant(await sign(1), ONE)
    const reason = new Error('enough')
    await expect(resolver.resolve(one, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const slow: IdentitySource = {
      name: 'slow',
      fetch: (_query, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    }
    const pending = createResolver({ sources: [slow], store, clock }).resolve(one, { signal: controller.signal })
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
  })
})

describe('first sight', () => {
  test('the newest of all sources is taken', async () => {
    plant(await sign(1), ONE)
    plant(await sign(2, [THREE, ONE]), TWO)
    plant(await sign(2, [TWO, ONE]), TWO)
    expect((await resolver.resolve(one)).revision).toBe(2)
  })

  test('T05 two sources with different keys: nobody is believed, nothing is kept', async () => {
    plant(await sign(1), ONE)
    plant(await sign(9, [ONE, TWO], malloryKey), TWO)
    await expectCode('IdentitySourcesDisagree', () => resolver.resolve(one))
    expect(await contents()).toEqual({})
  })

  test('a stranger lists the IDURL of another among his sources: it stays the other one’s', async () => {
    plant(await sign(1, [THREE]), THREE)
    await resolver.resolve(three)
    const before = await contents()
    plant(await signIdentity(identityFields({ sources: [ONE, THREE] }), malloryKey), ONE)
    await expectCode('IdentitySourcesDisagree', () => resolver.resolve(one))
    expect(await contents()).toEqual(before)
    const accepted = await resolver.accept(
      (await signIdentity(identityFields({ sources: [ONE, THREE] }), malloryKey)).bytes,
    )
    expect(accepted.fingerprint).toBe(malloryKey.publicKey.fingerprint)
    expect((await resolver.resolve(three)).fingerprint).toBe(alice)
  })

  test('a copy on a stranger’s server makes his address no alias', async () => {
    const stolen = 'http://mallory.com/alice.xml'
    const withStolen = memoryIdServers('mallory.com', 'first-machine.com')
    withStolen.plant(stolen, (await sign(1)).bytes)
    const its = createResolver({ sources: [withStolen], store, clock })
    await expectCode('IdentitySourcesDisagree', () => its.resolve(parseIdurl(stolen)))
    expect(await contents()).toEqual({})
  })

  test('a source that never answers does not hold up the first contact', async () => {
    plant(await sign(1), ONE)
    const hanging: IdentitySource = {
      name: 'http',
      fetch: (query, options) =>
        'idurl' in query && query.idurl === two
          ? new Promise((_resolve, reject) =>
              options.signal.addEventListener('abort', () => reject(options.signal.reason)),
            )
          : servers.fetch(query, options),
    }
    const pending = createResolver({ sources: [hanging], store, clock }).resolve(one)
    await clock.advance(5_000)
    expect((await pending).revision).toBe(1)
  })
})

describe('a lying ID-server', () => {
  test('T05 attacker key, same IDURL, higher revision: the pin is kept', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    const before = await contents()
    plant(await sign(9, [ONE, TWO], malloryKey), ONE, TWO)
    await clock.advance(FRESH_MS)
    await expectCode('IdentityKeyChanged', () => resolver.resolve(one))
    // Traffic to that IDURL stops, although the old document is known.
    await expectCode('IdentityKeyChanged', () => resolver.resolve(one))
    await expectCode('IdentityKeyChanged', () => newResolver().resolve(one))
    expect(await contents()).toEqual(before)
  })

  test('T05 the user decides', async () => {
    plant(await sign(1, [ONE]), ONE)
    await resolver.resolve(one)
    plant(await sign(9, [ONE], malloryKey), ONE)
    await expectCode('IdentityKeyChanged', () => resolver.resolve(one, { fresh: true }))
    await resolver.forgetPin(one)
    expect((await resolver.resolve(one)).fingerprint).toBe(malloryKey.publicKey.fingerprint)
  })

  test('T05 the right key comes back', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    plant(await sign(9, [ONE, TWO], malloryKey), ONE)
    await expectCode('IdentityKeyChanged', () => resolver.resolve(one, { fresh: true }))
    plant(await sign(2), ONE)
    expect((await resolver.resolve(one)).revision).toBe(2)
  })

  test('T05 who asks by fingerprint is served by the honest source', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    plant(await sign(9, [ONE, TWO], malloryKey), ONE)
    plant(await sign(2), TWO)
    expect((await resolver.resolve({ fingerprint: alice }, { fresh: true })).revision).toBe(2)
  })

  test('T06 an older revision after a newer one', async () => {
    plant(await sign(5), ONE, TWO)
    await resolver.resolve(one)
    const before = await contents()
    plant(await sign(4), ONE, TWO)
    await expectCode('IdentityRollback', () => resolver.resolve(one, { fresh: true }))
    await clock.advance(FRESH_MS)
    await expectCode('IdentityRollback', () => newResolver().resolve(one))
    expect(await contents()).toEqual(before)
  })

  test('T06 an older revision on one source only: the other confirms the newer', async () => {
    plant(await sign(5), ONE, TWO)
    await resolver.resolve(one)
    plant(await sign(4), ONE)
    expect((await resolver.resolve(one, { fresh: true })).revision).toBe(5)
  })

  test('T06 the same revision with other bytes', async () => {
    plant(await sign(5), ONE, TWO)
    await resolver.resolve(one)
    const before = await contents()
    plant(await sign(5, [ONE, TWO], aliceKey, 'other'), ONE, TWO)
    await expectCode('IdentitySourcesDisagree', () => resolver.resolve(one, { fresh: true }))
    expect(await contents()).toEqual(before)
  })

  test('T06 a document without revision never replaces a numbered one', async () => {
    await resolver.accept((await sign(1)).bytes)
    const unnumbered = await sign(0)
    await expectCode('IdentityRollback', () => resolver.accept(unnumbered.bytes, { servedBy: one }))
  })
})

describe('accept', () => {
  test('a newer document replaces an older one, and only being served makes an alias', async () => {
    await resolver.accept((await sign(1)).document)
    expect(resolver.primary(alice)).toBe(ONE)
    expect(Object.keys(await contents())).toEqual([`identity/${alice}`])
    await resolver.accept((await sign(2)).bytes, { servedBy: two })
    expect(Object.keys(await contents())).toContain(`pin/${TWO}`)
    expect(Object.keys(await contents())).not.toContain(`pin/${ONE}`)
  })

  test('a stranger who repeats what is known does not make it fresh', async () => {
    plant(await sign(1), ONE, TWO)
    const { bytes } = await resolver.resolve(one)
    await clock.advance(FRESH_MS - 1)
    await resolver.accept(bytes)
    await clock.advance(1)
    plant(await sign(2), ONE, TWO)
    expect((await resolver.resolve(one)).revision).toBe(2)
  })

  test('T05 a document whose first source is pinned to another key', async () => {
    plant(await sign(1), ONE, TWO)
    await resolver.resolve(one)
    await expectCode('IdentityKeyChanged', async () => resolver.accept((await sign(9, [ONE], malloryKey)).bytes))
  })

  test('a forged document object is verified again', async () => {
    const { document } = await sign(1)
    const forged = { ...document, bytes: document.bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte)) }
    await expect(resolver.accept(forged)).rejects.toMatchObject({ code: expect.stringMatching(/^Identity/) })
  })

  test('law: whatever the order of arrival, the highest revision stays', async () => {
    const documents = await Promise.all([1, 2, 3, 4].map((revision) => sign(revision)))
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(documents, { minLength: 1 }), async (arriving) => {
        const own = createResolver({ sources: [], store: memoryIdentityStore(), clock })
        await Promise.all(arriving.map(({ bytes }) => own.accept(bytes).catch(() => undefined)))
        const highest = Math.max(...arriving.map(({ document }) => document.revision))
        expect((await own.resolve({ fingerprint: alice })).revision).toBe(highest)
      }),
      { numRuns: 30 },
    )
  })

  test('a damaged cache is as good as none; the pin still guards the key', async () => {
    plant(await sign(3, [ONE]), ONE)
    await resolver.resolve(one)
    await store.put(`identity/${alice}`, new TextEncoder().encode('rot'))
    plant(await sign(4, [ONE]), ONE)
    expect((await newResolver().resolve(one)).revision).toBe(4)
    await store.put(`identity/${alice}`, new TextEncoder().encode('rot'))
    plant(await sign(9, [ONE], malloryKey), ONE)
    await expectCode('IdentityKeyChanged', () => newResolver().resolve(one))
  })

  test('many identities: those out of memory are read from the store', async () => {
    const bob = await signIdentity(identityFields({ sources: [THREE.replace('alice', 'bob')] }), bobKey)
    await resolver.accept(bob.bytes)
    expect(await newResolver().resolve({ fingerprint: bobKey.publicKey.fingerprint })).toMatchObject({ revision: 1 })
  })
})

test('sameIdentity resolves what it does not know', async () => {
  plant(await sign(1), ONE, TWO)
  plant(await signIdentity(identityFields({ sources: [THREE] }), bobKey), THREE)
  expect(await resolver.sameIdentity(one, one)).toBe(true)
  expect(await resolver.sameIdentity(one, two)).toBe(true)
  expect(await resolver.sameIdentity(one, three)).toBe(false)
  await expectCode('NotFound', () => resolver.sameIdentity(one, parseIdurl('http://host3.org/carol.xml')))
})
