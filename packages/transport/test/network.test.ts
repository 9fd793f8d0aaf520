import { generateDeviceKey } from '@bitdust/crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLibp2pCarrier } from '../src/libp2p/index.ts'
import { createMemoryNetwork } from '../src/memory.ts'
import { echo, packetOf } from './transport-laws.ts'
import { createWorld } from './world.ts'

describe('memory links', () => {
  async function pair() {
    const network = createMemoryNetwork()
    const world = createWorld(async (deviceKey) => network.carrier(deviceKey))
    const alice = await world.peer('alice')
    const bob = await world.peer('bob')
    bob.transport.handle('Echo', echo)
    const setLink = (link: { down?: boolean; stalled?: boolean }) =>
      network.setLink(alice.ref.peerId, bob.ref.peerId, link)
    const ask = () => alice.transport.request(bob.ref, packetOf(alice, { body: new Uint8Array(10_000) }))
    return { world, alice, bob, setLink, ask }
  }

  test('a link that goes down loses connections, refuses new ones, and comes back', async () => {
    const { alice, setLink, ask } = await pair()
    await (await ask()).readBody()
    setLink({ down: true })
    expect(alice.transport.connected()).toEqual([])
    await expect(ask()).rejects.toMatchObject({ code: 'Timeout', retryable: true })
    setLink({})
    expect((await ask()).bodyLength).toBe(10_000)
  })

  test('a dial over a stalled link is Timeout after ten seconds, a hello after five, a request after thirty', async () => {
    const { world, alice, bob, setLink, ask } = await pair()
    const failsAfter = async (call: () => Promise<unknown>, ms: number) => {
      let failed = false
      const failing = expect(call().finally(() => (failed = true))).rejects.toMatchObject({ code: 'Timeout' })
      await world.clock.advance(ms - 1)
      expect(failed).toBe(false)
      await world.clock.advance(1)
      await failing
    }
    setLink({ stalled: true })
    await failsAfter(ask, 10_000)
    setLink({})
    await (await ask()).readBody()
    setLink({ stalled: true })
    await failsAfter(ask, 30_000)
    await failsAfter(() => alice.transport.identify(bob.ref), 5_000)
    setLink({})
    expect((await ask()).bodyLength).toBe(10_000)
  })

  test('a body that stops on its way is Timeout after thirty seconds, for reader and handler', async () => {
    const { world, alice, bob, setLink } = await pair()
    const { promise: handled, resolve: settle } = Promise.withResolvers<unknown>()
    bob.transport.handle('Store', async (_caller, packet) => {
      await packet.readBody().catch(settle)
      return { command: 'Ack', payload: new Uint8Array() }
    })
    const { promise: stuck, resolve: stick } = Promise.withResolvers<void>()
    const chunks = (async function* () {
      yield new Uint8Array(100)
      setLink({ stalled: true })
      stick()
      yield new Uint8Array(100)
    })()
    const body = { length: 200, chunks }
    const asked = alice.transport.request(
      bob.ref,
      packetOf(alice, { command: 'Store', body: { ...body, sha256: new Uint8Array(32) } }),
    )
    const failing = expect(asked).rejects.toMatchObject({ code: 'Timeout' })
    await stuck
    await world.clock.advance(30_000)
    await failing
    expect(await handled).toMatchObject({ code: 'Timeout' })
  })
})

describe('libp2p limits', () => {
  async function carrier(options: Partial<Parameters<typeof createLibp2pCarrier>[0]> = {}) {
    const made = await createLibp2pCarrier({
      deviceKey: await generateDeviceKey(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      ...options,
    })
    onTestFinished(() => made.stop())
    await made.start()
    return made
  }
  const within = { signal: AbortSignal.timeout(10_000) }

  test('private addresses are dialed only where that is allowed', async () => {
    const bob = await carrier()
    const strict = await carrier()
    const local = await carrier({ allowPrivate: true })
    await expect(strict.dial(bob.peerId, bob.addresses(), within)).rejects.toMatchObject({ code: 'Timeout' })
    expect((await local.dial(bob.peerId, bob.addresses(), within)).remotePeerId).toBe(bob.peerId)
  })

  test('T23 silent sockets from one address do not keep others out, and are closed', async () => {
    const { connect } = await import('node:net')
    const bob = await carrier({ allowPrivate: true, limits: { maxPendingPerAddress: 3, handshakeTimeoutMs: 2_000 } })
    const port = Number(bob.addresses()[0]?.split('/')[4])
    const { promise: sevenRefused, resolve } = Promise.withResolvers<void>()
    let closed = 0
    const closing = Array.from({ length: 10 }, async () => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      await new Promise((done) => socket.once('close', done))
      closed += 1
      if (closed === 7) resolve()
    })
    // Three wait for their handshake; the others are refused at once.
    await sevenRefused
    await new Promise((done) => setTimeout(done, 300))
    expect(closed).toBe(7)
    await Promise.all(closing)
    const alice = await carrier({ allowPrivate: true })
    expect((await alice.dial(bob.peerId, bob.addresses(), within)).remotePeerId).toBe(bob.peerId)
  })

  test('addresses that name another peer, or are none, are refused', async () => {
    const [alice, bob] = [await carrier({ allowPrivate: true }), await carrier({ allowPrivate: true })]
    const dial = (addresses: readonly string[]) => alice.dial(bob.peerId, addresses, within)
    await expect(dial([`/ip4/127.0.0.1/tcp/1/p2p/${alice.peerId}`])).rejects.toMatchObject({
      code: 'PeerIdentityMismatch',
    })
    await expect(dial(['tcp://127.0.0.1:1'])).rejects.toMatchObject({ code: 'NotFound' })
    const giveUp = new AbortController()
    giveUp.abort()
    const cancelled = alice.dial(bob.peerId, bob.addresses(), { signal: giveUp.signal })
    await expect(cancelled).rejects.toMatchObject({ code: 'Cancelled' })
  })
})

describe('connections of one peer', () => {
  test('beyond four the newest is closed', async () => {
    const network = createMemoryNetwork()
    const world = createWorld(async (deviceKey) => network.carrier(deviceKey))
    const bob = await world.peer('bob')
    const signal = AbortSignal.timeout(5_000)
    const open: boolean[] = []
    for (let i = 0; i < 6; i++) {
      const connection = await network.carrier('mallory').dial(bob.ref.peerId, bob.carrier.addresses(), { signal })
      open.push(true)
      connection.onClose(() => {
        open[i] = false
      })
    }
    expect(open).toEqual([true, true, true, true, false, false])
  })
})
