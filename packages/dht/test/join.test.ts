import { generateDeviceKey, type RsaPrivateKey } from '@bitdust/crypto'
import { peerIdOfDevice } from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import { createVirtualClock, type VirtualClock } from '@bitdust/testing'
import type { Stream } from '@libp2p/interface'
import { MessageType } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createGuard } from '../src/guard.ts'
import { createDht, MAX_VALUE_BYTES, memorySequenceStore } from '../src/index.ts'
import { createKad, VALUES_PREFIX } from '../src/kad.ts'
import { encodeDhtKey } from '../src/key.ts'
import { LimitedDatastore } from '../src/limited-datastore.ts'
import { PEER_TIMEOUT_MS } from '../src/limits.ts'
import { encodeDhtValue } from '../src/value.ts'
import { type Attacker, attack } from './support/attacker.ts'
import { testKey } from './support/keys.ts'
import { hostFor, type JoinOptions, join, type Member, until } from './support/network.ts'
import { identityOf } from './support/records.ts'

const HOUR_MS = 3_600_000

let key: RsaPrivateKey
let fingerprint: RsaPrivateKey['publicKey']['fingerprint']
const started: (() => Promise<void>)[] = []

beforeAll(async () => {
  key = await testKey(0)
  fingerprint = key.publicKey.fingerprint
})

afterEach(async () => {
  await Promise.all(started.splice(0).map((stop) => stop()))
})

async function member(seeds: readonly string[], options?: JoinOptions): Promise<Member> {
  const joined = await join(seeds, options)
  started.push(joined.stop)
  return joined
}

async function attacker(seeds: readonly string[]): Promise<Attacker> {
  const joined = await attack(seeds, { hidden: true })
  started.push(() => joined.carrier.stop())
  return joined
}

/** Virtual time goes on while something happens for real, slowly enough for questions to end before their time limit. */
async function whileTimePasses(clock: VirtualClock, what: string, holds: () => boolean | Promise<boolean>) {
  await until(what, async () => {
    await clock.advance(100)
    return holds()
  })
}

/** Waits until a node on a virtual clock is ready. */
async function readyOn(clock: VirtualClock, { dht }: Member): Promise<void> {
  let isReady = false
  const waiting = dht.ready().then(() => {
    isReady = true
  })
  await whileTimePasses(clock, 'the node is ready', () => isReady)
  await waiting
}

/** A clock that can leave out a span of time, as one does that sleeps with its machine: ticking through 12 h takes long. */
function skippingClock() {
  const clock = createVirtualClock()
  let skipped = 0
  return Object.assign(clock, {
    monotonic: (
      (inner) => () =>
        inner() + skipped
    )(clock.monotonic),
    async skip(ms: number) {
      skipped += ms
      await clock.advance(1_000)
    },
  })
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => `${error.code}`,
  )

const storedBy = (asker: Attacker, { carrier }: Member) =>
  asker.stored(carrier, encodeDhtKey({ kind: 'identity', id: fingerprint }))

