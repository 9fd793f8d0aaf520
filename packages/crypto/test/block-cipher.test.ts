import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ciphertextSize,
  concatBytes,
  decryptBlock,
  decryptBlockRange,
  encryptBlock,
  fromHex,
  plaintextSize,
  SEGMENT_BYTES,
  SEGMENT_TAG_BYTES,
  sha256,
  toHex,
} from '../src/index.ts'
import { pattern } from './pattern.ts'
import vectors from './vectors/block-cipher-v1.json' with { type: 'json' }

const SEALED = SEGMENT_BYTES + SEGMENT_TAG_BYTES
const BLOCK_AUTH_FAILED = expect.objectContaining({ name: 'CryptoError', code: 'BlockAuthFailed' })
const LIMIT_EXCEEDED = expect.objectContaining({ name: 'CryptoError', code: 'LimitExceeded' })
const key = fromHex(vectors.key)

/** Sizes around the borders of segments. */
const size = fc.oneof(
  fc.nat({ max: 300 }),
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -2, max: 2 }))
    .map(([n, delta]) => n * SEGMENT_BYTES + delta),
  fc.nat({ max: 4 * SEGMENT_BYTES }),
)

describe('vectors', () => {
  test.each(vectors.blocks)('$bytes bytes', async ({ bytes, ciphertextBytes, ciphertextSha256, lastBytes }) => {
    const ciphertext = await encryptBlock(key, pattern(bytes))
    expect(ciphertext.length).toBe(ciphertextBytes)
    expect(toHex(ciphertext.slice(-lastBytes.length / 2))).toBe(lastBytes)
    expect(toHex(sha256(ciphertext))).toBe(ciphertextSha256)
    expect(await decryptBlock(key, ciphertext)).toEqual(pattern(bytes))
  })
})

describe('laws', () => {
  test('decrypt undoes encrypt, and the sizes are known beforehand', async () => {
    await fc.assert(
      fc.asyncProperty(size, async (bytes) => {
        const plaintext = pattern(bytes)
        const ciphertext = await encryptBlock(key, plaintext)
        const used = new Uint8Array(ciphertext.length).fill(7)
        expect(await encryptBlock(key, plaintext, { into: used })).toEqual(ciphertext)
        await expect(encryptBlock(key, plaintext, { into: new Uint8Array(used.length + 1) })).rejects.toMatchObject({
          code: 'LimitExceeded',
        })
        expect(ciphertext.length).toBe(ciphertextSize(bytes))
        expect(plaintextSize(ciphertext.length)).toBe(bytes)
        expect(await decryptBlock(key, ciphertext)).toEqual(plaintext)
      }),
      { numRuns: 40 },
    )
  })

  test('a range is what the whole has there, and no other segment is read', async () => {
    const whole = pattern(3 * SEGMENT_BYTES + 1_000)
    const ciphertext = await encryptBlock(key, whole)
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length }), size, async (offset, wanted) => {
        const length = Math.min(wanted, whole.length - offset)
        let bytesRead = 0
        const read = async (from: number, to: number) => {
          expect(from % SEALED).toBe(0)
          expect(to % SEALED === 0 || to === ciphertext.length).toBe(true)
          bytesRead += to - from
          return ciphertext.subarray(from, to)
        }
        const part = await decryptBlockRange(key, ciphertext.length, read, offset, length)
        expect(part).toEqual(whole.subarray(offset, offset + length))
        const lastSegment = Math.floor((offset + length - 1) / SEGMENT_BYTES)
        const touched = length === 0 ? 0 : lastSegment - Math.floor(offset / SEGMENT_BYTES) + 1
        expect(bytesRead).toBeLessThanOrEqual(touched * SEALED)
      }),
      { numRuns: 60 },
    )
  })

  test('every size either has one plaintext size or is refused', () => {
    fc.assert(
      fc.property(fc.nat({ max: 300_000 }), (bytes) => {
        let plaintextBytes: number
        try {
          plaintextBytes = plaintextSize(bytes)
        } catch (error) {
          expect(error).toEqual(BLOCK_AUTH_FAILED)
          return
        }
        expect(ciphertextSize(plaintextBytes)).toBe(bytes)
      }),
    )
  })
})

