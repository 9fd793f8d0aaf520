import { flipBits, testKeys } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { backend as web } from '../src/backend/web.ts'
import * as onNode from '../src/index.ts'
import { pattern } from './pattern.ts'
import vectors from './vectors/stream-v1.json' with { type: 'json' }

const { concatBytes, fromHex, isBitdustError, sha256, toHex } = onNode
const SEGMENT = 65_536
const SEALED = SEGMENT + 16
const HEADER_BYTES = fromHex(vectors.header).length

let onWeb: typeof onNode
let key: onNode.RsaPrivateKey
let other: onNode.RsaPrivateKey

beforeAll(async () => {
  key = await onNode.importRsaPrivateKey(testKeys[2048][0])
  other = await onNode.importRsaPrivateKey(testKeys[2048][1])
  vi.resetModules()
  vi.doMock('../src/backend/node.ts', () => ({ backend: web }))
  onWeb = await import('../src/index.ts')
  vi.doUnmock('../src/backend/node.ts')
})

async function* inChunks(bytes: Uint8Array, size = Math.max(1, bytes.length)): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

const whole = async (stream: AsyncIterable<Uint8Array>) => concatBytes(...(await Array.fromAsync(stream)))
const encrypt = (bytes: Uint8Array, api = onNode) => whole(api.encryptStream(key.publicKey, inChunks(bytes)))
const keyOf = async (fingerprint: string) => (fingerprint === key.publicKey.fingerprint ? key : null)
const decrypt = (bytes: Uint8Array, api = onNode, lookup: onNode.StreamKeyLookup = keyOf) =>
  whole(api.decryptStream(lookup, inChunks(bytes)))

/** The code with which decrypting fails, and how many bytes came before. */
async function failure(bytes: Uint8Array, api = onNode): Promise<{ code: string; released: Uint8Array }> {
  const released: Uint8Array[] = []
  try {
    for await (const part of api.decryptStream(keyOf, inChunks(bytes))) released.push(part)
  } catch (error) {
    return { code: isBitdustError(error) ? error.code : String(error), released: concatBytes(...released) }
  }
  return { code: 'nothing failed', released: concatBytes(...released) }
}

describe('vectors of another implementation', () => {
  test.each(vectors.streams)('$bytes bytes', async ({ bytes, ciphertextSha256 }) => {
    const ciphertext = concatBytes(fromHex(vectors.header), await segments(bytes))
    expect(toHex(sha256(ciphertext))).toBe(ciphertextSha256)
    for (const api of [onNode, onWeb]) expect(await decrypt(ciphertext, api)).toEqual(pattern(bytes))
  })

  test('whole', async () => {
    for (const api of [onNode, onWeb]) expect(await decrypt(fromHex(vectors.hundredBytes), api)).toEqual(pattern(100))
  })

  /** The sealed segments that belong to the header of the vector. */
  async function segments(bytes: number): Promise<Uint8Array> {
    const { backend } = await import('../src/backend/node.ts')
    const cipher = await backend.importAesKey(fromHex(vectors.contentKey))
    const plaintext = pattern(bytes)
    const count = Math.max(1, Math.ceil(bytes / SEGMENT))
    const parts = Array.from({ length: count }, async (_, index) => {
      const part = plaintext.subarray(index * SEGMENT, (index + 1) * SEGMENT)
      const nonce = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, index, index === count - 1 ? 1 : 0)
      const sealed = new Uint8Array(part.length + 16)
      await cipher.seal(nonce, onNode.signedBytes('bitdust/stream/v1', fromHex(vectors.header)), part, sealed)
      return sealed
    })
    return concatBytes(...(await Promise.all(parts)))
  }
})

describe('decrypt undoes encrypt', () => {
  test.each([0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 7])('%i bytes', async (size) => {
    const ciphertext = await encrypt(pattern(size))
    expect(ciphertext.length).toBe(HEADER_BYTES + size + 16 * Math.max(1, Math.ceil(size / SEGMENT)))
    expect(await decrypt(ciphertext, onWeb)).toEqual(pattern(size))
    expect(await decrypt(await encrypt(pattern(size), onWeb))).toEqual(pattern(size))
  })

  test('however both streams are cut into chunks', async () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: SEGMENT - 20, max: SEGMENT + 20 }))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 140_000 }), size, size, async (bytes, cutA, cutB) => {
        const plaintext = pattern(bytes)
        const ciphertext = await whole(onNode.encryptStream(key.publicKey, inChunks(plaintext, cutA)))
        expect(await whole(onNode.decryptStream(keyOf, inChunks(ciphertext, cutB)))).toEqual(plaintext)
      }),
      { numRuns: 25 },
    )
  })

  test('with empty chunks in between', async () => {
    async function* holes() {
      yield new Uint8Array(0)
      yield pattern(3)
      yield new Uint8Array(0)
    }
    expect(await decrypt(await whole(onNode.encryptStream(key.publicKey, holes())))).toEqual(pattern(3))
  })
})

test('no two streams share a content key or header', async () => {
  const [a, b] = await Promise.all([encrypt(pattern(10)), encrypt(pattern(10))])
  expect(a!.subarray(49)).not.toEqual(b!.subarray(49))
  expect(a!.subarray(HEADER_BYTES)).not.toEqual(b!.subarray(HEADER_BYTES))
})

