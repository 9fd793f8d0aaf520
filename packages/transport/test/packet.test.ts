import { type DeviceId, deviceKeyFromSeed, type Fingerprint, fromHex, LABELS, toHex, u32be } from '@bitdust/crypto'
import { flipBits } from '@bitdust/testing'
import {
  assert,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  property,
  record,
  string,
  uint8Array,
} from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ByteStream } from '../src/carrier.ts'
import { TransportError } from '../src/index.ts'
import { decodeFailure, encodeFailure, errorOfPeer, refusalOf } from '../src/packet/failure.ts'
import { readFrame, sealFrame } from '../src/packet/frame.ts'
import {
  decodeReplyHeader,
  decodeRequestHeader,
  encodeReplyHeader,
  encodeRequestHeader,
  type ReplyHeader,
  type RequestHeader,
} from '../src/packet/header.ts'
import { createReadQueue } from '../src/read-queue.ts'
import vectors from './vectors/packet-v1.json' with { type: 'json' }

const FINGERPRINT = 'ab'.repeat(32) as Fingerprint
const DEVICE = 'cd'.repeat(32) as DeviceId
const PEER_ID = '12D3KooWECeeEVbhMbwLpTXYv9J9bPGmcVKzX3YNAZdqQkZzTgWh'

const common = {
  command: constantFrom('Data', 'Ack', 'A', `Z${'z9'.repeat(31)}z`),
  creator: constant(FINGERPRINT),
  device: constant(DEVICE),
  remote: constant({ fingerprint: FINGERPRINT, peerId: PEER_ID }),
  date: integer({ min: 0, max: 2 ** 45 }),
  payload: uint8Array({ maxLength: 200 }),
  bodyLength: constantFrom(1, 65_536, 2 ** 40),
  bodyHash: constantFrom(null, new Uint8Array(32).fill(9)),
}
const requests = record({
  ...common,
  owner: constant(FINGERPRINT),
  packetId: string({ unit: constantFrom(...'azAZ09$@:#_-'), minLength: 1, maxLength: 128 }),
  nonce: uint8Array({ minLength: 16, maxLength: 16 }),
  lifetime: integer({ min: 1, max: 600_000 }),
}).map(({ lifetime, ...header }): RequestHeader => ({ ...header, expires: header.date + lifetime }))
const replies = record({ ...common, echo: uint8Array({ minLength: 16, maxLength: 16 }) })

const REQUEST: RequestHeader = {
  command: 'Data',
  owner: FINGERPRINT,
  creator: FINGERPRINT,
  device: DEVICE,
  packetId: 'p',
  date: 1_000_000,
  expires: 1_300_000,
  remote: { fingerprint: FINGERPRINT, peerId: PEER_ID },
  nonce: new Uint8Array(16),
  payload: Uint8Array.of(1, 2, 3),
  bodyLength: 0,
  bodyHash: null,
}
const REPLY: ReplyHeader = {
  command: 'Ack',
  creator: FINGERPRINT,
  device: DEVICE,
  remote: REQUEST.remote,
  date: 1_000_000,
  echo: new Uint8Array(16),
  payload: new Uint8Array(),
  bodyLength: 0,
  bodyHash: null,
}

describe('packet headers', () => {
  test('decoding inverts encoding', () => {
    const requestLaw = property(requests, (header) => {
      expect(decodeRequestHeader(encodeRequestHeader(header))).toEqual(header)
    })
    const replyLaw = property(replies, (header) => {
      expect(decodeReplyHeader(encodeReplyHeader(header))).toEqual(header)
    })
    assert(requestLaw)
    assert(replyLaw)
  })

  test('the bytes are those of the vectors', async () => {
    const { seed, requestFrame, replyFrame } = vectors
    const key = await deviceKeyFromSeed(fromHex(seed))
    expect(toHex(await sealFrame(encodeRequestHeader({ ...REQUEST, device: key.publicKey.id }), key))).toBe(
      requestFrame,
    )
    expect(toHex(await sealFrame(encodeReplyHeader({ ...REPLY, device: key.publicKey.id }), key))).toBe(replyFrame)
  })

  test.each<[string, Partial<Record<keyof RequestHeader, unknown>>]>([
    ['command in lower case', { command: 'data' }],
    ['command of 65 characters', { command: `D${'a'.repeat(64)}` }],
    ['owner in upper case', { owner: FINGERPRINT.toUpperCase() }],
    ['creator too short', { creator: FINGERPRINT.slice(2) }],
    ['T47 packet id with a path', { packetId: '../x' }],
    ['T47 empty packet id', { packetId: '' }],
    ['T47 packet id of 129 characters', { packetId: 'a'.repeat(129) }],
    ['T47 packet id with NUL', { packetId: 'a\0' }],
    ['date before the epoch', { date: -1 }],
    ['date that is no integer', { date: 1.5 }],
    ['expires at its date', { expires: REQUEST.date }],
    ['expires after more than ten minutes', { expires: REQUEST.date + 600_001 }],
    ['nonce of 15 bytes', { nonce: new Uint8Array(15) }],
    ['payload as text', { payload: 'text' }],
    ['body of 2^40 + 1 bytes', { bodyLength: 2 ** 40 + 1 }],
    ['negative body', { bodyLength: -1 }],
    ['hash without a body', { bodyHash: new Uint8Array(32) }],
    ['hash of 31 bytes', { bodyLength: 1, bodyHash: new Uint8Array(31) }],
    ['receiver without a peer id', { remote: { fingerprint: FINGERPRINT } }],
    ['unknown field', { extra: 1 } as object],
  ])('%s is PacketMalformed', (_title, change) => {
    const header = { ...REQUEST, ...change } as RequestHeader
    expect(() => encodeRequestHeader(header)).toThrow(expect.objectContaining({ code: 'PacketMalformed' }))
  })

  test('a reply is no request, a request no reply, another version neither', () => {
    const malformed = expect.objectContaining({ code: 'PacketMalformed' })
    expect(() => decodeRequestHeader(encodeReplyHeader(REPLY))).toThrow(malformed)
    expect(() => decodeReplyHeader(encodeRequestHeader(REQUEST))).toThrow(malformed)
    expect(() => decodeRequestHeader(Uint8Array.of(0xff))).toThrow(malformed)
    const encoded = encodeRequestHeader(REQUEST)
    const version = encoded.findIndex((byte, index) => byte === 0x76 && encoded[index - 1] === 0x61) + 1
    const later = encoded.with(version, 2)
    expect(() => decodeRequestHeader(later)).toThrow(expect.objectContaining({ code: 'VersionUnsupported' }))
  })
})

