import { createVirtualClock, type VirtualClock } from '@bitdust/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createPublisher,
  createRotation,
  type IdentityDocument,
  openIdentity,
  type Publisher,
  type Rotation,
  type RotationOptions,
  signIdentity,
} from '../src/index.ts'
import { expectCode } from './expect-code.ts'
import { identityFields } from './identity-fields.ts'
import { type MemoryIdServers, memoryIdServers } from './memory-id-servers.ts'
import { aliceKey, malloryKey } from './test-keys.ts'

const SERVERS = ['first-machine.com', 'server-two.net', 'host3.org', 'host4.org']
const [ONE, TWO, THREE, FOUR] = SERVERS.map((server) => `http://${server}/alice.xml`) as [
  string,
  string,
  string,
  string,
]
const CHECK_EVERY_MS = 300_000
const DOUBT_MS = 10_000

let servers: MemoryIdServers
let clock: VirtualClock
let publisher: Publisher
let rotation: Rotation
let rotated: IdentityDocument[]
let states: string[]

beforeEach(async () => {
  servers = memoryIdServers(...SERVERS)
  clock = createVirtualClock()
  rotated = []
  states = []
  await begin([ONE, TWO])
})

afterEach(() => rotation.stop())

async function begin(sources: readonly string[], options: Partial<RotationOptions> = {}): Promise<void> {
  const { document, bytes } = await signIdentity(identityFields({ sources }), aliceKey)
  for (const source of sources) servers.plant(source, bytes)
  publisher = createPublisher({ key: aliceKey, identity: document, idServers: servers, clock })
  rotation = createRotation({
    publisher,
    idServers: servers,
    known: () => [...SERVERS, 'not a server'],
    clock,
    checkEveryMs: CHECK_EVERY_MS,
    onRotated: (moved) => void rotated.push(moved),
    onTransition: ({ to }) => states.push(to),
    ...options,
  })
}

/** Waits for the end of a check and of what follows: signing takes real time, which the virtual clock does not wait for. */
async function quiet(): Promise<void> {
  await vi.waitFor(() => expect(['watching', 'doubting']).toContain(states.at(-1)), { interval: 2, timeout: 5_000 })
}

async function pass(...pauses: readonly number[]): Promise<void> {
  for (const ms of pauses) {
    await quiet()
    await clock.advance(ms)
  }
  await quiet()
}

async function take(idurl: string): Promise<void> {
  servers.plant(idurl, (await signIdentity(identityFields({ sources: [idurl] }), malloryKey)).bytes)
}

async function sourcesAt(idurl: string): Promise<readonly string[]> {
  return (await openIdentity(servers.at(idurl) ?? new Uint8Array())).sources
}