describe('entering the network', () => {
  test('a node tries dead seeds again, at longer and longer pauses, and joins when one comes', async () => {
    const deviceKey = await generateDeviceKey()
    const seed = await member([], { deviceKey })
    const seeds = seed.carrier.addresses()
    await seed.stop()
    const clock = createVirtualClock()
    const failures: unknown[] = []
    const late = await member(seeds, { clock, onError: (error) => failures.push(error) })
    await until('the first attempt', () => failures.length === 1)
    await clock.advance(1_000)
    await until('the second attempt', () => failures.length === 2)
    await clock.advance(1_000)
    expect(failures).toHaveLength(2)
    await clock.advance(1_000)
    await until('the third attempt', () => failures.length === 3)
    const back = await member([], { deviceKey, port: seed.port })
    await whileTimePasses(clock, 'the node joined', () => late.dht.size === 1)
    await whileTimePasses(clock, 'the seed knows the node', () => back.dht.size === 1)
  })

  test('a node whose connections are all gone enters again, whoever is still in its table', async () => {
    const clock = createVirtualClock()
    const first = await member([])
    const deviceKey = await generateDeviceKey()
    const second = await member([], { deviceKey })
    const seeds = [...first.carrier.addresses(), ...second.carrier.addresses()]
    await second.stop()
    const node = await member(seeds, { clock })
    await until('the node joined', () => node.dht.size === 1)
    await first.stop()
    await until('the connection is gone', () => node.carrier.libp2p.getPeers().length === 0)
    expect(node.dht.size).toBe(1)
    const back = await member([], { deviceKey, port: second.port })
    await whileTimePasses(clock, 'the other seed knows the node', () => back.dht.size === 1)
  })

  test('a seed that is connected and missed its first ping is not given up', async () => {
    const PING = '/ipfs/ping/1.0.0'
    const clock = createVirtualClock()
    const seed = await member([])
    // Under the same name, or libp2p would tell of the change.
    const { libp2p } = seed.carrier
    let missed = 0
    const miss = (stream: Stream) => {
      stream.abort(new Error('busy'))
      missed++
    }
    await libp2p.handle(PING, miss, { force: true })
    const failures: unknown[] = []
    const node = await member(seed.carrier.addresses(), { clock, onError: (error) => failures.push(error) })
    await until('the attempt failed', () => failures.length === 1 && missed > 0)
    expect(node.carrier.libp2p.getPeers()).toHaveLength(1)
    const echo = async (stream: Stream) => {
      for await (const chunk of stream) stream.send(chunk)
    }
    await libp2p.handle(PING, echo, { force: true })
    await whileTimePasses(clock, 'the node joined', () => node.dht.size === 1)
  })

  test('one good seed is enough, among dead ones, nonsense and the node itself', async () => {
    const seed = await member([])
    const deviceKey = await generateDeviceKey()
    const own = `/ip4/127.0.0.1/tcp/1/p2p/${peerIdOfDevice(deviceKey.publicKey.bytes)}`
    const dead = `/ip4/127.0.0.1/tcp/1/p2p/${peerIdOfDevice(key.publicKey.spki.slice(-32))}`
    const node = await member([own, dead, 'nonsense', ...seed.carrier.addresses()], { deviceKey })
    await node.dht.ready()
    expect(node.dht.size).toBe(1)
  })

  test('a node whose only seed is itself waits for others, without complaint', async () => {
    const deviceKey = await generateDeviceKey()
    const failures: unknown[] = []
    const own = `/ip4/127.0.0.1/tcp/1/p2p/${peerIdOfDevice(deviceKey.publicKey.bytes)}`
    const seed = await member([own], { deviceKey, onError: (error) => failures.push(error) })
    const node = await member(seed.carrier.addresses())
    await Promise.all([seed.dht.ready(), node.dht.ready()])
    expect(failures).toEqual([])
  })

  test('ready waits until the neighbours answered', async () => {
    const seed = await attack([])
    started.push(() => seed.carrier.stop())
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    seed.answer(MessageType.FIND_NODE, async () => {
      asked.resolve()
      await answer.promise
      return { type: MessageType.FIND_NODE, closer: [], providers: [] }
    })
    const node = await member(seed.carrier.addresses())
    let isReady = false
    const waiting = node.dht.ready().then(() => {
      isReady = true
    })
    await asked.promise
    await systemClock.sleep(100)
    expect([node.dht.size, isReady]).toEqual([1, false])
    // A question that is asked all the same does not wait for that.
    const start = performance.now()
    expect(await node.dht.findIdentity(fingerprint)).toBeNull()
    expect(performance.now() - start).toBeLessThan(PEER_TIMEOUT_MS.minTimeout - 500)
    answer.resolve()
    await waiting
  })

  test('ready says Timeout after 15 s, and so does at once every question while nobody is known', async () => {
    const clock = createVirtualClock()
    const { dht } = await member([], { clock })
    const waiting = codeOf(dht.ready())
    await clock.advance(14_900)
    expect(await Promise.race([waiting, 'waiting'])).toBe('waiting')
    await clock.advance(200)
    expect(await waiting).toBe('Timeout')
    expect(await codeOf(dht.findIdentity(fingerprint))).toBe('Timeout')
    expect(await codeOf(dht.findFamily(fingerprint))).toBe('Timeout')
    expect(await codeOf(Array.fromAsync(dht.walk()))).toBe('Timeout')
  })

  test('when none of the known nodes answers, nothing is said about the record', async () => {
    const seed = await member([])
    const node = await member(seed.carrier.addresses())
    await node.dht.ready()
    await seed.stop()
    expect(node.dht.size).toBe(1)
    expect(await codeOf(node.dht.findIdentity(fingerprint))).toBe('Timeout')
    expect(await node.dht.publishIdentity(fingerprint, await identityOf(key, 1))).toEqual({ stored: 0 })
    expect(await Array.fromAsync(node.dht.walk())).toEqual([])
  })

  test('a node that is gone is not asked again, once others answered', async () => {
    const seed = await member([])
    const [one, other] = await Promise.all([member(seed.carrier.addresses()), member(seed.carrier.addresses())])
    await Promise.all([one.dht.ready({ peers: 2 }), other.dht.ready({ peers: 2 })])
    await other.stop()
    expect(one.dht.size).toBe(2)
    expect(await one.dht.findIdentity(fingerprint)).toBeNull()
    await until('the other one is forgotten', () => one.dht.size === 1)
  })

  test('a client asks and is never asked', async () => {
    const seed = await member([])
    const client = await member(seed.carrier.addresses(), { clientMode: true })
    const owner = await member(seed.carrier.addresses())
    await Promise.all([owner.dht.ready(), client.dht.ready()])
    const xml = await identityOf(key, 1)
    expect(await owner.dht.publishIdentity(fingerprint, xml)).toEqual({ stored: 1 })
    expect(await client.dht.findIdentity(fingerprint)).toEqual(xml)
  })
})

