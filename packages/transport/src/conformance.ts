/**
 * The laws that every `Carrier` keeps, as Vitest tests. For tests only.
 *
 * @packageDocumentation
 */
import { concatBytes, equalBytes } from '@bitdust/crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ByteStream, Carrier, CarrierConnection } from './carrier.ts'

/** Three carriers that can reach each other, made anew for each law and not started. */
export type CarrierTrio = readonly [Carrier, Carrier, Carrier]

export interface CarrierConformanceOptions {
  /** What may be on its way, in bytes, between a writer and a reader who does not read. */
  readonly maxBytesInFlight: number
}

const PROTOCOL = '/bitdust/conformance/1.0.0'
const LIMIT_MS = 10_000

/**
 * Registers one test per law.
 *
 * @param name - Heading of the tests.
 * @param make - Called once per law.
 */
export function carrierConformance(
  name: string,
  make: () => Promise<CarrierTrio>,
  { maxBytesInFlight }: CarrierConformanceOptions,
): void {
  describe(`Carrier: ${name}`, () => {
    test('addresses end in the own peer id and are there from start to stop', async () => {
      const [alice] = await make()
      expect(alice.addresses()).toEqual([])
      await alice.start()
      await alice.start()
      expect(alice.addresses().length).toBeGreaterThan(0)
      for (const address of alice.addresses()) expect(address.endsWith(`/p2p/${alice.peerId}`)).toBe(true)
      await alice.stop()
      await alice.stop()
    })

    test('both ends know the authenticated peer and who dialed', async () => {
      const { alice, bob, connection, accepted } = await connect(make)
      expect(connection).toMatchObject({ remotePeerId: bob.peerId, inbound: false })
      expect(await accepted).toMatchObject({ remotePeerId: alice.peerId, inbound: true })
    })

    test('a second dial uses the connection that exists, whoever made it', async () => {
      const { alice, bob, connection, accepted } = await connect(make)
      expect(await alice.dial(bob.peerId, bob.addresses(), within())).toBe(connection)
      const theirs = await accepted
      expect(await bob.dial(alice.peerId, [], within())).toBe(theirs)
    })

    test('bytes arrive unchanged, in order and in both directions', async () => {
      const { connection, next } = await connect(make)
      const own = await connection.open(PROTOCOL, within())
      const theirs = await next()
      const sizes = [1, 2, 1000, 65_535, 65_536, 300_000, 3, 1_048_577]
      const [there, back] = await Promise.all([
        readAll(theirs),
        readAll(own),
        send(own, sizes, 1),
        send(theirs, sizes, 2),
      ])
      expect(equalBytes(there, patternOf(sizes, 1))).toBe(true)
      expect(equalBytes(back, patternOf(sizes, 2))).toBe(true)
    })

    test('an array may be changed once the write has resolved', async () => {
      const { connection, next } = await connect(make)
      const own = await connection.open(PROTOCOL, within())
      const bytes = new Uint8Array(100_000).fill(7)
      await own.write(bytes)
      bytes.fill(9)
      await own.closeWrite()
      const read = await readAll(await next())
      expect(read.length).toBe(100_000)
      expect(read.every((byte) => byte === 7)).toBe(true)
    })

    test('closing one side leaves the other open', async () => {
      const { connection, next } = await connect(make)
      const own = await connection.open(PROTOCOL, within())
      const theirs = await next()
      await own.write(Uint8Array.of(1))
      await own.closeWrite()
      expect(await readAll(theirs)).toEqual(Uint8Array.of(1))
      await theirs.write(Uint8Array.of(2, 3))
      expect(await own.readExactly(2)).toEqual(Uint8Array.of(2, 3))
      await theirs.closeWrite()
      expect(await own.read()).toBeNull()
    })

    test('read gives at most what was asked for, readExactly all of it or PacketMalformed', async () => {
      const { connection, next } = await connect(make)
      const own = await connection.open(PROTOCOL, within())
      const theirs = await next()
      await own.write(Uint8Array.of(1, 2, 3, 4, 5))
      expect(await theirs.read(2)).toEqual(Uint8Array.of(1, 2))
      expect(await theirs.readExactly(2)).toEqual(Uint8Array.of(3, 4))
      await own.closeWrite()
      await expect(theirs.readExactly(2)).rejects.toMatchObject({ code: 'PacketMalformed' })
    })

    test('a reader who pauses holds the writer back at a bounded amount, and loses nothing', async () => {
      const { connection, next } = await connect(make)
      const own = await connection.open(PROTOCOL, within())
      const theirs = await next()
      const piece = new Uint8Array(64 * 1024)
      const total = 2 * maxBytesInFlight
      let written = 0
      const writing = (async () => {
        for (; written < total; written += piece.length) await own.write(piece)
        await own.closeWrite()
      })()
      await stable(() => written)
      expect(written).toBeLessThanOrEqual(maxBytesInFlight)
      let read = 0
      for (let chunk = await theirs.read(); chunk !== null; chunk = await theirs.read()) read += chunk.length
      await writing
      expect(read).toBe(written)
    })

    test('a stream that is held back does not hold back others', async () => {
      const { connection, next } = await connect(make)
      const held = await connection.open(PROTOCOL, within())
      await next()
      const blocked = held.write(new Uint8Array(2 * maxBytesInFlight)).catch(() => 'ended')
      const free = await connection.open(PROTOCOL, within())
      const theirs = await next()
      await free.write(Uint8Array.of(4))
      expect(await theirs.readExactly(1)).toEqual(Uint8Array.of(4))
      held.abort(new Error('test is over'))
      expect(await blocked).toBe('ended')
    })

    test('an aborted stream throws the given error here and a reset there, after what had arrived', async () => {
      const { connection, next } = await connect(make)
      const own = await connection.open(PROTOCOL, within())
      const theirs = await next()
      await own.write(Uint8Array.of(8))
      expect(await theirs.readExactly(1)).toEqual(Uint8Array.of(8))
      const reason = new Error('enough')
      const pending = own.read()
      own.abort(reason)
      own.abort(new Error('too late'))
      await expect(pending).rejects.toBe(reason)
      await expect(own.write(Uint8Array.of(1))).rejects.toBe(reason)
      await expect(theirs.read()).rejects.toMatchObject({ code: 'Timeout', retryable: true })
      await expect(theirs.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'Timeout' })
      expect(own.closed.reason).toBe(reason)
      expect(theirs.closed.aborted).toBe(true)
    })

    test('what was written before closing and aborting can still be read', async () => {
      const { connection, next } = await connect(make)
      const own = await connection.open(PROTOCOL, within())
      const theirs = await next()
      await theirs.write(new Uint8Array(70_000))
      await theirs.closeWrite()
      theirs.abort(new Error('answered'))
      expect((await readAll(own)).length).toBe(70_000)
    })

    test('a handler that throws resets the stream', async () => {
      const [alice, bob] = await make()
      bob.handle(PROTOCOL, async () => {
        throw new Error('not for you')
      })
      await startAll(alice, bob)
      const connection = await alice.dial(bob.peerId, bob.addresses(), within())
      const stream = await connection.open(PROTOCOL, within())
      await expect(stream.readExactly(1)).rejects.toMatchObject({ code: 'Timeout' })
    })

    test('a protocol that the peer does not know is VersionUnsupported', async () => {
      const { connection } = await connect(make)
      const opening = connection.open('/bitdust/unknown/1.0.0', within())
      await expect(opening).rejects.toMatchObject({ code: 'VersionUnsupported' })
    })

    test('a dial that reaches another peer is PeerIdentityMismatch', async () => {
      const [alice, bob, carol] = await make()
      await startAll(alice, bob, carol)
      const addresses = bob.addresses().map((address) => address.replace(/\/p2p\/.*$/, ''))
      const dialing = alice.dial(carol.peerId, addresses, within())
      await expect(dialing).rejects.toMatchObject({ code: 'PeerIdentityMismatch' })
    })

    test('a dial that nobody answers is Timeout and may be retried', async () => {
      const [alice, bob] = await make()
      await startAll(alice, bob)
      const addresses = bob.addresses()
      await bob.stop()
      const dialing = alice.dial(bob.peerId, addresses, within())
      await expect(dialing).rejects.toMatchObject({ code: 'Timeout', retryable: true })
    })

    test('an aborted signal ends a read and leaves the stream alone', async () => {
      const { connection, next } = await connect(make)
      const own = await connection.open(PROTOCOL, within())
      const theirs = await next()
      const giveUp = new AbortController()
      const pending = own.read(1, { signal: giveUp.signal })
      giveUp.abort(new Error('given up'))
      await expect(pending).rejects.toThrow('given up')
      await theirs.write(Uint8Array.of(6))
      expect(await own.readExactly(1)).toEqual(Uint8Array.of(6))
    })

    test('closing a connection is seen at both ends and ends its streams', async () => {
      const { connection, accepted, next } = await connect(make)
      const own = await connection.open(PROTOCOL, within())
      const theirs = await next()
      const seen = [connection, await accepted].map(({ onClose }) => new Promise<void>(onClose))
      const pending = [own.readExactly(1), theirs.readExactly(1)].map((read) => read.catch(() => 'ended'))
      await connection.close()
      await connection.close()
      await Promise.all(seen)
      expect(await Promise.all(pending)).toEqual(['ended', 'ended'])
      await expect(connection.open(PROTOCOL, within())).rejects.toMatchObject({ code: 'Timeout' })
      await new Promise<void>((resolve) => connection.onClose(resolve))
    })

    test('a carrier that stops closes its connections', async () => {
      const { bob, connection } = await connect(make)
      const seen = new Promise<void>((resolve) => connection.onClose(resolve))
      await bob.stop()
      await seen
    })
  })
}