describe('frames', () => {
  test('T18 every wrong bit of header or signature is found', async () => {
    const key = await deviceKeyFromSeed(new Uint8Array(32).fill(1))
    const frame = await sealFrame(encodeRequestHeader(REQUEST), key)
    const outcomes = new Map<string, number>()
    for (const { index, bytes } of flipBits(frame)) {
      if (index < 4) continue
      const outcome = await open(bytes, key.publicKey.verify)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect(await open(frame, key.publicKey.verify)).toBe('opened')
    expect([...outcomes.keys()].sort()).toEqual(['PacketMalformed', 'SignatureInvalid', 'VersionUnsupported'])
  })

  test('T18 reading asks for nothing that the limit does not allow', async () => {
    for (const length of [0, 1001, 0xffffffff]) {
      const asked: number[] = []
      const reading = readFrame(countingStream(u32be(length), asked), 1000)
      await expect(reading).rejects.toMatchObject({ code: 'PacketMalformed' })
      expect(Math.max(...asked)).toBeLessThanOrEqual(4)
    }
  })

  test('a stream that ends before a frame is null, within a frame PacketMalformed', async () => {
    expect(await readFrame(streamOf(new Uint8Array()), 1000)).toBeNull()
    for (const cut of [[0], [0, 0, 0], [0, 0, 0, 2], [0, 0, 0, 2, 1], [0, 0, 0, 1, 1, 5]]) {
      const reading = readFrame(streamOf(Uint8Array.from(cut)), 1000)
      await expect(reading).rejects.toMatchObject({ code: 'PacketMalformed' })
    }
  })

  test('a frame is read whole, however it was cut on its way', async () => {
    const key = await deviceKeyFromSeed(new Uint8Array(32).fill(1))
    await assert(
      asyncProperty(requests, integer({ min: 1, max: 50 }), async (header, step) => {
        const encoded = encodeRequestHeader(header)
        const frame = await readFrame(streamOf(await sealFrame(encoded, key), step), 10_000)
        expect(frame?.header).toEqual(encoded)
        expect(frame?.signature.length).toBe(64)
      }),
      { numRuns: 30 },
    )
  })
})

describe('failures', () => {
  test('what travels comes back as the same error', () => {
    const failure = refusalOf(new TransportError('Busy', 'later, please'))
    expect(decodeFailure(encodeFailure(failure), FINGERPRINT)).toMatchObject({
      culprit: FINGERPRINT,
      code: 'Busy',
      message: 'peer answered: later, please',
      retryable: true,
    })
  })

  test('what is not meant for peers says nothing', () => {
    for (const error of [new Error('/home/alice/key'), 'text', Object.assign(new Error('x'), { code: 'ENOENT' })]) {
      expect(refusalOf(error)).toEqual({ code: 'Internal', message: 'internal error', retryable: false })
    }
  })

  test('text of a peer is cut and cannot command a terminal; an unknown code is Internal', () => {
    const { code, message } = errorOfPeer('MadeUp', `\u001b[31m\u202eevil${'x'.repeat(1000)}`)
    expect(code).toBe('Internal')
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(message.length).toBeLessThan(600)
    const long = encodeFailure(refusalOf(new TransportError('Busy', '\u{1f600}'.repeat(1000))))
    expect(decodeFailure(long, FINGERPRINT)).toMatchObject({ code: 'Busy' })
  })
})

type Verify = (label: string, message: Uint8Array, signature: Uint8Array) => Promise<boolean>

async function open(bytes: Uint8Array, verify: Verify): Promise<string> {
  try {
    const frame = await readFrame(streamOf(bytes), 10_000)
    decodeRequestHeader(frame!.header)
    return (await verify(LABELS.packet, frame!.header, frame!.signature)) ? 'opened' : 'SignatureInvalid'
  } catch (error) {
    return (error as TransportError).code
  }
}

/** The reading half of a stream that gives these bytes and ends. */
function streamOf(bytes: Uint8Array, step = bytes.length): ByteStream {
  const queue = createReadQueue(() => {})
  for (let offset = 0; offset < bytes.length; offset += step) queue.push(bytes.slice(offset, offset + step))
  queue.end()
  return { read: queue.read, readExactly: queue.readExactly } as ByteStream
}

function countingStream(bytes: Uint8Array, asked: number[]): ByteStream {
  const stream = streamOf(bytes)
  return {
    ...stream,
    read: (maxBytes, options) => {
      asked.push(maxBytes ?? Number.POSITIVE_INFINITY)
      return stream.read(maxBytes, options)
    },
    readExactly: (size, options) => {
      asked.push(size)
      return stream.readExactly(size, options)
    },
  }
}
