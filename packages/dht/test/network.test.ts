import { type RsaPrivateKey, utf8Decode, utf8Encode } from '@bitdust/crypto'
import { parseIdurl } from '@bitdust/identity'
import { MessageType } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dhtIdentitySource } from '../src/index.ts'
import { encodeDhtKey } from '../src/key.ts'
import { encodeDhtValue } from '../src/value.ts'
import { type Attacker, attack } from './support/attacker.ts'
import { testKey } from './support/keys.ts'
import { join, type Member } from './support/network.ts'
import { familyOf, identityOf } from './support/records.ts'

/** 30 % lie. In the long run it is the network of the catalogue, which takes minutes. */
const [HONEST, LYING] = process.env.BITDUST_LONG === '1' ? [35, 15] : [14, 6]
const HOOK_TIMEOUT_MS = 300_000
const LONG_TEST_TIMEOUT_MS = 300_000

/** In the order of their coming; the first is the seed. */
const honest: Member[] = []
const liars: Attacker[] = []
let probe: Attacker
/** Records of the owners that were replaced, by key. */
const old = new Map<string, Uint8Array>()
let owners: RsaPrivateKey[]

beforeAll(async () => {
  owners = await Promise.all([0, 1].map(testKey))
  for (const owner of owners) old.set(utf8Decode(encodeDhtKey(nameOf(owner))), await signedValue(owner, 1))
  const seed = await join([])
  const seeds = seed.carrier.addresses()
  honest.push(seed)
  // A few at a time: all at once would be a test of this machine.
  while (honest.length < HONEST) {
    const count = Math.min(3, HONEST - honest.length)
    const added = await Promise.all(Array.from({ length: count }, () => join(seeds)))
    honest.push(...added)
    await Promise.all(added.map(({ dht }) => dht.ready()))
  }
  while (liars.length < LYING) liars.push(await attack(seeds))
  probe = await attack(seeds, { hidden: true })
}, HOOK_TIMEOUT_MS)

afterAll(async () => {
  await Promise.all(honest.map((member) => member.stop()))
  await Promise.all([...liars, probe].map(({ carrier }) => carrier.stop()))
}, HOOK_TIMEOUT_MS)

const nameOf = (owner: RsaPrivateKey) => ({ kind: 'identity' as const, id: owner.publicKey.fingerprint })

const signedValue = async (owner: RsaPrivateKey, revision: number) =>
  encodeDhtValue('identity', await identityOf(owner, revision))

const publish = async (member: Member, owner: RsaPrivateKey, revision: number) =>
  member.dht.publishIdentity(owner.publicKey.fingerprint, await identityOf(owner, revision))

async function findRevision(member: Member, owner: RsaPrivateKey): Promise<number | null> {
  const xml = await member.dht.findIdentity(owner.publicKey.fingerprint)
  return xml === null ? null : Number(/<revision>(\d+)</.exec(utf8Decode(xml))?.[1])
}

const allCarriers = () => [...honest, ...liars].map(({ carrier }) => carrier)
const allPeerIds = () => allCarriers().map(({ peerId }) => peerId)

