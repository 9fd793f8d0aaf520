import { createVirtualClock, type VirtualClock } from '@bitdust/testing'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createRestore,
  type IdentityDocument,
  type IdentityFields,
  type IdentitySource,
  openIdentity,
  parseIdurl,
  type RestoreOptions,
  signIdentity,
} from '../src/index.ts'
import { expectCode } from './expect-code.ts'
import { identityFields } from './identity-fields.ts'
import { type MemoryIdServers, memoryIdServers } from './memory-id-servers.ts'
import { aliceKey, malloryKey } from './test-keys.ts'

const SERVERS = ['first-machine.com', 'server-two.net', 'host3.org']
const [ONE, TWO, THREE] = SERVERS.map((server) => `http://${server}/alice.xml`) as [string, string, string]

let servers: MemoryIdServers
let clock: VirtualClock
let states: string[]
/** What the DHT has for Alice's key, and whether it can be reached. */
let dht: { bytes: Uint8Array | null; isReachable: boolean }
let asked: string[]
let announced: IdentityDocument[]

beforeEach(async () => {
  servers = memoryIdServers(...SERVERS)
  clock = createVirtualClock()
  states = []
  asked = []
  announced = []
  dht = { bytes: await document({ revision: 4 }), isReachable: true }
  for (const idurl of [ONE, TWO]) servers.plant(idurl, dht.bytes)
})

async function document(fields: Parameters<typeof identityFields>[0], key = aliceKey): Promise<Uint8Array> {
  return (await signIdentity(identityFields(fields), key)).bytes
}

const dhtSource: IdentitySource = {
  name: 'dht',
  async fetch(query) {
    asked.push(Object.keys(query).join())
    if (!dht.isReachable) throw new Error('no node of the DHT is known')
    return 'fingerprint' in query ? dht.bytes : null
  },
}

function restore(options: Partial<RestoreOptions> = {}) {
  return createRestore({
    key: aliceKey,
    idurl: parseIdurl(ONE),
    sources: [servers, dhtSource],
    known: [...SERVERS, 'not a server'],
    idServers: servers,
    join: async () => (fields: IdentityFields) => ({ ...fields, contacts: [...fields.contacts, 'tcp://8.8.8.8:1'] }),
    announce: async (made) => {
      announced.push(made)
      return dht.isReachable
    },
    clock,
    onTransition: ({ to }) => states.push(to),
    ...options,
  })
}

function killAll(): void {
  for (const server of SERVERS) servers.kill(server)
}

async function revisionAt(idurl: string): Promise<number> {
  return (await openIdentity(servers.at(idurl) ?? new Uint8Array())).revision
}