describe('rotation', () => {
  test('nothing happens before start, and nothing changes while all are well', async () => {
    await clock.advance(CHECK_EVERY_MS * 2)
    expect(servers.asked).toEqual([])
    rotation.start()
    await pass(CHECK_EVERY_MS, CHECK_EVERY_MS, CHECK_EVERY_MS)
    expect(servers.asked.filter((idurl) => idurl === ONE)).toHaveLength(4)
    expect(publisher.current().revision).toBe(1)
    expect(rotated).toEqual([])
  })

  test('a dead primary is noticed by itself: another server becomes the first, the surviving one is updated', async () => {
    rotation.start()
    await quiet()
    servers.kill('first-machine.com')
    await pass(CHECK_EVERY_MS, DOUBT_MS)
    expect(publisher.current().sources).toEqual([THREE, TWO])
    expect(await sourcesAt(TWO)).toEqual([THREE, TWO])
    expect(await sourcesAt(THREE)).toEqual([THREE, TWO])
    expect(rotated).toEqual([publisher.current()])
    expect(publisher.current().revision).toBe(2)
  })

  test('one lost answer moves nobody', async () => {
    rotation.start()
    await quiet()
    servers.kill('first-machine.com')
    await pass(CHECK_EVERY_MS)
    expect(states.at(-1)).toBe('doubting')
    servers.revive('first-machine.com')
    await pass(DOUBT_MS, CHECK_EVERY_MS)
    expect(publisher.current().sources).toEqual([ONE, TWO])
  })

  test('two checks by hand are as good as waiting', async () => {
    servers.kill('server-two.net')
    await rotation.checkNow()
    expect(rotated).toEqual([])
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([THREE, ONE])
  })

  test('a taken name on the new server: another server', async () => {
    await take(THREE)
    servers.kill('first-machine.com')
    await rotation.checkNow()
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([FOUR, TWO])
  })

  test('a new server that refuses at the last moment: another one, the refusing never named', async () => {
    servers.refuse('host3.org')
    servers.kill('first-machine.com')
    await rotation.checkNow()
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([FOUR, TWO])
    expect(await sourcesAt(TWO)).toEqual([FOUR, TWO])
    expect(publisher.current().revision).toBe(2)
  })

  test('a dead server that comes back is kept out', async () => {
    servers.kill('first-machine.com')
    await rotation.checkNow()
    await rotation.checkNow()
    servers.revive('first-machine.com')
    servers.kill('host3.org')
    await rotation.checkNow()
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([FOUR, TWO])
  })

  test('no other server is usable: nothing is dropped, and it is tried again', async () => {
    for (const server of SERVERS.slice(0, 4)) if (server !== 'server-two.net') servers.kill(server)
    rotation.start()
    await pass(DOUBT_MS)
    expect(publisher.current().sources).toEqual([ONE, TWO])
    servers.revive('host4.org')
    await pass(CHECK_EVERY_MS)
    expect(publisher.current().sources).toEqual([FOUR, TWO])
  })

  test('our own network is down: nothing changes', async () => {
    for (const server of SERVERS) servers.kill(server)
    rotation.start()
    await pass(DOUBT_MS, CHECK_EVERY_MS, CHECK_EVERY_MS)
    for (const server of SERVERS) servers.revive(server)
    await pass(CHECK_EVERY_MS)
    expect(publisher.current()).toMatchObject({ sources: [ONE, TWO], revision: 1 })
  })

  test('a server that lost its copy gets it again', async () => {
    servers.plant(TWO, null)
    await rotation.checkNow()
    expect(await sourcesAt(TWO)).toEqual([ONE, TWO])
    await rotation.checkNow()
    expect(publisher.current()).toMatchObject({ sources: [ONE, TWO], revision: 2 })
    expect(rotated).toEqual([])
  })

  test('a server that forgets again and again is replaced', async () => {
    servers.plant(TWO, null)
    await rotation.checkNow()
    servers.plant(TWO, null)
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([THREE, ONE])
  })

  test('a name in other hands is replaced at once', async () => {
    await take(ONE)
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([THREE, TWO])
  })

  test('all sources died, and one of the known servers lives', async () => {
    servers.kill('first-machine.com')
    servers.kill('server-two.net')
    await rotation.checkNow()
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([THREE])
  })

  test('the user wants another primary: the old one stays as second', async () => {
    expect((await rotation.rotate()).sources).toEqual([THREE, ONE])
    expect(await sourcesAt(ONE)).toEqual([THREE, ONE])
    expect((await rotation.rotate()).sources).toEqual([FOUR, THREE])
    await begin([ONE])
    expect((await rotation.rotate()).sources).toEqual([TWO, ONE])
  })

  test('the user wants another primary and there is none', async () => {
    await begin([ONE, TWO], { known: () => SERVERS.slice(0, 2) })
    await expectCode('NotFound', () => rotation.rotate())
    expect(publisher.current().revision).toBe(1)
  })

  test('a callback that throws is told, and the watch goes on', async () => {
    const told: unknown[] = []
    const failure = new Error('dht is down')
    await begin([ONE, TWO], {
      onRotated: () => Promise.reject(failure),
      onError: (error) => told.push(error),
    })
    await rotation.rotate()
    await vi.waitFor(() => expect(told).toHaveLength(1), { interval: 2 })
    expect(told).toEqual([failure])
    servers.kill('host3.org')
    await rotation.checkNow()
    await rotation.checkNow()
    expect(publisher.current().sources[0]).toBe(FOUR)
  })

  test('stop ends it, twice is as good as once', async () => {
    rotation.start()
    await quiet()
    await rotation.stop()
    await rotation.stop()
    const asked = servers.asked.length
    await clock.advance(CHECK_EVERY_MS * 2)
    expect(servers.asked).toHaveLength(asked)
    expect(clock.sleepers).toBe(0)
  })
})