describe('T31 a block that is not what was encrypted', () => {
  const plaintext = pattern(3 * SEGMENT_BYTES + 10)
  const segments = async () => {
    const ciphertext = await encryptBlock(key, plaintext)
    return [0, 1, 2, 3].map((i) => ciphertext.subarray(i * SEALED, (i + 1) * SEALED))
  }

  test.each<[string, readonly number[]]>([
    ['last segment dropped', [0, 1, 2]],
    ['first segment dropped', [1, 2, 3]],
    ['middle segment dropped', [0, 2, 3]],
    ['two segments exchanged', [1, 0, 2, 3]],
    ['segment repeated', [0, 1, 1, 3]],
    ['segment added', [0, 1, 2, 2, 3]],
    ['only the last segment', [3]],
    ['only the first segment', [0]],
  ])('T31 %s', async (_, order) => {
    const parts = await segments()
    const changed = concatBytes(...order.map((i) => parts[i]!))
    await expect(decryptBlock(key, changed)).rejects.toEqual(BLOCK_AUTH_FAILED)
  })

  test('T31 segment of another block under another key', async () => {
    const parts = await segments()
    const other = await encryptBlock(new Uint8Array(32).fill(9), plaintext)
    const changed = concatBytes(parts[0]!, other.subarray(SEALED, 2 * SEALED), parts[2]!, parts[3]!)
    await expect(decryptBlock(key, changed)).rejects.toEqual(BLOCK_AUTH_FAILED)
  })

  test('T31 truncated at any length', async () => {
    const ciphertext = await encryptBlock(key, pattern(SEGMENT_BYTES + 20))
    for (const length of [
      0,
      1,
      15,
      16,
      17,
      100,
      SEALED - 1,
      SEALED,
      SEALED + 1,
      SEALED + 16,
      SEALED + 17,
      SEALED + 35,
    ]) {
      await expect(decryptBlock(key, ciphertext.subarray(0, length)), `${length} bytes`).rejects.toEqual(
        BLOCK_AUTH_FAILED,
      )
    }
  })

  test('T31 every bit of a short block', async () => {
    const ciphertext = await encryptBlock(key, pattern(20))
    for (let bit = 0; bit < ciphertext.length * 8; bit++) {
      const changed = ciphertext.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      await expect(decryptBlock(key, changed)).rejects.toEqual(BLOCK_AUTH_FAILED)
    }
  })

  test('T31 a range is refused when a touched segment was changed or moved, or the length is a lie', async () => {
    const ciphertext = await encryptBlock(key, plaintext)
    const range = (read: (from: number, to: number) => Promise<Uint8Array>, bytes = ciphertext.length) =>
      decryptBlockRange(key, bytes, read, SEGMENT_BYTES + 5, 10)
    await expect(range(async () => ciphertext.subarray(0, SEALED))).rejects.toEqual(BLOCK_AUTH_FAILED)
    await expect(range(async (from, to) => ciphertext.subarray(from, to - 1))).rejects.toEqual(BLOCK_AUTH_FAILED)
    await expect(range(async (from) => ciphertext.subarray(from))).rejects.toEqual(BLOCK_AUTH_FAILED)
    const twoSegments = ciphertextSize(2 * SEGMENT_BYTES)
    await expect(range(async (from, to) => ciphertext.subarray(from, to), twoSegments)).rejects.toEqual(
      BLOCK_AUTH_FAILED,
    )
  })
})

test.each([
  [-1, 1],
  [0, 101],
  [101, 0],
  [0.5, 1],
  [0, Number.NaN],
  [Number.MAX_SAFE_INTEGER, 2],
])('range %d+%d of 100 bytes is LimitExceeded, and nothing is read', async (offset, length) => {
  const read = async (): Promise<Uint8Array> => {
    throw new Error('read')
  }
  await expect(decryptBlockRange(key, ciphertextSize(100), read, offset, length)).rejects.toEqual(LIMIT_EXCEEDED)
})

test.each([0, 16, 31, 33])('a key of %d bytes is KeyMalformed', async (bytes) => {
  const badKey = new Uint8Array(bytes)
  const keyMalformed = expect.objectContaining({ code: 'KeyMalformed' })
  await expect(encryptBlock(badKey, pattern(1))).rejects.toEqual(keyMalformed)
  await expect(decryptBlock(badKey, pattern(17))).rejects.toEqual(keyMalformed)
})

test('the caller keeps its bytes', async () => {
  const plaintext = pattern(70_000)
  const ciphertext = await encryptBlock(key, plaintext)
  const kept = ciphertext.slice()
  await decryptBlock(key, ciphertext)
  expect(plaintext).toEqual(pattern(70_000))
  expect(ciphertext).toEqual(kept)
})