describe('restore', () => {
  test('finds the document at its address, adds the device, publishes and announces it', async () => {
    const { document: made, outcomes, foundBy, isAnnounced, staticSources } = await restore().run()
    expect(made.revision).toBe(5)
    expect(made.contacts).toEqual([...identityFields().contacts, 'tcp://8.8.8.8:1'])
    expect(outcomes.map(({ is }) => is)).toEqual(['published', 'published'])
    expect({ foundBy, isAnnounced, staticSources }).toEqual({ foundBy: 'http', isAnnounced: true, staticSources: [] })
    expect([await revisionAt(ONE), await revisionAt(TWO)]).toEqual([5, 5])
    expect(announced).toEqual([made])
    expect(states).toEqual(['asking', 'searching', 'publishing', 'announcing', 'done'])
  })

  test('the address is dead, another known ID-server has the name', async () => {
    servers.kill('first-machine.com')
    const { foundBy, outcomes } = await restore().run()
    expect(foundBy).toBe('http')
    expect(outcomes.map(({ is }) => is)).toEqual(['dead', 'published'])
    expect(states).toContain('askingOthers')
  })

  test('all ID-servers are gone: found by key, kept by key alone', async () => {
    killAll()
    const { document: made, outcomes, foundBy, isAnnounced } = await restore().run()
    expect(made.revision).toBe(5)
    expect(made.sources).toEqual([ONE, TWO])
    expect(outcomes.map(({ is }) => is)).toEqual(['dead', 'dead'])
    expect({ foundBy, isAnnounced }).toEqual({ foundBy: 'dht', isAnnounced: true })
    expect(announced).toEqual([made])
  })

  test('an address that never was one of its own leads nowhere, the key does', async () => {
    const { document: made } = await restore({ idurl: parseIdurl('http://gone.org/alice.xml') }).run()
    expect(made.revision).toBe(5)
  })

  test('no ID-server takes it and nobody keeps it: it is not back', async () => {
    killAll()
    await expectCode('Timeout', () => restore({ announce: async () => false }).run())
    expect(states.at(-1)).toBe('failed')
  })

  test('the DHT cannot be asked, the ID-servers have it', async () => {
    dht.isReachable = false
    const { isAnnounced, document: made } = await restore().run()
    expect(isAnnounced).toBe(false)
    expect(made.revision).toBe(5)
  })

  test('a DHT that does not answer does not hold up what the ID-servers have', async () => {
    const silent: IdentitySource = {
      name: 'dht',
      fetch: (query, { signal }) =>
        'idurl' in query
          ? Promise.resolve(null)
          : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    }
    const running = restore({ sources: [servers, silent] }).run()
    await vi.waitFor(() => expect(states.at(-1)).toBe('searching'), { interval: 2 })
    await clock.advance(5_000)
    expect((await running).document.revision).toBe(5)
    expect(clock.sleepers).toBe(0)
  })

  test('nobody answers at all', async () => {
    killAll()
    dht.isReachable = false
    await expectCode('Timeout', () => restore().run())
    await expect(restore().run()).rejects.toMatchObject({ retryable: true })
  })

  test('all answer, nobody has it', async () => {
    for (const idurl of [ONE, TWO]) servers.plant(idurl, null)
    dht.bytes = null
    await expectCode('NotFound', () => restore().run())
  })

  test('the wrong key file', async () => {
    dht.bytes = null
    await expectCode('IdentityKeyChanged', () => restore({ key: malloryKey }).run())
    expect([await revisionAt(ONE), await revisionAt(TWO)]).toEqual([4, 4])
  })

  test('what the device adds cannot be made: its own error', async () => {
    const failure = new Error('no room for a certificate')
    await expect(restore({ join: () => Promise.reject(failure) }).run()).rejects.toBe(failure)
  })

  test('an abort ends it', async () => {
    const reason = new Error('enough')
    const abort = new AbortController()
    const running = restore({
      join: () => {
        abort.abort(reason)
        return new Promise(() => {})
      },
    }).run({ signal: abort.signal })
    const refused = expect(running).rejects.toBe(reason)
    await vi.waitFor(() => expect(states).toContain('publishing'), { interval: 2 })
    await clock.advance(5_000)
    await refused
    await expect(restore().run({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('sources are asked in order, and no further than needed', async () => {
    await restore().run()
    expect(servers.asked[0]).toBe(ONE)
    expect(asked).toEqual(['fingerprint'])
  })

  test('a static host, which takes nothing and is no ID-server, is recognised', async () => {
    const sources = [ONE, THREE]
    servers.plant(ONE, await document({ revision: 6, sources }))
    servers.plant(THREE, await document({ revision: 6, sources }))
    servers.refuse('host3.org')
    const { probe } = servers
    servers.probe = (server, options) => (server.includes('host3') ? Promise.resolve(false) : probe(server, options))
    const { outcomes, staticSources } = await restore().run()
    expect(outcomes.map(({ is }) => is)).toEqual(['published', 'dead'])
    expect(staticSources).toEqual([THREE])
  })
})

describe('hostile ID-servers', () => {
  test('T06 an old document at the address: the newest one known by key is the base', async () => {
    dht.bytes = await document({ revision: 9, contacts: ['tcp://1.1.1.1:1'] })
    const { document: made, foundBy } = await restore().run()
    expect(foundBy).toBe('dht')
    expect(made).toMatchObject({ revision: 10, contacts: ['tcp://1.1.1.1:1', 'tcp://8.8.8.8:1'] })
  })

  test('T06 an old document by key: the newest one at the address is the base', async () => {
    for (const idurl of [ONE, TWO]) servers.plant(idurl, await document({ revision: 9 }))
    expect((await restore().run()).document.revision).toBe(10)
  })

  test('T05 another key at the address: the key file decides, and its identity is found by key', async () => {
    servers.plant(ONE, await document({ revision: 99 }, malloryKey))
    servers.plant(TWO, null)
    const { document: made, outcomes } = await restore().run()
    expect(made).toMatchObject({ revision: 5, fingerprint: aliceKey.publicKey.fingerprint })
    expect(outcomes.map(({ is }) => is)).toEqual(['taken', 'published'])
  })

  test('T05 an identity of the same name on a server that was never ours says nothing about the key', async () => {
    killAll()
    servers.revive('host3.org')
    servers.plant(THREE, await document({ revision: 99, sources: [THREE] }, malloryKey))
    dht.bytes = null
    await expectCode('Timeout', () => restore().run())
  })

  test('no identity at all at the address', async () => {
    servers.plant(ONE, new TextEncoder().encode('<html/>'))
    expect((await restore().run()).document.revision).toBe(5)
  })
})