describe('what was changed is refused', () => {
  test('every bit of a short stream, and nothing is released', async () => {
    const seen = new Set<string>()
    for (const { bytes, index } of flipBits(await encrypt(pattern(40)))) {
      const { code, released } = await failure(bytes)
      expect(released.length, `byte ${index}`).toBe(0)
      seen.add(code)
    }
    expect([...seen].sort()).toEqual(['BlockAuthFailed', 'KeyUnlockFailed', 'RecordInvalid', 'VersionUnsupported'])
  })

  test('on the web backend too', async () => {
    const ciphertext = await encrypt(pattern(40))
    const codes: string[] = []
    for (const at of [0, 14, 15, 47, 60, HEADER_BYTES, ciphertext.length - 1]) {
      codes.push(
        (
          await failure(
            ciphertext.map((byte, index) => (index === at ? byte ^ 1 : byte)),
            onWeb,
          )
        ).code,
      )
    }
    expect(codes).toEqual([
      'RecordInvalid',
      'VersionUnsupported',
      'KeyUnlockFailed',
      'RecordInvalid',
      'KeyUnlockFailed',
      'BlockAuthFailed',
      'BlockAuthFailed',
    ])
  })

  test('cut off at every byte of a short stream', async () => {
    const ciphertext = await encrypt(pattern(20))
    for (let length = 0; length < ciphertext.length; length++) {
      const { code, released } = await failure(ciphertext.subarray(0, length))
      expect(['RecordInvalid', 'KeyUnlockFailed', 'BlockAuthFailed'], `length ${length}`).toContain(code)
      expect(released.length).toBe(0)
    }
  })

  test('segments cut off, moved, repeated, added', async () => {
    const plaintext = pattern(3 * SEGMENT)
    const ciphertext = await encrypt(plaintext)
    const header = ciphertext.subarray(0, HEADER_BYTES)
    const [a, b, c] = [0, 1, 2].map((index) =>
      ciphertext.subarray(HEADER_BYTES + index * SEALED, HEADER_BYTES + (index + 1) * SEALED),
    ) as [Uint8Array, Uint8Array, Uint8Array]
    const foreign = (await encrypt(pattern(2 * SEGMENT))).subarray(HEADER_BYTES, HEADER_BYTES + SEALED)
    const cases: [string, Uint8Array[], number][] = [
      ['the last one cut off', [a, b], 1],
      ['all but the first cut off', [a], 0],
      ['all cut off', [], 0],
      ['cut inside', [a, b, c.subarray(0, 100)], 2],
      ['cut to less than a tag', [a, b, c.subarray(0, 15)], 2],
      ['swapped', [b, a, c], 0],
      ['one left out', [a, c], 1],
      ['one repeated', [a, a, b, c], 1],
      ['one of another stream', [a, foreign, c], 1],
      ['bytes added', [a, b, c, Uint8Array.of(0)], 2],
      ['a tag of nothing added', [a, b, c, new Uint8Array(16)], 2],
      ['the last one again', [a, b, c, c], 2],
    ]
    for (const [name, parts, whole] of cases) {
      const { code, released } = await failure(concatBytes(header, ...parts))
      expect(code, name).toBe('BlockAuthFailed')
      // Only whole, verified segments came out, and they are the true ones.
      expect(released, name).toEqual(plaintext.subarray(0, whole * SEGMENT))
    }
  })

  test('a stream that goes on with an empty segment', async () => {
    const header = fromHex(vectors.header)
    const { backend } = await import('../src/backend/node.ts')
    const cipher = await backend.importAesKey(fromHex(vectors.contentKey))
    const additional = onNode.signedBytes('bitdust/stream/v1', header)
    const [full, empty] = [new Uint8Array(SEALED), new Uint8Array(16)]
    await cipher.seal(new Uint8Array(12), additional, pattern(SEGMENT), full)
    await cipher.seal(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1), additional, new Uint8Array(0), empty)
    expect(await failure(concatBytes(header, full, empty))).toMatchObject({ code: 'BlockAuthFailed' })
  })

  test('by anybody but the holder of the key', async () => {
    const ciphertext = await encrypt(pattern(10))
    await expect(decrypt(ciphertext, onNode, async () => null)).rejects.toMatchObject({
      code: 'KeyUnlockFailed',
      subject: key.publicKey.fingerprint,
    })
    await expect(decrypt(ciphertext, onNode, async () => other)).rejects.toMatchObject({ code: 'KeyUnlockFailed' })
  })

  test('any bytes, with one of our codes', async () => {
    const start = fromHex(vectors.header)
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .tuple(fc.integer({ min: 0, max: start.length }), fc.uint8Array({ maxLength: 400 }))
        .map(([length, tail]) => concatBytes(start.subarray(0, length), tail)),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (input) => {
        const { code, released } = await failure(input)
        expect(['RecordInvalid', 'VersionUnsupported', 'KeyUnlockFailed', 'BlockAuthFailed']).toContain(code)
        expect(released.length).toBe(0)
      }),
    )
  })
})

describe('streams stay streams', () => {
  test('what goes in comes out before the end, and little is held', async () => {
    let given = 0
    async function* endless() {
      for (;;) {
        given += 100_000
        yield pattern(100_000)
      }
    }
    let came = 0
    for await (const part of onNode.decryptStream(keyOf, onNode.encryptStream(key.publicKey, endless()))) {
      came += part.length
      expect(given - came).toBeLessThan(5 * 100_000)
      if (came > 2_000_000) break
    }
  })

  test('giving up closes the source', async () => {
    let isClosed = false
    async function* source() {
      try {
        for (;;) yield pattern(SEGMENT)
      } finally {
        isClosed = true
      }
    }
    for await (const part of onNode.encryptStream(key.publicKey, source())) if (part.length > SEGMENT) break
    expect(isClosed).toBe(true)
  })

  test('a failure of the source passes through', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield pattern(10)
      throw new RangeError('the pipe broke')
    }
    await expect(whole(onNode.encryptStream(key.publicKey, broken()))).rejects.toThrow('the pipe broke')
    await expect(whole(onNode.decryptStream(keyOf, broken()))).rejects.toThrow('the pipe broke')
  })
})
