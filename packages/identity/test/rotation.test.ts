import { createVirtualClock, type VirtualClock } from '@bitdust/testing'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createPublisher,
  createRotation,
  type IdentityDocument,
  type Idurl,
  type LastMove,
  MAX_JITTER,
  MAX_SOURCES,
  type MoveMemory,
  openIdentity,
  type Publisher,
  parseIdurl,
  type Rotation,
  type RotationOptions,
  signIdentity,
} from '../src/index.ts'
import type { RotationPurpose } from '../src/rotation/machine.ts'
import { moveNow } from '../src/rotation/move-schedule.ts'
import { rotatedSources } from '../src/rotation/rotated-sources.ts'
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
let propagated: IdentityDocument[]

beforeEach(async () => {
  servers = memoryIdServers(...SERVERS)
  clock = createVirtualClock()
  rotated = []
  states = []
  propagated = []
  await begin([ONE, TWO])
})

afterEach(() => rotation.stop())

async function begin(
  sources: readonly string[],
  { staticSource, ...options }: Partial<RotationOptions> & { readonly staticSource?: string } = {},
): Promise<void> {
  const { document, bytes } = await signIdentity(identityFields({ sources }), aliceKey)
  for (const source of sources) servers.plant(source, bytes)
  publisher = createPublisher({
    key: aliceKey,
    identity: document,
    idServers: servers,
    clock,
    isStatic: (source) => source === staticSource,
  })
  rotation = createRotation({
    publisher,
    idServers: servers,
    known: () => [...SERVERS, 'not a server'],
    clock,
    checkEveryMs: CHECK_EVERY_MS,
    onRotated: (moved) => void rotated.push(moved),
    onPropagated: (document) => void propagated.push(document),
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

  test('a server that comes back with an old document gets the new one, although another is lost for good', async () => {
    await begin([ONE, TWO], { known: () => SERVERS.slice(0, 2) })
    const old = servers.at(ONE)
    await publisher.publish((fields) => fields)
    servers.kill('first-machine.com')
    servers.kill('server-two.net')
    for (let round = 0; round < 3; round++) await rotation.checkNow()
    servers.revive('first-machine.com')
    servers.plant(ONE, old)
    await rotation.checkNow()
    expect(servers.at(ONE)).toEqual(publisher.current().bytes)
    expect(publisher.current().sources).toEqual([ONE, TWO])
  })

  test('a server that takes nothing for a while, and cannot be replaced, gets it later', async () => {
    await begin([ONE], { known: () => SERVERS.slice(0, 1) })
    servers.plant(ONE, null)
    servers.beforePublish = () => {
      throw new Error('disk full')
    }
    for (let round = 0; round < 4; round++) await rotation.checkNow()
    servers.beforePublish = undefined
    for (let round = 0; round < 2; round++) await rotation.checkNow()
    expect(servers.at(ONE)).toEqual(publisher.current().bytes)
  })

  test('the only server takes nothing any more: another one', async () => {
    await begin([ONE])
    servers.plant(ONE, null)
    servers.refuse('first-machine.com')
    for (let round = 0; round < 2; round++) await rotation.checkNow()
    expect(publisher.current().sources).toEqual([TWO])
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

describe('propagation', () => {
  const EVERY_MS = 3 * CHECK_EVERY_MS

  test('while all are well, the same document goes out again from time to time', async () => {
    await begin([ONE, TWO], { propagateEveryMs: EVERY_MS })
    const sent: string[] = []
    servers.beforePublish = (idurl) => void sent.push(idurl)
    rotation.start()
    await pass(CHECK_EVERY_MS, CHECK_EVERY_MS)
    expect(propagated).toEqual([])
    await pass(CHECK_EVERY_MS)
    expect(propagated).toEqual([publisher.current()])
    expect(sent).toEqual([ONE, TWO])
    expect(publisher.current().revision).toBe(1)
    await pass(CHECK_EVERY_MS, CHECK_EVERY_MS, CHECK_EVERY_MS)
    expect(propagated).toHaveLength(2)
  })

  test('a new revision counts as one', async () => {
    await begin([ONE, TWO], { propagateEveryMs: EVERY_MS })
    rotation.start()
    await pass(CHECK_EVERY_MS, CHECK_EVERY_MS)
    await rotation.rotate()
    await pass(CHECK_EVERY_MS)
    expect(propagated).toEqual([])
  })
})

describe('the number of sources', () => {
  test('is made up when it fell below what is wanted; the primary stays', async () => {
    await begin([ONE], { count: 2 })
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([ONE, TWO])
    expect(await sourcesAt(ONE)).toEqual([ONE, TWO])
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([ONE, TWO])
  })

  test('after all died: first one server, then the others', async () => {
    await begin([ONE, TWO], { count: 2 })
    servers.kill('first-machine.com')
    servers.kill('server-two.net')
    for (let round = 0; round < 3; round++) await rotation.checkNow()
    expect(publisher.current().sources).toEqual([THREE, FOUR])
  })

  test('a search in vain is not repeated at every check', async () => {
    await begin([ONE], { count: 2, known: () => ['first-machine.com', 'host9.org'] })
    const probed: string[] = []
    const { probe } = servers
    servers.probe = (server, options) => {
      probed.push(server)
      return probe(server, options)
    }
    for (let round = 0; round < 3; round++) await rotation.checkNow()
    expect(probed).toEqual(['http://host9.org'])
    await clock.advance(12 * CHECK_EVERY_MS)
    await rotation.checkNow()
    expect(probed).toHaveLength(2)
  })
})

describe('moves by schedule', () => {
  const EVERY_MS = 10 * CHECK_EVERY_MS
  let memory: MoveMemory
  let last: LastMove | null

  beforeEach(() => {
    last = null
    memory = {
      get: async () => last,
      put: async (move) => {
        last = move
      },
    }
  })

  const scheduled = () => begin([ONE, TWO], { schedule: { everyMs: EVERY_MS, memory } })

  test('the first period begins when the schedule is first seen', async () => {
    await scheduled()
    await rotation.checkNow()
    const began = clock.now()
    expect(last).toMatchObject({ at: began })
    await clock.advance(EVERY_MS - 1)
    await rotation.checkNow()
    expect(rotated).toEqual([])
    await clock.advance(EVERY_MS * MAX_JITTER + 1)
    await rotation.checkNow()
    expect([THREE, FOUR]).toContain(publisher.current().sources[0])
    expect(publisher.current().sources[1]).toBe(ONE)
    // Its jitter decides whether the last check was the one, or a regular one before it.
    expect(last?.at).toBeGreaterThanOrEqual(began + EVERY_MS)
    expect(last?.at).toBeLessThanOrEqual(clock.now())
  })

  test('the time of the last move survives a restart', async () => {
    last = { at: clock.now() - EVERY_MS - 1, jitter: 0 }
    await scheduled()
    await rotation.checkNow()
    expect(rotated).toHaveLength(1)
    await begin([ONE, TWO], { schedule: { everyMs: EVERY_MS, memory } })
    await rotation.checkNow()
    expect(rotated).toHaveLength(1)
  })

  test('a move for another reason begins a new period', async () => {
    last = { at: clock.now() - EVERY_MS / 2, jitter: 0 }
    await scheduled()
    await rotation.rotate()
    expect(last).toMatchObject({ at: clock.now() })
  })

  test('the jitter puts it off', async () => {
    last = { at: clock.now() - EVERY_MS, jitter: 0.2 }
    await scheduled()
    await rotation.checkNow()
    expect(rotated).toEqual([])
    await clock.advance(EVERY_MS * 0.2)
    await rotation.checkNow()
    expect(rotated).toHaveLength(1)
  })

  test('jitter is drawn anew each time, up to a quarter of the period', () => {
    const drawn = Array.from({ length: 200 }, () => moveNow(0).jitter)
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...drawn)).toBeLessThan(MAX_JITTER)
    expect(new Set(drawn).size).toBeGreaterThan(190)
  })

  test('a clock that was put back moves nobody', async () => {
    last = { at: clock.now() + EVERY_MS, jitter: 0 }
    await scheduled()
    await rotation.checkNow()
    expect(rotated).toEqual([])
  })

  test('it never runs out of servers: those left first come again', async () => {
    await scheduled()
    const primaries: (string | undefined)[] = []
    for (let round = 0; round < 6; round++) {
      last = { at: 0, jitter: 0 }
      await rotation.checkNow()
      primaries.push(publisher.current().sources[0])
    }
    expect(rotated).toHaveLength(6)
    expect(new Set(primaries)).toEqual(new Set([ONE, TWO, THREE, FOUR]))
  })

  test('while a source is silent, the silence comes first', async () => {
    last = { at: 0, jitter: 0 }
    await scheduled()
    servers.kill('first-machine.com')
    await rotation.checkNow()
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([THREE, TWO])
    expect(rotated).toHaveLength(1)
  })
})

describe('static hosts', () => {
  test('are not replaced when they are silent, behind or without the document', async () => {
    await begin([ONE, TWO], { staticSource: TWO })
    servers.kill('server-two.net')
    for (let round = 0; round < 3; round++) await rotation.checkNow()
    servers.revive('server-two.net')
    servers.plant(TWO, null)
    for (let round = 0; round < 3; round++) await rotation.checkNow()
    await take(TWO)
    for (let round = 0; round < 3; round++) await rotation.checkNow()
    expect(publisher.current()).toMatchObject({ sources: [ONE, TWO], revision: 1 })
    expect(publisher.sources()[1]).toMatchObject({ is: 'taken', isStatic: true })
  })

  test('keep the place that the user gave them when a server behind them dies', async () => {
    await begin([ONE, TWO], { staticSource: ONE })
    servers.kill('server-two.net')
    await rotation.checkNow()
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([ONE, THREE])
  })

  test('do not count as servers', async () => {
    await begin([ONE, TWO], { staticSource: ONE, count: 2 })
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([ONE, TWO, THREE])
  })
})

describe('rotatedSources', () => {
  const [a, b, s, x] = ['a', 'b', 's', 'x'].map((name) => parseIdurl(`http://${name}.org/alice.xml`)) as [
    Idurl,
    Idurl,
    Idurl,
    Idurl,
  ]
  const purposes: readonly RotationPurpose[] = ['replace', 'add', 'request', 'schedule']
  const idurls = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => parseIdurl(`http://${name}.org/alice.xml`))

  test.each<[RotationPurpose, readonly Idurl[], readonly Idurl[]]>([
    ['replace', [s, a, b], [s, x, b]],
    ['add', [s, a, b], [s, a, b, x]],
    ['request', [s, a, b], [x, s, a]],
    ['schedule', [s, a, b], [s, x, a]],
    ['schedule', [a, s, b], [x, a, s]],
    ['request', [a, s], [x, a, s]],
  ])('%s of %j', (purpose, sources, expected) => {
    const lost = purpose === 'replace' ? [a] : []
    expect(rotatedSources(sources, { purpose, added: x, lost, isStatic: (source) => source === s })).toEqual(expected)
  })

  test('has the new one, all static ones, no lost one, and never too many', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...purposes),
        fc.uniqueArray(fc.constantFrom(...idurls), { minLength: 1, maxLength: 6 }),
        fc.subarray(idurls, { maxLength: 5 }),
        fc.subarray(idurls),
        (purpose, sources, statics, anyLost) => {
          const isStatic = (source: Idurl) => statics.includes(source)
          const lost = purpose === 'replace' ? anyLost.filter((source) => !isStatic(source)) : []
          const isPossible =
            purpose === 'replace'
              ? lost.some((source) => sources.includes(source))
              : sources.some((source) => !isStatic(source)) && (purpose !== 'add' || sources.length < MAX_SOURCES)
          fc.pre(isPossible)
          const rotated = rotatedSources(sources, { purpose, added: x, lost, isStatic })
          expect(rotated).toContain(x)
          expect(rotated.filter(isStatic)).toEqual(sources.filter(isStatic))
          expect(rotated.some((source) => lost.includes(source))).toBe(false)
          expect(rotated.length).toBeLessThanOrEqual(MAX_SOURCES)
          expect(new Set(rotated).size).toBe(rotated.length)
        },
      ),
    )
  })
})

describe('hostile ID-servers', () => {
  test('T05 one that shows another key in our place is left at once, whatever its revision', async () => {
    servers.plant(ONE, (await signIdentity(identityFields({ sources: [ONE], revision: 99 }), malloryKey)).bytes)
    await rotation.checkNow()
    expect(publisher.current()).toMatchObject({ sources: [THREE, TWO], revision: 2 })
    expect(publisher.current().fingerprint).toBe(aliceKey.publicKey.fingerprint)
  })

  test('T06 one that keeps showing an old document of ours is left, and its document never taken over', async () => {
    const old = servers.at(ONE)
    await rotation.rotate()
    await rotation.checkNow()
    servers.plant(ONE, old)
    await rotation.checkNow()
    servers.plant(ONE, old)
    await rotation.checkNow()
    expect(publisher.current().sources).toEqual([FOUR, THREE])
    expect(publisher.current().revision).toBe(4)
  })
})
