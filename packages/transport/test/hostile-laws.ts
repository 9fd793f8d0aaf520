import { encodeCanonical, generateDeviceKey, randomBytes, sha256, u32be } from '@bitdust/crypto'
import { flipBits } from '@bitdust/testing'
import { describe, expect, test } from 'vitest'
import { HELLO_PROTOCOL, PACKET_PROTOCOL } from '../src/index.ts'
import { encodeFailure } from '../src/packet/failure.ts'
import { readFrame, sealFrame } from '../src/packet/frame.ts'
import { decodeRequestHeader, encodeReplyHeader, encodeRequestHeader, type ReplyHeader } from '../src/packet/header.ts'
import { outcomeOf, rawFrame, rawHeader, rawStream } from './raw-packets.ts'
import { echo, packetOf } from './transport-laws.ts'
import { createWorld, type MakeCarrier, signTestIdentity, type TestPeer } from './world.ts'

/** What a transport does with peers who break the rules, whatever carries it. */
export function hostileLaws(name: string, makeCarrier: MakeCarrier): void {
  describe(`Hostile peers over ${name}`, () => {
    async function duel(limits = {}) {
      const world = createWorld(makeCarrier)
      const mallory = await world.peer('mallory')
      const bob = await world.peer('bob', { limits })
      let handled = 0
      bob.transport.handle('Echo', async (caller, packet) => {
        const reply = await echo(caller, packet)
        handled += 1
        return reply
      })
      const now = () => world.clock.now()
      const header = (change = {}) => rawHeader(mallory, bob, now(), change)
      const send = async (change = {}) =>
        outcomeOf(await rawStream(mallory, bob), await rawFrame(mallory, header(change)))
      return { world, mallory, bob, header, send, handled: () => handled }
    }

    test('T18 a packet that breaks off anywhere is not handled', async () => {
      const { mallory, bob, header, handled } = await duel({ badSignaturesPerMinute: 1e6 })
      const frame = await rawFrame(mallory, header())
      for (let length = 1; length < frame.length; length += 23) {
        const stream = await rawStream(mallory, bob)
        await stream.write(frame.subarray(0, length))
        await stream.closeWrite()
        await expect(stream.readExactly(1)).rejects.toMatchObject({ name: 'TransportError' })
      }
      expect(handled()).toBe(0)
      expect(await outcomeOf(await rawStream(mallory, bob), frame)).toBe('Data')
    })

    test('T18 a packet with one wrong bit is not handled', async () => {
      const { mallory, bob, header, handled } = await duel({ badSignaturesPerMinute: 1e6 })
      const frame = await rawFrame(mallory, header())
      const outcomes = new Set<string>()
      for (const { index, bit, bytes } of flipBits(frame)) {
        // Every bit is tried without a network in packet.test.ts; the first bytes could announce more than is sent.
        if (index < 4 || (index * 8 + bit) % 41 !== 0) continue
        outcomes.add(await outcomeOf(await rawStream(mallory, bob), bytes))
      }
      expect(handled()).toBe(0)
      const refusals = ['PeerIdentityMismatch', 'WrongAudience', 'ClockSkew', 'VersionUnsupported', 'SignatureInvalid']
      for (const outcome of outcomes) expect(['reset', ...refusals]).toContain(outcome)
      expect(outcomes).toContain('SignatureInvalid')
    })

    test('T18 a length of 2^32 - 1 is refused before anything is read', async () => {
      const { mallory, bob, send } = await duel()
      for (const length of [0xffffffff, 8 * 1024 + 64 * 1024 + 1, 0]) {
        expect(await outcomeOf(await rawStream(mallory, bob), u32be(length))).toBe('reset')
      }
      expect(await send()).toBe('Data')
    })

    test('T19 a packet sent again is refused, at once, later, when it is stale and after a restart', async () => {
      const { world, mallory, bob, header } = await duel()
      const first = await rawFrame(mallory, header())
      const second = await rawFrame(mallory, header())
      expect(await outcomeOf(await rawStream(mallory, bob), first)).toBe('Data')
      expect(await outcomeOf(await rawStream(mallory, bob), first)).toBe('ReplayDetected')
      await world.clock.advance(299_000)
      expect(await outcomeOf(await rawStream(mallory, bob), first)).toBe('ReplayDetected')
      const gone = disconnected(mallory)
      await bob.transport.stop()
      await gone
      const restarted = await world.peer('bob', { as: bob })
      restarted.transport.handle('Echo', echo)
      expect(await outcomeOf(await rawStream(mallory, restarted), first)).toBe('ReplayDetected')
      expect(await outcomeOf(await rawStream(mallory, restarted), second)).toBe('ReplayDetected')
      await world.clock.advance(2_000)
      expect(await outcomeOf(await rawStream(mallory, restarted), first)).toBe('ClockSkew')
      const fresh = rawHeader(mallory, restarted, world.clock.now())
      expect(await outcomeOf(await rawStream(mallory, restarted), await rawFrame(mallory, fresh))).toBe('Data')
    })

    test('T19 the same packet on two streams at once is handled once', async () => {
      const { mallory, bob, header, handled } = await duel()
      const frame = await rawFrame(mallory, header())
      const streams = [await rawStream(mallory, bob), await rawStream(mallory, bob), await rawStream(mallory, bob)]
      const outcomes = await Promise.all(streams.map((stream) => outcomeOf(stream, frame)))
      expect(outcomes.sort()).toEqual(['Data', 'ReplayDetected', 'ReplayDetected'])
      expect(handled()).toBe(1)
    })

    test('T20 a packet for another receiver is refused', async () => {
      const { world, mallory, bob, send, handled } = await duel()
      const carol = await world.peer('carol')
      const { fingerprint, peerId } = carol.ref
      expect(await send({ remote: { fingerprint, peerId } })).toBe('WrongAudience')
      expect(await send({ remote: { fingerprint: bob.ref.fingerprint, peerId } })).toBe('WrongAudience')
      expect(await send({ remote: { fingerprint, peerId: bob.ref.peerId } })).toBe('WrongAudience')
      const forCarol = await rawFrame(mallory, rawHeader(mallory, carol, world.clock.now()))
      expect(await outcomeOf(await rawStream(mallory, bob), forCarol)).toBe('WrongAudience')
      expect(handled()).toBe(0)
    })

    test('T22 an identity that does not name the device behind the channel is refused, and the connection closed', async () => {
      const { world, bob } = await duel()
      const alice = await world.peer('alice')
      const expired = await signTestIdentity(
        'carol',
        alice.masterKey,
        [alice.deviceKey],
        world.clock.now() - 172_800_000,
      )
      const thieves = [
        await world.peer('thief', { identity: alice.identity }),
        await world.peer('late', { as: alice, identity: expired }),
      ]
      for (const thief of thieves) {
        await expect(thief.transport.identify(bob.ref)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
        await expect(thief.transport.request(bob.ref, packetOf(thief))).rejects.toMatchObject({
          code: 'PeerIdentityMismatch',
        })
        expect(thief.transport.connected()).toEqual([])
      }
      expect(bob.transport.connected()).toEqual([])
      await expect(bob.transport.identify(thieves[0]!.ref)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
    })

    test('T22 a document that fails its own check, or of the same revision as another one, is refused', async () => {
      const { world, mallory, bob } = await duel()
      const { identity } = mallory
      const twin = await signTestIdentity('mallory', mallory.masterKey, [mallory.deviceKey], world.clock.now())
      mallory.identity = { ...identity, bytes: identity.bytes.with(200, identity.bytes[200]! ^ 1) }
      await expect(mallory.transport.identify(bob.ref)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
      mallory.identity = identity
      await mallory.transport.identify(bob.ref)
      mallory.identity = twin
      await expect(mallory.transport.identify(bob.ref)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
      expect(bob.transport.connected()).toEqual([])
    })

    test('T22 an older document is good for as long as the newest one that is known names the device', async () => {
      const { world, mallory, bob, send } = await duel()
      const other = await generateDeviceKey()
      const devices = [mallory.deviceKey, other]
      const { bytes } = await signTestIdentity('mallory', mallory.masterKey, devices, world.clock.now(), 5)
      await bob.resolver.accept(bytes)
      expect(await send()).toBe('Data')
      const [caller] = bob.transport.connected()
      expect(caller?.identity.revision).toBe(5)
      await mallory.transport.identify(bob.ref)
      expect((await bob.transport.identify(mallory.ref)).identity.revision).toBe(5)
    })

    test('T22 a revoked device shows its old document in vain', async () => {
      const { world, mallory, bob } = await duel()
      const revoked = await signTestIdentity('mallory', mallory.masterKey, [], world.clock.now(), 2)
      await bob.resolver.accept(revoked.bytes)
      await expect(mallory.transport.identify(bob.ref)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
      await expect(mallory.transport.request(bob.ref, packetOf(mallory))).rejects.toMatchObject({
        code: 'PeerIdentityMismatch',
      })
      await expect(bob.transport.identify(mallory.ref)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
      expect(bob.transport.connected()).toEqual([])
    })

    test('T22 a device that is revoked loses the connections it has, whoever brings the news', async () => {
      const { world, mallory, bob, send, handled } = await duel()
      expect(await send()).toBe('Data')
      const stream = await rawStream(mallory, bob)
      const closed = Promise.all(
        [mallory, bob].map(
          ({ transport }) => new Promise((resolve) => transport.events.addEventListener('peer:disconnect', resolve)),
        ),
      )
      const revoked = await signTestIdentity('mallory', mallory.masterKey, [], world.clock.now(), 2)
      await bob.resolver.accept(revoked.bytes)
      const late = outcomeOf(stream, await rawFrame(mallory, rawHeader(mallory, bob, world.clock.now())))
      await closed
      expect(await late.catch(() => 'reset')).not.toBe('Data')
      expect(bob.transport.connected()).toEqual([])
      await expect(send()).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
      expect(handled()).toBe(1)
    })

    test('T22 a device that is revoked while it says hello loses the connection', async () => {
      const world = createWorld(makeCarrier)
      const mallory = await world.peer('mallory')
      const revoked = await signTestIdentity('mallory', mallory.masterKey, [], world.clock.now(), 2)
      const bob: TestPeer = await world.peer('bob', {
        resolver: {
          async accept(document) {
            const accepted = await bob.resolver.accept(document)
            await bob.resolver.accept(revoked.bytes)
            return accepted
          },
          known: (fingerprint) => bob.resolver.known(fingerprint),
          // Nobody is told: what comes in during a hello has to be found afterwards.
          onNewer: () => () => {},
        },
      })
      await mallory.transport.identify(bob.ref).catch(() => {})
      await expect.poll(() => bob.transport.connected()).toEqual([])
    })

    test('a new certificate for the same device counts on open connections', async () => {
      const { world, mallory, bob, send } = await duel()
      expect(await send()).toBe('Data')
      await world.clock.advance(43_200_000)
      const renewed = await signTestIdentity('mallory', mallory.masterKey, [mallory.deviceKey], world.clock.now(), 2)
      await bob.resolver.accept(renewed.bytes)
      await expect.poll(() => bob.transport.connected()[0]?.identity.revision).toBe(2)
      await world.clock.advance(50_000_000)
      expect(await send()).toBe('Data')
    })

    test('T22 a device may not change its identity on a connection', async () => {
      const { world, mallory, bob } = await duel()
      const carol = await world.peer('carol')
      await mallory.transport.identify(bob.ref)
      mallory.identity = await signTestIdentity('carol', carol.masterKey, [mallory.deviceKey], world.clock.now(), 2)
      await expect(mallory.transport.identify(bob.ref)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
      expect(mallory.transport.connected()).toEqual([])
    })

    test('T22 an expired certificate ends requests and hellos on connections that were good', async () => {
      const { world, mallory, bob, send, handled } = await duel()
      expect(await send()).toBe('Data')
      const stream = await rawStream(mallory, bob)
      await world.clock.advance(86_400_000 + 3_600_000)
      const late = await rawFrame(mallory, rawHeader(mallory, bob, world.clock.now()))
      expect(await outcomeOf(stream, late)).toBe('PeerIdentityMismatch')
      expect(handled()).toBe(1)
      await expect(bob.transport.identify(mallory.ref)).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
      expect(bob.transport.connected()).toEqual([])
      const renewed = (peer: TestPeer, name: string) =>
        signTestIdentity(name, peer.masterKey, [peer.deviceKey], world.clock.now(), 2)
      mallory.identity = await renewed(mallory, 'mallory')
      bob.identity = await renewed(bob, 'bob')
      expect((await mallory.transport.request(bob.ref, packetOf(mallory))).command).toBe('Data')
    })

    test('T22 a peer whose certificate expired on the connection is checked again before it is asked', async () => {
      const { world, mallory, bob } = await duel()
      const shorter = world.clock.now() - 43_200_000
      bob.identity = await signTestIdentity('bob', bob.masterKey, [bob.deviceKey], shorter)
      const ask = () => mallory.transport.request(bob.ref, packetOf(mallory))
      expect((await ask()).command).toBe('Data')
      await world.clock.advance(43_200_000 + 3_600_000)
      await expect(ask()).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
    })

    test('too many hellos are RateLimited, and cost a good connection nothing', async () => {
      const { world, mallory, bob } = await duel()
      for (let i = 0; i < 10; i++) await mallory.transport.identify(bob.ref)
      await expect(mallory.transport.identify(bob.ref)).rejects.toMatchObject({ code: 'RateLimited', retryable: true })
      expect((await mallory.transport.request(bob.ref, packetOf(mallory))).command).toBe('Data')
      await world.clock.advance(1_000)
      await mallory.transport.identify(bob.ref)
    })

    test('packets before hello are refused', async () => {
      const { mallory, bob, header, handled } = await duel()
      const signal = AbortSignal.timeout(5_000)
      const connection = await mallory.carrier.dial(bob.ref.peerId, bob.carrier.addresses(), { signal })
      const stream = await connection.open(PACKET_PROTOCOL, { signal })
      expect(await outcomeOf(stream, await rawFrame(mallory, header()))).toBe('reset')
      expect(handled()).toBe(0)
    })

    test('a hello that is none ends the connection', async () => {
      const { mallory, bob } = await duel()
      const signal = AbortSignal.timeout(5_000)
      const framed = (value: Parameters<typeof encodeCanonical>[0]) => {
        const encoded = encodeCanonical(value)
        return [...u32be(encoded.length), ...encoded]
      }
      const hellos = [
        u32be(0xffffffff),
        [...u32be(3), 1, 2, 3],
        framed({ v: 2, identity: new Uint8Array(10), nonce: new Uint8Array(16) }),
        framed({ v: 1, identity: new Uint8Array(10), nonce: new Uint8Array(15) }),
        framed({ v: 1, identity: new Uint8Array(10), nonce: new Uint8Array(16) }),
        framed({ v: 1, code: 'Busy', message: 'you first' }),
      ]
      for (const hello of hellos) {
        const connection = await mallory.carrier.dial(bob.ref.peerId, bob.carrier.addresses(), { signal })
        const gone = new Promise<void>((resolve) => connection.onClose(resolve))
        const stream = await connection.open(HELLO_PROTOCOL, { signal })
        await stream.write(Uint8Array.from(hello))
        await gone
      }
      expect(bob.transport.connected()).toEqual([])
    })

    test('a silent hello ends with its time', async () => {
      const { world, mallory, bob } = await duel()
      const signal = AbortSignal.timeout(5_000)
      const connection = await mallory.carrier.dial(bob.ref.peerId, bob.carrier.addresses(), { signal })
      const gone = new Promise<void>((resolve) => connection.onClose(resolve))
      const stream = await connection.open(HELLO_PROTOCOL, { signal })
      await stream.write(Uint8Array.of(0))
      while (world.clock.sleepers === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await world.clock.advance(5_000)
      await gone
    })

    test('a frame that comes one byte at a time ends with its time', async () => {
      const { world, mallory, bob, header } = await duel()
      const frame = await rawFrame(mallory, header())
      const stream = await rawStream(mallory, bob)
      const ended = stream.readExactly(1).catch(() => 'ended')
      await stream.write(frame.subarray(0, 1))
      while (world.clock.sleepers === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await world.clock.advance(20_000)
      await stream.write(frame.subarray(1, 2))
      await world.clock.advance(10_000)
      expect(await ended).toBe('ended')
    })

    test('who speaks for another is refused by the channel', async () => {
      const { world, send, handled } = await duel()
      const carol = await world.peer('carol')
      expect(await send({ creator: carol.ref.fingerprint })).toBe('PeerIdentityMismatch')
      expect(await send({ device: carol.deviceKey.publicKey.id })).toBe('PeerIdentityMismatch')
      expect(handled()).toBe(0)
    })

    test('a clock that differs too much is told so, in both directions', async () => {
      const { world, send } = await duel()
      const now = world.clock.now()
      const dated = (date: number) => send({ date, expires: date + 300_000 })
      await world.clock.advance(300_000)
      expect(await dated(now - 1)).toBe('ClockSkew')
      expect(await dated(now + 300_000)).toBe('Data')
      expect(await dated(now + 600_000)).toBe('Data')
      expect(await dated(now + 600_001)).toBe('ClockSkew')
      expect(await send({ date: now + 200_000, expires: now + 299_999 })).toBe('ClockSkew')
    })

    test('a body that is not what was signed never reaches its end', async () => {
      const { mallory, bob, header, handled } = await duel()
      const body = randomBytes(1000)
      const signed = { bodyLength: 1000, bodyHash: sha256(body) }
      const send = async (change: object, bytes: Uint8Array) => {
        const frame = await rawFrame(mallory, header(change))
        return outcomeOf(await rawStream(mallory, bob), Uint8Array.from([...frame, ...bytes]))
      }
      expect(await send(signed, body)).toBe('Data')
      expect(await send(signed, body.with(999, body[999]! ^ 1))).toBe('SignatureInvalid')
      expect(await send({ bodyLength: 1000 }, body)).toBe('PacketMalformed')
      expect(handled()).toBe(1)
    })

    test('too many requests are RateLimited until time has passed', async () => {
      const { world, mallory, bob } = await duel({ requestsPerSecond: 10, requestBurst: 20 })
      const ask = () => mallory.transport.request(bob.ref, packetOf(mallory)).then(({ command }) => command)
      for (let i = 0; i < 20; i++) expect(await ask()).toBe('Data')
      await expect(ask()).rejects.toMatchObject({ code: 'RateLimited', retryable: true })
      await world.clock.advance(100)
      expect(await ask()).toBe('Data')
    })

    test('too many wrong signatures ban the peer for a while, on every connection', async () => {
      const { world, mallory, bob, header } = await duel({ badSignaturesPerMinute: 3, banMs: 60_000 })
      const carol = await world.peer('carol')
      const forged = await sealFrame(encodeRequestHeader(header()), carol.deviceKey)
      const gone = disconnected(mallory)
      for (let i = 0; i < 4; i++) {
        const stream = await rawStream(mallory, bob)
        expect(await outcomeOf(stream, forged)).toBe('SignatureInvalid')
        // The stream is over: nothing that follows is looked at.
        await expect(stream.readExactly(1)).rejects.toMatchObject({ name: 'TransportError' })
      }
      await gone
      await expect(mallory.transport.identify(bob.ref)).rejects.toMatchObject({ code: 'RateLimited' })
      expect((await carol.transport.request(bob.ref, packetOf(carol))).command).toBe('Data')
      await world.clock.advance(60_000)
      expect((await mallory.transport.identify(bob.ref)).fingerprint).toBe(bob.ref.fingerprint)
    })

    test('a replay costs no signature check, and the checks of all peers together are limited', async () => {
      const { world, mallory, bob, header, send } = await duel({ signatureChecksPerSecond: 2 })
      const frame = await rawFrame(mallory, header())
      expect(await outcomeOf(await rawStream(mallory, bob), frame)).toBe('Data')
      for (let i = 0; i < 3; i++) {
        expect(await outcomeOf(await rawStream(mallory, bob), frame)).toBe('ReplayDetected')
      }
      expect(await send()).toBe('Data')
      expect(await send()).toBe('Busy')
      await world.clock.advance(500)
      expect(await send()).toBe('Data')
    })

    test('a ban holds on connections that were open before it', async () => {
      const { world, mallory, bob, header } = await duel({ badSignaturesPerMinute: 1 })
      const twin = await world.peer('mallory', { as: mallory })
      const carol = await world.peer('carol')
      const ask = () => twin.transport.request(bob.ref, packetOf(twin))
      expect((await ask()).command).toBe('Data')
      const forged = await sealFrame(encodeRequestHeader(header()), carol.deviceKey)
      for (let i = 0; i < 2; i++)
        expect(await outcomeOf(await rawStream(mallory, bob), forged)).toBe('SignatureInvalid')
      await expect(ask()).rejects.toMatchObject({ code: 'RateLimited' })
    })

    test('a large body that the handler ignores is not waited for', async () => {
      const { mallory, bob, header } = await duel()
      bob.transport.handle('Ignore', async () => ({ command: 'Ack', payload: new Uint8Array() }), {
        bodyCheck: 'handler',
      })
      const stream = await rawStream(mallory, bob)
      expect(await outcomeOf(stream, await rawFrame(mallory, header({ command: 'Ignore', bodyLength: 65_537 })))).toBe(
        'Ack',
      )
      expect(await stream.read()).toBeNull()
      const patient = await rawStream(mallory, bob)
      const frame = await rawFrame(mallory, header({ command: 'Ignore', bodyLength: 65_536 }))
      expect(await outcomeOf(patient, frame)).toBe('Ack')
      await patient.write(new Uint8Array(65_536))
      expect(await outcomeOf(patient, await rawFrame(mallory, header()))).toBe('Data')
    })

    test('a peer that answers first does not get the rest of the body', async () => {
      const world = createWorld(makeCarrier)
      const alice = await world.peer('alice')
      let received = 0
      const mallory: TestPeer = await world.peer('mallory', {
        tamper: (carrier) =>
          carrier.handle(PACKET_PROTOCOL, async (stream) => {
            const frame = await readFrame(stream, 100_000)
            const { date, nonce } = decodeRequestHeader(frame!.header)
            const reply = encodeReplyHeader({
              command: 'Ack',
              creator: mallory.ref.fingerprint,
              device: mallory.deviceKey.publicKey.id,
              remote: { fingerprint: alice.ref.fingerprint, peerId: alice.ref.peerId },
              date,
              echo: nonce,
              payload: new Uint8Array(),
              bodyLength: 0,
              bodyHash: null,
            })
            await stream.write(await sealFrame(reply, mallory.deviceKey))
            for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) received += chunk.length
          }),
      })
      const { promise: answered, resolve: goOn } = Promise.withResolvers<void>()
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      const chunks = (async function* () {
        try {
          yield new Uint8Array(1000)
          await answered
          for (let i = 0; i < 100; i++) yield new Uint8Array(100_000)
        } finally {
          end()
        }
      })()
      const body = { length: 10_001_000, chunks }
      await alice.transport.request(mallory.ref, packetOf(alice, { body, bodyCheck: 'handler' }))
      goOn()
      await ended
      expect(received).toBeLessThanOrEqual(1000)
    })

    test('when no nonce can be remembered any more, packets get Busy', async () => {
      const { world, send } = await duel({ maxNonces: 2 })
      expect(await send()).toBe('Data')
      expect(await send()).toBe('Data')
      expect(await send()).toBe('Busy')
      await world.clock.advance(660_000)
      expect(await send()).toBe('Data')
    })

    test('more streams than two sets of eight are reset', async () => {
      const { mallory, bob, header } = await duel()
      const streams = []
      for (let i = 0; i < 17; i++) streams.push(await rawStream(mallory, bob))
      const outcomes = []
      for (const stream of streams) outcomes.push(await outcomeOf(stream, await rawFrame(mallory, header())))
      expect(outcomes.filter((outcome) => outcome === 'Data')).toHaveLength(16)
      expect(outcomes.filter((outcome) => outcome === 'reset')).toHaveLength(1)
    })

    test('a forged, redirected, stale or broken reply is an error with its name', async () => {
      const world = createWorld(makeCarrier)
      const alice = await world.peer('alice')
      const carol = await world.peer('carol')
      const stranger = await generateDeviceKey()
      const busy = encodeFailure({ code: 'Busy', message: 'later', retryable: true })
      let forge: (honest: ReplyHeader) => Promise<{ bytes: Uint8Array; ends?: boolean }>
      const mallory: TestPeer = await world.peer('mallory', {
        tamper: (carrier) =>
          carrier.handle(PACKET_PROTOCOL, async (stream) => {
            for (
              let frame = await readFrame(stream, 100_000);
              frame !== null;
              frame = await readFrame(stream, 100_000)
            ) {
              const { date, nonce } = decodeRequestHeader(frame.header)
              const { ref, deviceKey } = mallory
              const written = await forge({
                command: 'Ack',
                creator: ref.fingerprint,
                device: deviceKey.publicKey.id,
                remote: { fingerprint: alice.ref.fingerprint, peerId: alice.ref.peerId },
                date,
                echo: nonce,
                payload: new Uint8Array(),
                bodyLength: 0,
                bodyHash: null,
              })
              await stream.write(written.bytes)
              if (written.ends) await stream.closeWrite()
            }
          }),
      })
      const sealed = async (reply: ReplyHeader, key = mallory.deviceKey) => ({
        bytes: await sealFrame(encodeReplyHeader(reply), key),
      })
      const cases: Record<string, [typeof forge, string]> = {
        honest: [(reply) => sealed(reply), 'Ack'],
        forged: [(reply) => sealed(reply, stranger), 'SignatureInvalid'],
        creator: [(reply) => sealed({ ...reply, creator: carol.ref.fingerprint }), 'PeerIdentityMismatch'],
        device: [(reply) => sealed({ ...reply, device: stranger.publicKey.id }), 'PeerIdentityMismatch'],
        redirected: [
          (reply) => sealed({ ...reply, remote: { fingerprint: carol.ref.fingerprint, peerId: alice.ref.peerId } }),
          'WrongAudience',
        ],
        stale: [(reply) => sealed({ ...reply, echo: randomBytes(16) }), 'ReplayDetected'],
        cut: [
          async (reply) => ({ bytes: (await sealed(reply)).bytes.subarray(0, 100), ends: true }),
          'PacketMalformed',
        ],
        long: [async () => ({ bytes: u32be(0xffffffff) }), 'PacketMalformed'],
        silent: [async () => ({ bytes: new Uint8Array(), ends: true }), 'Timeout'],
        fail: [(reply) => sealed({ ...reply, command: 'Fail', payload: busy }), 'Busy'],
        failBody: [(reply) => sealed({ ...reply, command: 'Fail', payload: busy, bodyLength: 5 }), 'PacketMalformed'],
        failText: [(reply) => sealed({ ...reply, command: 'Fail', payload: Uint8Array.of(1) }), 'PacketMalformed'],
      }
      for (const [title, [forged, expected]] of Object.entries(cases)) {
        forge = forged
        const asked = alice.transport.request(mallory.ref, packetOf(alice))
        const outcome = await asked.then(
          ({ command }) => command,
          ({ code }) => code,
        )
        expect([title, outcome]).toEqual([title, expected])
      }
    })
  })
}

function disconnected({ transport }: TestPeer): Promise<void> {
  return new Promise((resolve) => transport.events.addEventListener('peer:disconnect', () => resolve(), { once: true }))
}
