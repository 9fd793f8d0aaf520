import { sha256, toBase64Url } from '@bitdust/crypto'
import { seededRandom } from '@bitdust/testing'
import { unmeasured } from '@bitdust/upkeep'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesAhead, type CutBounds, createCutTable, cutBounds, cutPieces } from '../src/upload/cut-pieces.ts'
import { createPieceBuffers, type PieceBuffers } from '../src/upload/piece-buffers.ts'
import { inTime, MIB } from './setup.ts'

const SMALL: CutBounds = { minBytes: 11 * 1024, maxBytes: 33 * 1024 }
const LARGE = cutBounds(4)
const LONG = process.env.BITDUST_LONG === '1'

const tableOf = (name: string) => createCutTable(sha256(new TextEncoder().encode(name)))
const table = tableOf('here')

interface Cut {
  readonly length: number
  readonly hash: string
}

async function cut(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  bounds: CutBounds,
  gear = table,
  buffers: PieceBuffers = createPieceBuffers(bytesAhead(bounds), 2),
): Promise<readonly Cut[]> {
  const cuts: Cut[] = []
  const { signal } = inTime()
  for await (const { buffer, length } of cutPieces(chunks, {
    table: gear,
    bounds,
    buffers,
    signal,
    measure: unmeasured,
  })) {
    cuts.push({ length, hash: toBase64Url(sha256(buffer.bytes.subarray(0, length))) })
    // Whoever still looked at the piece would find something else.
    buffer.slot.fill(0xdd)
    buffer.release()
  }
  return cuts
}

/** Pieces of the second that the first has not. */
function changed(before: readonly Cut[], after: readonly Cut[]): number {
  const known = new Set(before.map(({ hash }) => hash))
  return after.filter(({ hash }) => !known.has(hash)).length
}

function* inParts(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = Math.max(lengths[turn % lengths.length] ?? 1, 0)
    yield bytes.slice(at, at + length)
    at += length
  }
}

const noise = (seed: string, bytes: number) => seededRandom(seed)(bytes)

/** Content of every kind of regularity. */
const anyContent = fc
  .array(
    fc.oneof(
      fc.record({
        kind: fc.constant('noise' as const),
        seed: fc.string(),
        bytes: fc.integer({ min: 0, max: 150_000 }),
      }),
      fc.record({ kind: fc.constant('same' as const), seed: fc.nat(255), bytes: fc.integer({ min: 0, max: 150_000 }) }),
      fc.record({
        kind: fc.constant('period' as const),
        seed: fc.string(),
        bytes: fc.integer({ min: 0, max: 150_000 }),
      }),
    ),
    { maxLength: 4 },
  )
  .map((parts) =>
    Buffer.concat(
      parts.map(({ kind, seed, bytes }) => {
        if (kind === 'same') return Buffer.alloc(bytes, seed)
        return kind === 'noise' ? noise(seed as string, bytes) : Buffer.alloc(bytes, noise(seed as string, 977))
      }),
    ),
  )