describe('keeping records published', () => {
  test('again every 12 h, so that a node without memory has it again', async () => {
    const clock = skippingClock()
    const owner = await member([], { clock })
    const before = await member(owner.carrier.addresses())
    await readyOn(clock, owner)
    expect(await owner.dht.publishIdentity(fingerprint, await identityOf(key, 1))).toEqual({ stored: 1 })
    const after = await member(owner.carrier.addresses())
    const probe = await attacker(owner.carrier.addresses())
    await Promise.all([after.dht.ready(), before.stop()])
    await until('the owner knows the new node', () => owner.dht.size === 2)
    await clock.skip(11 * HOUR_MS)
    expect(await storedBy(probe, after)).toBeNull()
    await clock.skip(HOUR_MS)
    await whileTimePasses(clock, 'the new node has the record', async () => (await storedBy(probe, after)) !== null)
  })

  test('what nobody could store is published when somebody comes', async () => {
    const clock = createVirtualClock()
    const owner = await member([], { clock })
    expect(await codeOf(owner.dht.publishIdentity(fingerprint, await identityOf(key, 1)))).toBe('Timeout')
    const other = await member(owner.carrier.addresses())
    const probe = await attacker(owner.carrier.addresses())
    await whileTimePasses(clock, 'the record arrived', async () => (await storedBy(probe, other)) !== null)
  })

  test('again when the node enters the network again: those it finds there may have forgotten', async () => {
    const clock = createVirtualClock()
    const deviceKey = await generateDeviceKey()
    const seed = await member([], { deviceKey })
    const owner = await member(seed.carrier.addresses(), { clock })
    await readyOn(clock, owner)
    expect(await owner.dht.publishIdentity(fingerprint, await identityOf(key, 1))).toEqual({ stored: 1 })
    await seed.stop()
    await until('the connection is gone', () => owner.carrier.libp2p.getPeers().length === 0)
    await clock.advance(1_000)
    const back = await member([], { deviceKey, port: seed.port })
    const probe = await attacker(back.carrier.addresses())
    await whileTimePasses(clock, 'the record is back', async () => (await storedBy(probe, back)) !== null)
  })

  test('the newest of one owner alone: a device that published an older one leaves it to the other', async () => {
    const clock = skippingClock()
    const failures: unknown[] = []
    const older = await member([], { clock, onError: (error) => failures.push(error) })
    const newer = await member(older.carrier.addresses())
    await Promise.all([newer.dht.ready(), readyOn(clock, older)])
    await older.dht.publishIdentity(fingerprint, await identityOf(key, 1))
    const xml = await identityOf(key, 2)
    expect(await newer.dht.publishIdentity(fingerprint, xml)).toEqual({ stored: 1 })
    await clock.skip(13 * HOUR_MS)
    await until('the older one is given up', () => failures.length > 0)
    await clock.skip(13 * HOUR_MS)
    expect(failures).toMatchObject([{ code: 'RecordRollback' }])
    expect(await older.dht.findIdentity(fingerprint)).toEqual(xml)
  })

  test('a record that fails the rule is not published', async () => {
    const seed = await member([])
    const node = await member(seed.carrier.addresses())
    await node.dht.ready()
    await node.dht.publishIdentity(fingerprint, await identityOf(key, 2))
    expect(await codeOf(node.dht.publishIdentity(fingerprint, await identityOf(key, 1)))).toBe('RecordRollback')
    expect(await codeOf(node.dht.publishIdentity(fingerprint, new Uint8Array(9)))).toBe('RecordInvalid')
    const large = new Uint8Array(MAX_VALUE_BYTES)
    expect(await codeOf(node.dht.publishFamily(fingerprint, large, key.publicKey.spki))).toBe('LimitExceeded')
    const other = (await testKey(1)).publicKey.fingerprint
    expect(await codeOf(node.dht.publishIdentity(other, await identityOf(key, 3)))).toBe('RecordInvalid')
  })
})

