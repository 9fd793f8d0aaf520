import { randomBytes, sha256 } from '@bitdust/crypto'
import { describe, expect, test } from 'vitest'
import type { CarrierConnection } from '../src/carrier.ts'
import { type OutgoingPacket, PACKET_PROTOCOL, type PacketHandler, TransportError } from '../src/index.ts'
import { createWorld, type MakeCarrier, signTestIdentity, type TestPeer } from './world.ts'

const MIB = 1024 * 1024

/** Answers with what it got. */
export const echo: PacketHandler = async (_caller, packet) => ({
  command: 'Data',
  payload: packet.payload,
  body: await packet.readBody(),
})

/** What a transport does whatever carries it. */
export function transportLaws(name: string, makeCarrier: MakeCarrier, maxBytesInFlight: number): void {
  describe(`Transport over ${name}`, () => {
    async function pair() {
      const world = createWorld(makeCarrier)
      const alice = await world.peer('alice')
      const bob = await world.peer('bob')
      const ask = (packet: Partial<OutgoingPacket> = {}, options = {}) =>
        alice.transport.request(bob.ref, packetOf(alice, packet), options)
      return { world, alice, bob, ask }
    }

    test.each([0, 1, 65_536, 2 * MIB + 1])(
      'payload and a body of %i bytes come back as they were sent',
      async (size) => {
        const { bob, ask } = await pair()
        bob.transport.handle('Echo', echo)
        const body = randomBytes(size)
        const reply = await ask({ payload: Uint8Array.of(1, 2, 3), body })
        expect(reply).toMatchObject({ command: 'Data', payload: Uint8Array.of(1, 2, 3), bodyLength: size })
        expect(sha256(await reply.readBody())).toEqual(sha256(body))
      },
    )

    test('a handler knows who calls, for whom and on which connection', async () => {
      const { alice, bob, ask } = await pair()
      const calls: unknown[] = []
      bob.transport.handle('Echo', async (caller, packet) => {
        calls.push({ ...caller, ...packet })
        return { command: 'Ack', payload: new Uint8Array() }
      })
      await ask({ owner: bob.ref.fingerprint, packetId: 'group_abc$alice@first:1' })
      await ask()
      const [first, second] = calls as { connectionId: string; packetId: string }[]
      expect(first).toMatchObject({
        fingerprint: alice.ref.fingerprint,
        device: alice.deviceKey.publicKey.id,
        peerId: alice.ref.peerId,
        owner: bob.ref.fingerprint,
        command: 'Echo',
        packetId: 'group_abc$alice@first:1',
      })
      expect(first?.connectionId).toMatch(/^[0-9a-f]{32}$/)
      expect(second?.connectionId).toBe(first?.connectionId)
      expect(second?.packetId).toMatch(/^[0-9a-f]{32}$/)
    })

    test('the peer that was dialed asks back over the same connection', async () => {
      const { world, alice, bob, ask } = await pair()
      alice.transport.handle('Echo', echo)
      bob.transport.handle('Echo', echo)
      await ask()
      world.addresses.clear()
      const reply = await bob.transport.request(
        alice.ref,
        packetOf(bob, { body: [Uint8Array.of(5), Uint8Array.of(6)] }),
      )
      expect(await reply.readBody()).toEqual(Uint8Array.of(5, 6))
    })

    test('two who dial each other at once both get answers', async () => {
      const { alice, bob, ask } = await pair()
      for (const peer of [alice, bob]) peer.transport.handle('Echo', echo)
      const replies = await Promise.all([ask(), bob.transport.request(alice.ref, packetOf(bob))])
      expect(replies.map(({ command }) => command)).toEqual(['Data', 'Data'])
    })

    test('a body may be produced while it is sent, in both directions', async () => {
      const { bob, ask } = await pair()
      const parts = Array.from({ length: 40 }, () => randomBytes(100_000))
      bob.transport.handle(
        'Store',
        async (_caller, packet) => {
          let length = 0
          for await (const chunk of packet.body) length += chunk.length
          const body = { length, chunks: produce(parts) }
          return { command: 'Data', payload: new Uint8Array(), body, bodyCheck: 'handler' }
        },
        { bodyCheck: 'handler' },
      )
      const body = { length: 4_000_000, chunks: produce(parts) }
      const reply = await ask({ command: 'Store', body, bodyCheck: 'handler' })
      expect(sha256(await reply.readBody())).toEqual(sha256(...parts))
      const withHash = await ask({
        command: 'Store',
        body: { ...body, chunks: produce(parts), sha256: sha256(...parts) },
      })
      withHash.cancel()
      await expect(ask({ command: 'Store', body })).rejects.toMatchObject({ code: 'PacketMalformed' })
    })

    test('a body that does not have its declared length breaks the request off, and nothing else', async () => {
      const { bob, ask } = await pair()
      bob.transport.handle('Echo', echo, { bodyCheck: 'handler' })
      for (const length of [9, 11]) {
        const body = { length, chunks: [new Uint8Array(10)] }
        await expect(ask({ body, bodyCheck: 'handler' })).rejects.toMatchObject({ code: 'PacketMalformed' })
      }
      const endless = (function* () {
        for (;;) yield new Uint8Array(10)
      })()
      const asked = ask({ body: { length: 15, chunks: endless }, bodyCheck: 'handler' })
      await expect(asked).rejects.toMatchObject({ code: 'PacketMalformed' })
      expect((await ask()).command).toBe('Data')
    })

    test('one after the other uses one stream; many at once use at most eight', async () => {
      const { alice, bob, ask } = await pair()
      bob.transport.handle('Echo', echo)
      await alice.transport.identify(bob.ref)
      const opened = await countStreams(alice, bob)
      for (let i = 0; i < 20; i++) await (await ask({ body: randomBytes(1000 + i * 100_000) })).readBody()
      expect(opened()).toBe(1)
      const replies = Array.from({ length: 50 }, async () => (await ask({ body: randomBytes(1000) })).readBody())
      await Promise.all(replies)
      expect(opened()).toBeLessThanOrEqual(8)
    })

    test('a reply whose body is given up costs its stream, not the connection', async () => {
      const { bob, ask } = await pair()
      bob.transport.handle('Big', async () => ({
        command: 'Data',
        payload: new Uint8Array(),
        body: new Uint8Array(MIB),
      }))
      for (let i = 0; i < 10; i++) (await ask({ command: 'Big' })).cancel()
      for await (const chunk of (await ask({ command: 'Big' })).body) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      const whole = await ask({ command: 'Big' })
      expect((await whole.readBody()).length).toBe(MIB)
      await expect(whole.readBody()).rejects.toThrow('once')
    })

    test('a refusal travels with code and message; anything else is Internal without detail', async () => {
      const { bob, ask } = await pair()
      const failures: Record<string, unknown> = {
        Quota: new TransportError('QuotaExceeded', 'no room for 5 bytes'),
        Busy: new TransportError('Busy', 'later'),
        Secret: new TransportError('Cancelled', 'because of the secret'),
        Bug: new TypeError('secret is undefined'),
      }
      for (const command of Object.keys(failures)) {
        bob.transport.handle(command, async () => {
          throw failures[command]
        })
      }
      await expect(ask({ command: 'Quota' })).rejects.toMatchObject({
        name: 'TransportError',
        code: 'QuotaExceeded',
        message: 'peer answered: no room for 5 bytes',
        retryable: false,
        culprit: bob.ref.fingerprint,
      })
      await expect(ask({ command: 'Busy' })).rejects.toMatchObject({ code: 'Busy', retryable: true })
      for (const command of ['Secret', 'Bug']) {
        const error = await ask({ command }).catch((reason: unknown) => reason)
        expect(error).toMatchObject({ code: 'Internal' })
        expect(String(error)).not.toContain('secret')
      }
      expect(bob.log).toContain('handler failed Internal')
      await expect(ask({ command: 'Unheard' })).rejects.toMatchObject({ code: 'VersionUnsupported' })
    })

    test('a handler that answers against the rules is Internal', async () => {
      const { bob, ask } = await pair()
      bob.transport.handle('Shout', async () => ({ command: 'not a word', payload: new Uint8Array() }))
      bob.transport.handle('Lie', async () => ({ command: 'Fail', payload: new Uint8Array() }))
      bob.transport.handle('Heavy', async () => ({ command: 'Data', payload: new Uint8Array(70_000) }))
      for (const command of ['Shout', 'Lie', 'Heavy']) {
        await expect(ask({ command })).rejects.toMatchObject({ code: 'Internal' })
      }
    })

    test('payload and body limits are those of the handler', async () => {
      const { bob, ask } = await pair()
      bob.transport.handle('Small', echo, { maxPayloadBytes: 100, maxBodyBytes: 1000 })
      bob.transport.handle('Large', echo, { maxPayloadBytes: 200_000, maxBodyBytes: 20 * MIB })
      const sized = (command: string, payload: number, body: number) =>
        ask({ command, payload: new Uint8Array(payload), body: new Uint8Array(body) })
      expect((await sized('Small', 100, 1000)).bodyLength).toBe(1000)
      await expect(sized('Small', 101, 0)).rejects.toMatchObject({ code: 'LimitExceeded' })
      await expect(sized('Small', 0, 1001)).rejects.toMatchObject({ code: 'LimitExceeded' })
      await expect(sized('Large', 200_000, 0)).rejects.toMatchObject({ code: 'Internal' })
      await expect(sized('Large', 0, 17 * MIB)).rejects.toMatchObject({ code: 'LimitExceeded' })
      await expect(sized('Small', 300_000, 0)).rejects.toMatchObject({ code: 'Timeout' })
    })

    test('a refusal before a large body is read reaches the sender, who stops', async () => {
      const { bob, ask } = await pair()
      bob.transport.handle(
        'Store',
        async () => {
          throw new TransportError('QuotaExceeded', 'full')
        },
        { maxBodyBytes: 1000 * MIB, bodyCheck: 'handler' },
      )
      let produced = 0
      const piece = new Uint8Array(64 * 1024)
      const chunks = (async function* () {
        for (; produced < 200 * MIB; produced += piece.length) yield piece
      })()
      const asked = ask({ command: 'Store', body: { length: 200 * MIB, chunks }, bodyCheck: 'handler' })
      await expect(asked).rejects.toMatchObject({ code: 'QuotaExceeded' })
      await stable(() => produced)
      expect(produced).toBeLessThan(100 * MIB)
      await expect(ask({ command: 'Store' })).rejects.toMatchObject({ code: 'QuotaExceeded' })
    })

    test('a small body that the handler ignores does not cost the stream', async () => {
      const { alice, bob, ask } = await pair()
      bob.transport.handle('Ignore', async () => ({ command: 'Ack', payload: new Uint8Array() }))
      await alice.transport.identify(bob.ref)
      const opened = await countStreams(alice, bob)
      for (let i = 0; i < 5; i++) await ask({ command: 'Ignore', body: new Uint8Array(60_000) })
      expect(opened()).toBe(1)
    })

    test('a handler that does not read holds the sender back at a bounded amount', async () => {
      const { bob, ask } = await pair()
      const { promise: readOn, resolve: startReading } = Promise.withResolvers<void>()
      bob.transport.handle(
        'Store',
        async (_caller, packet) => {
          await readOn
          let length = 0
          for await (const chunk of packet.body) length += chunk.length
          return { command: 'Ack', payload: Uint8Array.of(length === 24 * MIB ? 1 : 0) }
        },
        { maxBodyBytes: 100 * MIB, bodyCheck: 'handler' },
      )
      let produced = 0
      const piece = new Uint8Array(64 * 1024)
      const chunks = (async function* () {
        for (; produced < 24 * MIB; produced += piece.length) yield piece
      })()
      const asked = ask({ command: 'Store', body: { length: 24 * MIB, chunks }, bodyCheck: 'handler' })
      await stable(() => produced)
      expect(produced).toBeLessThanOrEqual(maxBytesInFlight)
      startReading()
      expect((await asked).payload).toEqual(Uint8Array.of(1))
    })

    test('a reply that is not read holds the handler back at a bounded amount', async () => {
      const { bob, ask } = await pair()
      let produced = 0
      const piece = new Uint8Array(64 * 1024)
      bob.transport.handle('Load', async () => ({
        command: 'Data',
        payload: new Uint8Array(),
        bodyCheck: 'handler',
        body: {
          length: 24 * MIB,
          chunks: (async function* () {
            for (; produced < 24 * MIB; produced += piece.length) yield piece
          })(),
        },
      }))
      const reply = await ask({ command: 'Load' })
      await stable(() => produced)
      expect(produced).toBeLessThanOrEqual(maxBytesInFlight)
      let length = 0
      for await (const chunk of reply.body) length += chunk.length
      expect(length).toBe(24 * MIB)
      await expect(ask({ command: 'Load' }).then((again) => again.readBody())).rejects.toMatchObject({
        code: 'LimitExceeded',
      })
    })

    test('an aborted signal ends the request here and the handler there', async () => {
      const { bob, ask } = await pair()
      const { promise: begun, resolve: begin } = Promise.withResolvers<AbortSignal>()
      bob.transport.handle('Wait', async (_caller, { signal }) => {
        begin(signal)
        return new Promise(() => {})
      })
      const giveUp = new AbortController()
      const asked = ask({ command: 'Wait' }, { signal: giveUp.signal })
      const theirs = await begun
      const ended = new Promise<void>((resolve) => theirs.addEventListener('abort', () => resolve()))
      giveUp.abort(new Error('not needed'))
      await expect(asked).rejects.toMatchObject({ code: 'Cancelled', retryable: false })
      await ended
      await expect(ask({ command: 'Wait' }, { signal: giveUp.signal })).rejects.toMatchObject({ code: 'Cancelled' })
    })

    test('no reply within the time is Timeout; a slow but steady transfer is not', async () => {
      const { world, bob, ask } = await pair()
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
      bob.transport.handle('Wait', async () => {
        begin()
        return new Promise(() => {})
      })
      bob.transport.handle('Echo', echo)
      const asked = ask({ command: 'Wait' }, { timeoutMs: 5_000 })
      const failed = expect(asked).rejects.toMatchObject({ code: 'Timeout', retryable: true })
      await begun
      await world.clock.advance(5_000)
      await failed
      const piece = new Uint8Array(10)
      const { promise: sent, resolve: allSent } = Promise.withResolvers<void>()
      const chunks = (async function* () {
        for (let i = 0; i < 10; i++) {
          yield piece
          await world.clock.advance(3_000)
        }
        allSent()
      })()
      const body = { length: 100, chunks, sha256: sha256(new Uint8Array(100)) }
      const reply = await ask({ body }, { timeoutMs: 5_000 })
      await sent
      expect((await reply.readBody()).length).toBe(100)
    })

    test('identify tells who is there now, each time anew', async () => {
      const { world, alice, bob } = await pair()
      const first = await alice.transport.identify(bob.ref)
      expect(first).toMatchObject({ fingerprint: bob.ref.fingerprint, identity: { revision: 1 } })
      bob.identity = await signTestIdentity('bob', bob.masterKey, [bob.deviceKey], world.clock.now(), 2)
      expect((await alice.transport.identify(bob.ref)).identity.revision).toBe(2)
      expect(alice.transport.connected().map(({ identity }) => identity.revision)).toEqual([2])
      expect(bob.transport.connected()).toHaveLength(1)
      await bob.transport.stop()
      await expect(alice.transport.identify(bob.ref)).rejects.toMatchObject({ code: 'Timeout', retryable: true })
    })

    test('meet learns who is at an address', async () => {
      const { world, alice, bob } = await pair()
      world.addresses.clear()
      const { peerId } = bob.ref
      const caller = await alice.transport.meet({ peerId, addresses: bob.carrier.addresses() })
      expect(caller).toMatchObject({ fingerprint: bob.ref.fingerprint, peerId })
      expect(await alice.transport.meet({ peerId, addresses: [] })).toBe(caller)
      await bob.transport.stop()
      await expect(alice.transport.meet({ peerId: alice.ref.peerId, addresses: [] })).rejects.toMatchObject({
        code: 'NotFound',
      })
    })

    test('a changed identity is shown before the next request', async () => {
      const { world, alice, bob, ask } = await pair()
      const revisions: number[] = []
      bob.transport.handle('Echo', async ({ identity }) => {
        revisions.push(identity.revision)
        return { command: 'Ack', payload: new Uint8Array() }
      })
      await ask()
      alice.identity = await signTestIdentity('alice', alice.masterKey, [alice.deviceKey], world.clock.now(), 7)
      await ask()
      await ask()
      expect(revisions).toEqual([1, 7, 7])
    })

    test('who was greeted may ask at once, even while he is still being checked', async () => {
      const world = createWorld(makeCarrier)
      const { promise: checked, resolve: finishCheck } = Promise.withResolvers<void>()
      const alice: TestPeer = await world.peer('alice', {
        resolver: {
          accept: async (document) => {
            await checked
            return alice.resolver.accept(document)
          },
          known: (fingerprint) => alice.resolver.known(fingerprint),
          onNewer: () => () => {},
        },
      })
      alice.transport.handle('Echo', echo)
      const bob = await world.peer('bob')
      const answered = new Promise<string>((resolve, reject) => {
        bob.transport.events.addEventListener('peer:connect', () => {
          bob.transport.request(alice.ref, packetOf(bob)).then(({ command }) => resolve(command), reject)
          setTimeout(finishCheck, 50)
        })
      })
      await alice.transport.identify(bob.ref)
      expect(await answered).toBe('Data')
    })

    test('connections are reported once per device, and disconnect ends them', async () => {
      const { alice, bob } = await pair()
      const events: string[] = []
      for (const type of ['peer:connect', 'peer:disconnect'] as const) {
        alice.transport.events.addEventListener(type, ({ detail }) => events.push(`${type} ${detail.peerId}`))
      }
      await alice.transport.identify(bob.ref)
      await alice.transport.identify(bob.ref)
      expect(events).toEqual([`peer:connect ${bob.ref.peerId}`])
      const gone = new Promise<void>((resolve) =>
        bob.transport.events.addEventListener('peer:disconnect', () => resolve(), { once: true }),
      )
      await alice.transport.disconnect(bob.ref.fingerprint)
      await gone
      expect(events).toEqual([`peer:connect ${bob.ref.peerId}`, `peer:disconnect ${bob.ref.peerId}`])
      expect(alice.transport.connected()).toEqual([])
    })

    test('after a lost connection the next request makes a new one', async () => {
      const { alice, bob, ask } = await pair()
      bob.transport.handle('Echo', echo)
      await ask()
      const gone = new Promise<void>((resolve) =>
        alice.transport.events.addEventListener('peer:disconnect', () => resolve(), { once: true }),
      )
      await bob.transport.disconnect(alice.ref.fingerprint)
      await gone
      expect((await ask()).command).toBe('Data')
      await alice.transport.disconnect(bob.ref.fingerprint)
      expect((await ask()).command).toBe('Data')
    })

    test('a request ends when the peer stops, and with the own stop', async () => {
      const { world, alice, bob, ask } = await pair()
      const handlers = [bob, await world.peer('carol')].map(({ transport, ref }) => {
        const { promise, resolve } = Promise.withResolvers<void>()
        transport.handle('Wait', async () => {
          resolve()
          return new Promise(() => {})
        })
        return { begun: promise, transport, ref }
      })
      const asked = [
        ask({ command: 'Wait' }),
        alice.transport.request(handlers[1]!.ref, packetOf(alice, { command: 'Wait' })),
      ]
      const ends = asked.map((request) => expect(request).rejects.toMatchObject({ code: 'Timeout', retryable: true }))
      await Promise.all(handlers.map(({ begun }) => begun))
      await bob.transport.stop()
      await ends[0]
      await alice.transport.stop()
      await alice.transport.stop()
      await ends[1]
      await expect(ask()).rejects.toMatchObject({ code: 'Cancelled' })
      await expect(alice.transport.start()).rejects.toMatchObject({ code: 'Cancelled' })
    })

    test('nobody known, nobody there, somebody else there', async () => {
      const { world, alice, bob } = await pair()
      const carol = await world.peer('carol')
      const ask = (to: TestPeer['ref']) => alice.transport.request(to, packetOf(alice))
      const expectCode = (to: TestPeer['ref'], code: string) => expect(ask(to)).rejects.toMatchObject({ code })
      world.addresses.set(bob.ref.peerId, [])
      await expectCode(bob.ref, 'NotFound')
      world.addresses.set(
        bob.ref.peerId,
        carol.carrier.addresses().map((address) => address.replace(/\/p2p\/.*$/, '')),
      )
      await expectCode(bob.ref, 'PeerIdentityMismatch')
      world.addresses.set(bob.ref.peerId, bob.carrier.addresses())
      await expectCode({ ...bob.ref, fingerprint: carol.ref.fingerprint }, 'PeerIdentityMismatch')
      await expectCode(alice.ref, 'NotFound')
      await bob.transport.stop()
      await expectCode(bob.ref, 'Timeout')
    })
  })
}

export function packetOf(from: TestPeer, packet: Partial<OutgoingPacket> = {}): OutgoingPacket {
  return { command: 'Echo', owner: from.ref.fingerprint, payload: new Uint8Array(), ...packet }
}

async function* produce(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve()
    yield part
  }
}

/** Counts the packet streams that are opened on the connection from now on. */
async function countStreams(from: TestPeer, to: TestPeer): Promise<() => number> {
  const signal = AbortSignal.timeout(5_000)
  const connection = (await from.carrier.dial(to.ref.peerId, [], { signal })) as {
    open: CarrierConnection['open']
  }
  const { open } = connection
  let count = 0
  connection.open = (protocol, options) => {
    if (protocol === PACKET_PROTOCOL) count += 1
    return open(protocol, options)
  }
  return () => count
}

/** Waits until a number has risen and then not changed for a while. */
async function stable(value: () => number): Promise<void> {
  for (let before = -1; before !== value() || value() === 0; ) {
    before = value()
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
}