interface Connected {
  readonly alice: Carrier
  readonly bob: Carrier
  /** Alice's end. */
  readonly connection: CarrierConnection
  /** Bob's end. */
  readonly accepted: Promise<CarrierConnection>
  /** The next stream that Alice opened, at Bob's end. */
  next(): Promise<ByteStream>
}

async function connect(make: () => Promise<CarrierTrio>): Promise<Connected> {
  const [alice, bob] = await make()
  const streams: ByteStream[] = []
  const waiting: ((stream: ByteStream) => void)[] = []
  bob.handle(PROTOCOL, (stream) => {
    const taker = waiting.shift()
    if (taker === undefined) streams.push(stream)
    else taker(stream)
  })
  const accepted = new Promise<CarrierConnection>((resolve) => bob.onConnection(resolve))
  await startAll(alice, bob)
  const connection = await alice.dial(bob.peerId, bob.addresses(), within())
  const next = async () => streams.shift() ?? (await new Promise<ByteStream>((resolve) => waiting.push(resolve)))
  return { alice, bob, connection, accepted, next }
}

async function startAll(...carriers: readonly Carrier[]): Promise<void> {
  onTestFinished(async () => {
    await Promise.all(carriers.map((carrier) => carrier.stop()))
  })
  for (const carrier of carriers) await carrier.start()
}

function within(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(LIMIT_MS) }
}

/** A message of these sizes in all; every byte depends on its place and the seed. */
function patternOf(sizes: readonly number[], seed: number): Uint8Array {
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0))
  for (let index = 0; index < bytes.length; index++) bytes[index] = index * 31 + (index >>> 8) * seed
  return bytes
}

async function send(stream: ByteStream, sizes: readonly number[], seed: number): Promise<void> {
  const message = patternOf(sizes, seed)
  let offset = 0
  for (const size of sizes) {
    await stream.write(message.subarray(offset, offset + size))
    offset += size
  }
  await stream.closeWrite()
}

async function readAll(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) chunks.push(chunk)
  return concatBytes(...chunks)
}

/** Waits until a number has not changed for a while. */
async function stable(value: () => number): Promise<void> {
  let last = Number.NaN
  while (last !== value()) {
    last = value()
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
}