describe('cutting', () => {
  it('loses nothing, keeps its bounds, and does not depend on how the bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyContent,
        fc.array(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 90_000 })), {
          minLength: 1,
          maxLength: 5,
        }),
        async (content, lengths) => {
          const whole = await cut([content], SMALL)
          expect(await cut(inParts(content, lengths), SMALL)).toEqual(whole)
          expect(whole.reduce((sum, { length }) => sum + length, 0)).toBe(content.length)
          for (const { length } of whole) {
            expect(length).toBeLessThanOrEqual(SMALL.maxBytes)
            if (whole.length > 1) expect(length).toBeGreaterThanOrEqual(SMALL.minBytes)
          }
        },
      ),
      { numRuns: LONG ? 1000 : 60 },
    )
  }, 120_000)

  it('gives back the bytes', async () => {
    const content = noise('back', 300_000)
    const parts: Uint8Array[] = []
    const buffers = createPieceBuffers(bytesAhead(SMALL), 2)
    const { signal } = inTime()
    for await (const { buffer, length } of cutPieces([content], {
      table,
      bounds: SMALL,
      buffers,
      signal,
      measure: unmeasured,
    })) {
      parts.push(buffer.bytes.slice(0, length))
      buffer.release()
    }
    expect(Buffer.compare(Buffer.concat(parts), content)).toBe(0)
  })

  it('cuts in pieces of six tenths of the largest size', async () => {
    const lengths = (await cut([noise('sizes', 20 * MIB)], SMALL)).map(({ length }) => length)
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
    expect(mean / SMALL.maxBytes).toBeGreaterThan(0.57)
    expect(mean / SMALL.maxBytes).toBeLessThan(0.65)
  })

  it('of an edit, an insertion or a deletion changes at most two pieces', async () => {
    // At a place whose hash decides over a cut, which is one in some ten thousand here, there may be one more.
    let third = 0
    const content = noise('edits', 2 * MIB)
    const before = await cut([content], SMALL)
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length - 1), fc.integer({ min: -40, max: 40 }), async (at, by) => {
        const middle = by > 0 ? noise(`${at}`, by) : Uint8Array.of(content[at]! ^ 1)
        const rest = content.subarray(by > 0 ? at : at + Math.max(1, -by))
        const after = await cut([content.subarray(0, at), middle.subarray(0, by < 0 ? 0 : by || 1), rest], SMALL)
        const count = changed(before, after)
        if (count > 2) third += 1
        expect(count).toBeLessThanOrEqual(4)
      }),
      { numRuns: LONG ? 2000 : 40 },
    )
    expect(third).toBeLessThanOrEqual(LONG ? 40 : 2)
  }, 300_000)

  it('finds back to its cuts behind a large insertion', async () => {
    const content = noise('far', 2 * MIB)
    const before = await cut([content], SMALL)
    const inserted = noise('between', 300_001)
    const after = await cut([content.subarray(0, MIB), inserted, content.subarray(MIB)], SMALL)
    const own = (await cut([inserted], SMALL)).length
    expect(changed(before, after)).toBeLessThanOrEqual(own + 3)
  })

  it('of another location cuts elsewhere', async () => {
    const content = noise('elsewhere', 2 * MIB)
    expect(changed(await cut([content], SMALL), await cut([content], SMALL, tableOf('there')))).toBeGreaterThan(100)
  })

  it(`of one byte in the middle of ${LONG ? '1 GiB' : '64 MiB'} changes at most two pieces, in constant memory`, async () => {
    const total = LONG ? 1024 : 64
    const part = noise('large', MIB)
    function* file(edited: boolean): Generator<Uint8Array> {
      for (let index = 0; index < total; index++) {
        const bytes = part.slice()
        // No two MiB are the same.
        for (let at = 0; at < bytes.length; at += 509) bytes[at]! ^= (index * 2_654_435_761 + at) >>> 13
        if (edited && index === total / 2) bytes[500_000]! ^= 1
        yield bytes
      }
    }
    let inUse = 0
    let most = 0
    const buffers = createPieceBuffers(bytesAhead(LARGE), 8)
    const counting: PieceBuffers = {
      async acquire(signal) {
        const buffer = await buffers.acquire(signal)
        most = Math.max(most, ++inUse)
        return {
          ...buffer,
          release() {
            inUse -= 1
            buffer.release()
          },
        }
      },
    }
    const before = await cut(file(false), LARGE, table, counting)
    expect(before.length).toBeGreaterThan(total / 4)
    expect(changed(before, await cut(file(true), LARGE, table, counting))).toBeLessThanOrEqual(2)
    expect([inUse, most]).toEqual([0, 2])
  }, 300_000)

  it('gives its buffer back when nobody reads on, and when the source fails', async () => {
    const buffers = createPieceBuffers(bytesAhead(SMALL), 1)
    const options = { table, bounds: SMALL, buffers, ...inTime(), measure: unmeasured }
    async function* failing() {
      yield noise('some', 1000)
      throw new Error('disk')
    }
    await expect(cutPieces(failing(), options).next()).rejects.toThrow('disk')
    const [first] = await Array.fromAsync(cutPieces([noise('short', 100)], options))
    first!.buffer.release()
    await expect(
      cutPieces([noise('long', 100_000)], { ...options, signal: AbortSignal.timeout(50) }).next(),
    ).rejects.toThrow()
    const free = await buffers.acquire(inTime().signal)
    free.release()
  })
})