describe('a network', () => {
  test('a publication counts the other nodes which really have it', async () => {
    const [owner] = owners as [RsaPrivateKey]
    const publisher = honest[1]!
    // Says yes and means nothing.
    const yes = { type: MessageType.PUT_VALUE, closer: [], providers: [] }
    for (const liar of liars) liar.answer(MessageType.PUT_VALUE, async ({ key }) => ({ ...yes, key }))
    const { stored } = await publish(publisher, owner, 1)
    const holders: string[] = []
    for (const carrier of allCarriers())
      if ((await probe.stored(carrier, encodeDhtKey(nameOf(owner)))) !== null) holders.push(carrier.peerId)
    expect(holders).toContain(publisher.carrier.peerId)
    expect(stored).toBe(holders.length - 1)
    // Eight were asked, and six may say so without doing it.
    expect(stored).toBeGreaterThanOrEqual(2)
  })

  test('what one publishes, others find: identities, also as a source of the resolver, and families', async () => {
    const [owner] = owners as [RsaPrivateKey]
    const { fingerprint, spki } = owner.publicKey
    const [family, signal] = [await familyOf(owner, 1), AbortSignal.timeout(20_000)]
    await honest[2]!.dht.publishFamily(fingerprint, family, spki)
    expect(await honest[9]!.dht.findFamily(fingerprint)).toEqual(family)
    expect(await findRevision(honest[9]!, owner)).toBe(1)
    const source = dhtIdentitySource(honest[9]!.dht)
    expect(await source.fetch({ fingerprint }, { signal })).toEqual(await honest[9]!.dht.findIdentity(fingerprint))
    const idurl = parseIdurl('http://127.0.0.1:8084/alice.xml', { allowPrivate: true })
    expect(await source.fetch({ idurl }, { signal })).toBeNull()
  })

  test('a missing key is null, without waiting for anybody', async () => {
    const { fingerprint } = (await testKey(5)).publicKey
    const start = performance.now()
    expect(await honest[3]!.dht.findIdentity(fingerprint)).toBeNull()
    expect(await honest[4]!.dht.findFamily(fingerprint)).toBeNull()
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  test('a walk meets every other node once, and nobody whom a liar made up', async () => {
    const walker = honest[5]!
    const honestAgain = liars.slice(0, 2).map((liar) => liar.invent())
    const met = await Array.fromAsync(walker.dht.walk())
    for (const stop of honestAgain) stop()
    const others = allPeerIds().filter((peerId) => peerId !== walker.carrier.peerId)
    expect(met.map(({ peerId }) => peerId).toSorted()).toEqual(others.toSorted())
    for (const { addresses } of met) expect(addresses[0]).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/)
  })

  test('a walk ends where its reader stops reading', async () => {
    for await (const { peerId } of honest[6]!.dht.walk()) {
      expect(allPeerIds()).toContain(peerId)
      break
    }
  })
})

describe('30 % of the nodes lie', () => {
  test(
    'T57 every lookup finds the newest, while liars answer with old records, garbage or nothing',
    async () => {
      const old = new Map<string, Uint8Array>()
      for (const owner of owners) old.set(utf8Decode(encodeDhtKey(nameOf(owner))), await signedValue(owner, 1))
      const lies = [(key: string) => old.get(key) ?? null, () => new Uint8Array(100).fill(7), () => null]
      for (const [index, liar] of liars.entries()) liar.claim(lies[index % lies.length]!)
      for (const [index, owner] of owners.entries()) {
        // Honest nodes too may have the old record: those that were away when the newest was published.
        await publish(honest[index]!, owner, 1)
        await publish(honest[index + 1]!, owner, 2)
      }
      for (const reader of honest) for (const owner of owners) expect(await findRevision(reader, owner)).toBe(2)
    },
    LONG_TEST_TIMEOUT_MS,
  )

  test('T56 an old signed identity is refused by every honest node, and readers keep getting the newest', async () => {
    const [owner] = owners as [RsaPrivateKey]
    const [key, old] = [encodeDhtKey(nameOf(owner)), await signedValue(owner, 1)]
    for (const { carrier } of honest) expect(await probe.put(carrier, key, old)).toBe(false)
    // The network's own way of publishing reaches those nearest to the key.
    const kad = probe.carrier.libp2p.services.dht
    for await (const _ of kad.put(key, old, { signal: AbortSignal.timeout(20_000) }));
    for (const reader of honest.filter((_, index) => index % 4 === 0)) expect(await findRevision(reader, owner)).toBe(2)
  })

  test('T56 nothing else than records under the fingerprint of their owner is stored', async () => {
    const [owner, other] = owners as [RsaPrivateKey, RsaPrivateKey]
    const { carrier } = honest[7]!
    const fresh = (await testKey(5)).publicKey.fingerprint
    const key = encodeDhtKey({ kind: 'identity', id: fresh })
    for (const value of [await signedValue(owner, 9), new Uint8Array(100), new Uint8Array(2 ** 20), new Uint8Array()]) {
      expect(await probe.put(carrier, key, value)).toBe(false)
      expect(await probe.stored(carrier, key)).toBeNull()
    }
    const stranger = peerIdFromString(probe.carrier.peerId)
    const publicKeyName = Uint8Array.of(...utf8Encode('/pk/'), ...stranger.toMultihash().bytes)
    expect(await probe.put(carrier, publicKeyName, Uint8Array.of(8, 1, 0x12, 0x20, ...stranger.publicKey!.raw))).toBe(
      false,
    )
    expect(await probe.put(carrier, utf8Encode('/bd-other/x'), await signedValue(other, 9))).toBe(false)
    expect(await probe.put(carrier, new Uint8Array(), new Uint8Array())).toBe(false)
    expect(await probe.tell(carrier, { type: MessageType.PUT_VALUE, key })).toBeNull()
  })

  test('nodes that take questions and never answer, or no correction, hold nobody up for long', async () => {
    const [owner] = owners as [RsaPrivateKey]
    const never = () => new Promise<undefined>(() => undefined)
    for (const liar of liars) {
      liar.claim((key) => old.get(key) ?? null)
      liar.answer(MessageType.PUT_VALUE, never)
    }
    liars[2]!.answer(MessageType.GET_VALUE, never)
    // Remembers nothing, so it takes the old record for the newest until it gets a newer one.
    const newcomer = await join(honest[0]!.carrier.addresses())
    honest.push(newcomer)
    await newcomer.dht.ready()
    const start = performance.now()
    expect(await findRevision(newcomer, owner)).toBe(2)
    expect(performance.now() - start).toBeLessThan(5_500)
  })

  test(
    'after a third of the nodes stopped finds still work',
    async () => {
      const leaving = [...honest.slice(1, 1 + HONEST / 3), ...liars.slice(1, 1 + LYING / 3)]
      await Promise.all(leaving.map((node) => ('stop' in node ? node.stop() : node.carrier.stop())))
      for (const [index, reader] of honest.slice(1 + HONEST / 3).entries())
        expect(await findRevision(reader, owners[index % owners.length]!)).toBe(2)
    },
    LONG_TEST_TIMEOUT_MS,
  )
})
