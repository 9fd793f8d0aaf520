import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type Coder,
  createCoder,
  decodeBlock,
  encodeBlock,
  fragmentSize,
  isRaidError,
  isSupplierCount,
  joinBlock,
  MAX_CODED_BYTES,
  PRESETS,
  type SupplierCount,
  splitBlock,
} from '../src/index.ts'

let coder: Coder
beforeAll(async () => {
  coder = await createCoder()
})

const anyCount = fc.constantFrom(...PRESETS)
const anyBlock = fc.uint8Array({ maxLength: 400 })

describe('cutting', () => {
  test('law: join inverts split, and fragments are equally long', () => {
    fc.assert(
      fc.property(anyBlock, anyCount, (block, n) => {
        const data = splitBlock(block, n)
        expect(data).toHaveLength(n)
        expect(new Set(data.map((fragment) => fragment.length))).toEqual(new Set([fragmentSize(block.length, n)]))
        expect(joinBlock(data, block.length)).toEqual(block)
      }),
    )
  })

  test('fills up with zeros at the end, copies nothing that is whole', () => {
    const block = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)
    const [first, second, third, fourth] = splitBlock(block, 4)
    expect([second, third, fourth].map((fragment) => Array.from(fragment!))).toEqual([
      [4, 5, 6],
      [7, 8, 9],
      [0, 0, 0],
    ])
    expect(first!.buffer).toBe(block.buffer)
  })

  test('a block of nothing has fragments of one byte', () => {
    expect(splitBlock(new Uint8Array(0), 2)).toEqual([new Uint8Array(1), new Uint8Array(1)])
    expect(joinBlock([new Uint8Array(1), new Uint8Array(1)], 0)).toEqual(new Uint8Array(0))
  })

  test('sizes round up', () => {
    expect(PRESETS.map((n) => fragmentSize(1_000, n))).toEqual([500, 250, 143, 77, 56, 39, 16])
  })

  test('refuses what is no preset and what is no length', () => {
    const three = 3 as SupplierCount
    const refused = (work: () => unknown) =>
      expect(work).toThrow(expect.objectContaining({ name: 'RaidError', code: 'LimitExceeded' }))
    refused(() => fragmentSize(10, three))
    refused(() => splitBlock(new Uint8Array(10), three))
    refused(() => joinBlock(splitBlock(new Uint8Array(9), 4).slice(1), 9))
    for (const length of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_CODED_BYTES / 2 + 1]) {
      refused(() => fragmentSize(length, 2))
    }
    expect(fragmentSize(MAX_CODED_BYTES / 2, 2)).toBe(MAX_CODED_BYTES / 4)
  })

  test('refuses fragments that are not of the block', () => {
    const data = splitBlock(new Uint8Array(100), 4)
    const refused = expect.objectContaining({ name: 'RaidError', code: 'FragmentCorrupt' })
    expect(() => joinBlock(data, 101)).toThrow(refused)
    expect(() => joinBlock([...data.slice(1), new Uint8Array(24)], 100)).toThrow(refused)
  })

  test('knows the presets', () => {
    expect([1, 2, 3, 7, 8, 64, 65, 7.5, Number.NaN].filter(isSupplierCount)).toEqual([2, 7, 64])
  })
})

describe('coding', () => {
  test('law: any n of the 2n fragments give back the block', async () => {
    await fc.assert(
      fc.asyncProperty(anyBlock, anyCount, fc.infiniteStream(fc.nat()), async (block, n, order) => {
        const all = await encodeBlock(coder, block, n)
        const shuffled = all.map((_, index) => ({ index, key: order.next().value })).sort((a, b) => a.key - b.key)
        const kept = new Set(shuffled.slice(0, n).map(({ index }) => index))
        const given = all.map((fragment, index) => (kept.has(index) ? fragment : null))
        expect(await decodeBlock(coder, given, n, block.length)).toEqual(block)
        expect(await coder.reconstruct(given)).toEqual(all)
      }),
    )
  })

  test('law: data fragments are the block itself', async () => {
    await fc.assert(
      fc.asyncProperty(anyBlock, anyCount, async (block, n) => {
        const all = await encodeBlock(coder, block, n)
        expect(all).toHaveLength(2 * n)
        expect(all.slice(0, n)).toEqual(splitBlock(block, n))
      }),
    )
  })

  test('a block of 8 MiB', async () => {
    const block = new Uint8Array(8 * 1024 * 1024).map((_, index) => index * 31 + (index >> 8))
    const all = await encodeBlock(coder, block, 4)
    const given = [null, all[1]!, null, all[3]!, null, all[5]!, null, all[7]!]
    const decoded = await decodeBlock(coder, given, 4, block.length)
    // Buffer.compare is much faster than a deep comparison.
    expect(Buffer.compare(decoded, block)).toBe(0)
  })

  test('a coder that has arrays of its own will do', async () => {
    const block = Uint8Array.from({ length: 101 }, (_, index) => index * 3)
    const all = await encodeBlock(coder, block, 4)
    const own: Coder = { ...coder, reconstruct: (given, { want = [] } = {}) => coder.reconstruct(given, { want }) }
    const given = [null, all[1]!, all[2]!, null, all[4]!, null, null, all[7]!]
    expect(await decodeBlock(own, given, 4, 101)).toEqual(block)
  })

  test('fragments of a wrong number or length are refused before any decoding', async () => {
    const all = await encodeBlock(coder, new Uint8Array(100), 4)
    const untouched: Coder = { ...coder, reconstruct: () => Promise.reject(new Error('decoding began')) }
    const corrupt = (error: unknown) => isRaidError(error, 'FragmentCorrupt')
    await expect(decodeBlock(untouched, all.slice(1), 4, 100)).rejects.toSatisfy(corrupt)
    await expect(decodeBlock(untouched, all, 4, 99 * 4)).rejects.toSatisfy(corrupt)
    await expect(decodeBlock(untouched, [...all.slice(0, 7), new Uint8Array(24)], 4, 100)).rejects.toSatisfy(corrupt)
    await expect(decodeBlock(untouched, all, 3 as SupplierCount, 100)).rejects.toMatchObject({ code: 'LimitExceeded' })
  })

  test('too few are refused with what is missing', async () => {
    const all = await encodeBlock(coder, new Uint8Array(100), 2)
    const loss = { code: 'NotEnoughFragments', have: 1, need: 2, missing: [0, 1, 3] }
    await expect(decodeBlock(coder, [null, null, all[2]!, null], 2, 100)).rejects.toMatchObject(loss)
  })
})