describe('ending', () => {
  test('stop may be called twice, ends what waits, and leaves nothing behind', async () => {
    const clock = createVirtualClock()
    const { dht } = await member([], { clock })
    const waiting = codeOf(dht.ready())
    await Promise.all([dht.stop(), dht.stop()])
    await dht.stop()
    expect(await waiting).toBe('Cancelled')
    expect(clock.sleepers).toBe(0)
    const xml = await identityOf(key, 1)
    const ended = [dht.ready(), dht.findIdentity(fingerprint), dht.publishIdentity(fingerprint, xml)]
    for (const work of [...ended, Array.fromAsync(dht.walk())]) expect(await codeOf(work)).toBe('Cancelled')
    expect(clock.sleepers).toBe(0)
  })

  test('stop during a question', async () => {
    const clock = createVirtualClock()
    const seed = await member([])
    const node = await member(seed.carrier.addresses(), { clock })
    await until('the node joined', () => node.dht.size === 1)
    const works = [node.dht.findIdentity(fingerprint), Array.fromAsync(node.dht.walk())].map(codeOf)
    await node.dht.stop()
    expect(await Promise.all(works)).toEqual(['Cancelled', 'Cancelled'])
    expect(clock.sleepers).toBe(0)
  })

  test('a question that is answered leaves no timer', async () => {
    const clock = createVirtualClock()
    const seed = await member([])
    const node = await member(seed.carrier.addresses(), { clock })
    await readyOn(clock, node)
    await until('only the upkeep sleeps', () => clock.sleepers === 1)
    expect(await node.dht.findIdentity(fingerprint)).toBeNull()
    for await (const _ of node.dht.walk()) break
    expect(clock.sleepers).toBe(1)
  })

  test('a DHT that was never started does nothing, and stops', async () => {
    const dht = createDht({ seeds: [], sequences: memorySequenceStore(), clock: createVirtualClock() })
    expect(dht.size).toBe(0)
    expect(await codeOf(dht.findIdentity(fingerprint))).toBe('Cancelled')
    await dht.stop()
  })

  test('a signal ends a question with its reason', async () => {
    const seed = await member([])
    const node = await member(seed.carrier.addresses())
    await node.dht.ready()
    const reason = new Error('enough')
    const aborted = AbortSignal.abort(reason)
    const walk = node.dht.walk({ signal: aborted })
    await expect(node.dht.findIdentity(fingerprint, { signal: aborted })).rejects.toBe(reason)
    await expect(node.dht.ready({ signal: aborted, peers: 9 })).rejects.toBe(reason)
    await expect(Array.fromAsync(walk)).rejects.toBe(reason)
    const later = new AbortController()
    const finding = node.dht.findIdentity(fingerprint, { signal: later.signal })
    later.abort(reason)
    await expect(finding).rejects.toBe(reason)
    expect(node.dht.size).toBe(1)
  })
})

describe('what strangers may fill', () => {
  test('so many values of one peer are stored, and nothing that is no value', async () => {
    const guard = createGuard({ sequences: memorySequenceStore(), allowPrivate: true, clock: systemClock })
    const values = new LimitedDatastore({ clock: createVirtualClock(), prefix: VALUES_PREFIX, maxValuesPerPeer: 2 })
    const host = await hostFor((components) =>
      createKad(components, { guard, values, allowPrivate: true, clientMode: false }),
    )
    await host.start()
    started.push(() => host.stop())
    const [greedy, modest] = [await attacker(host.addresses()), await attacker(host.addresses())]
    const put = async (peer: Attacker, index: number) => {
      const owner = await testKey(index)
      const name = { kind: 'identity' as const, id: owner.publicKey.fingerprint }
      const value = encodeDhtValue('identity', await identityOf(owner, 1))
      return peer.put(host, encodeDhtKey(name), value)
    }
    expect([await put(greedy, 0), await put(greedy, 1), await put(greedy, 2)]).toEqual([true, true, false])
    expect([await put(greedy, 0), await put(modest, 2)]).toEqual([true, true])
    const multiaddrs = greedy.carrier.libp2p.getMultiaddrs().map(({ bytes }) => bytes)
    const provider = { id: peerIdFromString(greedy.carrier.peerId).toMultihash().bytes, multiaddrs }
    const cid = Uint8Array.of(1, 0x55, 0x12, 0x20, ...new Uint8Array(32))
    await greedy.tell(host, { type: MessageType.ADD_PROVIDER, key: cid, providers: [provider] })
    expect(await Array.fromAsync(values.queryKeys({}))).toHaveLength(3)
  })
})
