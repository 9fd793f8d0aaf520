import { createVirtualClock, type VirtualClock } from '@bitdust/testing'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createRegistration, openIdentity, type RegistrationOptions, signIdentity } from '../src/index.ts'
import { expectCode } from './expect-code.ts'
import { identityFields } from './identity-fields.ts'
import { type MemoryIdServers, memoryIdServers } from './memory-id-servers.ts'
import { aliceKey, malloryKey } from './test-keys.ts'

const SERVERS = ['first-machine.com', 'server-two.net', 'host3.org', 'host4.org']
const at = (server: string) => `http://${server}/alice.xml`

let servers: MemoryIdServers
let clock: VirtualClock
let states: string[]

beforeEach(() => {
  servers = memoryIdServers(...SERVERS)
  clock = createVirtualClock()
  states = []
})

function registration(options: Partial<RegistrationOptions> = {}) {
  return createRegistration({
    key: aliceKey,
    name: 'alice',
    servers: SERVERS,
    idServers: servers,
    clock,
    onTransition: ({ to }) => states.push(to),
    ...options,
  })
}

/** Signing takes real time, which the virtual clock does not wait for. */
async function reached(state: string, times = 1): Promise<void> {
  await vi.waitFor(() => expect(states.filter((each) => each === state)).toHaveLength(times), {
    interval: 2,
    timeout: 5_000,
  })
}

async function take(server: string): Promise<void> {
  servers.plant(at(server), (await signIdentity(identityFields({ sources: [at(server)] }), malloryKey)).bytes)
}

describe('registration', () => {
  test('the first servers of the list hold the identity', async () => {
    const { document, bytes } = await registration({ contacts: ['tcp://8.8.8.8:1'], version: 'bitdust/1' }).run()
    expect(document).toMatchObject({
      sources: [at('first-machine.com'), at('server-two.net')],
      contacts: ['tcp://8.8.8.8:1'],
      certificates: [],
      postage: '1',
      version: 'bitdust/1',
      revision: 0,
    })
    expect(document.fingerprint).toBe(aliceKey.publicKey.fingerprint)
    expect([
      servers.at(at('first-machine.com')),
      servers.at(at('server-two.net')),
      servers.at(at('host3.org')),
    ]).toEqual([bytes, bytes, null])
    expect(states).toEqual(['choosing', 'publishing', 'confirming', 'done'])
  })

  test('servers that are dead or gave the name away are passed over', async () => {
    servers.kill('first-machine.com')
    await take('server-two.net')
    const { document } = await registration().run()
    expect(document.sources).toEqual([at('host3.org'), at('host4.org')])
  })

  test('one server is enough where no more can be had', async () => {
    for (const server of ['first-machine.com', 'server-two.net', 'host3.org']) servers.kill(server)
    const { document } = await registration({ count: 3 }).run()
    expect(document.sources).toEqual([at('host4.org')])
  })

  test('a server that refuses at the last moment is replaced, under the next revision', async () => {
    servers.beforePublish = async (idurl) => {
      if (idurl === at('server-two.net')) await take('server-two.net')
    }
    const { document, bytes } = await registration().run()
    expect(document.sources).toEqual([at('first-machine.com'), at('host3.org')])
    expect(document.revision).toBe(1)
    expect(servers.at(at('first-machine.com'))).toEqual(bytes)
    expect(states).toEqual(['choosing', 'publishing', 'choosing', 'publishing', 'confirming', 'done'])
  })

  test('a server that refuses and has no replacement is left out', async () => {
    servers.refuse('server-two.net')
    const { document } = await registration({ servers: SERVERS.slice(0, 2) }).run()
    expect(document.sources).toEqual([at('first-machine.com')])
    expect(document.revision).toBe(1)
  })

  test('begun anew after a crash it goes on above its own revision', async () => {
    const earlier = await signIdentity(identityFields({ revision: 4, sources: [at('first-machine.com')] }), aliceKey)
    servers.plant(at('first-machine.com'), earlier.bytes)
    const { document } = await registration().run()
    expect(document.revision).toBe(5)
  })

  test('the name is taken everywhere', async () => {
    for (const server of SERVERS) await take(server)
    await expectCode('IdentityNameTaken', () => registration().run())
    expect(states.at(-1)).toBe('failed')
    expect((await openIdentity(servers.at(at('first-machine.com')) ?? new Uint8Array())).fingerprint).toBe(
      malloryKey.publicKey.fingerprint,
    )
  })

  test('no server answers, takes it, or is known', async () => {
    for (const server of SERVERS) servers.refuse(server)
    await expectCode('Timeout', () => registration().run())
    for (const server of SERVERS) servers.kill(server)
    await expectCode('Timeout', () => registration().run())
    await expectCode('Timeout', () => registration({ servers: [] }).run())
  })

  test('a server that takes it and never serves it: looked for three times', async () => {
    const forgetful = { ...servers, publish: async () => {} }
    const run = registration({ idServers: forgetful }).run()
    const failed = expectCode('Timeout', () => run)
    for (let pause = 0; pause < 2; pause++) {
      await reached('waiting', pause + 1)
      await clock.advance(5_000)
    }
    await failed
    expect(states.filter((state) => state === 'confirming')).toHaveLength(3)
  })

  test('a server that serves it late', async () => {
    let taken: Uint8Array | undefined
    const slow = {
      ...servers,
      publish: async (_idurl: string, bytes: Uint8Array) => {
        taken = bytes
      },
      fetch: async () => (clock.monotonic() >= 5_000 ? (taken ?? null) : null),
    }
    const run = registration({ idServers: slow }).run()
    await reached('waiting')
    await clock.advance(5_000)
    expect((await run).document.revision).toBe(0)
  })

  test('an abort ends it with the reason of the signal, and leaves no timer', async () => {
    const controller = new AbortController()
    const forgetful = { ...servers, publish: async () => {} }
    const run = registration({ idServers: forgetful }).run({ signal: controller.signal })
    const reason = new Error('enough')
    await reached('waiting')
    controller.abort(reason)
    await expect(run).rejects.toBe(reason)
    expect(clock.sleepers).toBe(0)
  })

  test('T13 a bad name, T10 a bad server, a bad contact', async () => {
    for (const name of ['a', 'a'.repeat(21), 'Alice', '9lives', 'a.b'])
      await expectCode('PathUnsafe', () => registration({ name }))
    await expectCode('IdurlForbidden', () => registration({ servers: ['127.0.0.1:8084'] }))
    await expectCode('IdentityMalformed', () => registration({ contacts: ['a\nb'] }).run())
  })
})
