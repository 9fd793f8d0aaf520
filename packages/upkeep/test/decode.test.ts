import { decryptBlock } from '@bitdust/crypto'
import { type Coder, PRESETS, type SupplierCount } from '@bitdust/raid'
import { blockIdOf, type Layout, layoutRecord, MAX_BLOCK_BYTES } from '@bitdust/records'
import { createVirtualClock, flipBits, seededRandom } from '@bitdust/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CulpritCode,
  decodeCiphertext,
  type EncodedBlock,
  fragmentsOf,
  positionOf,
  rebuildFragments,
  sealAndEncode,
  tolerance,
  verifyFragment,
} from '../src/index.ts'
import { atPositions, coder, damaged, fetchFrom, makeBlock } from './block.ts'

const clock = createVirtualClock()

/** Decodes a block from holders of which some give something else, and notes whom it blames. */
async function decode(block: EncodedBlock, instead: ReadonlyMap<number, Uint8Array | null>, used: Coder = coder) {
  const culprits = new Map<number, CulpritCode>()
  const ciphertext = await decodeCiphertext({
    layout: block.layoutBody,
    fetch: fetchFrom(block, instead),
    coder: used,
    clock,
    onCulprit: (index, code) => culprits.set(index, code),
  })
  return { ciphertext, culprits }
}

const presets = fc.constantFrom<SupplierCount>(2, 4, 7, 13)
const losses = presets.chain((n) =>
  fc.record({
    n: fc.constant(n),
    size: fc.nat(5000),
    lost: fc.shuffledSubarray(
      Array.from({ length: n }, (_, i) => i),
      { minLength: tolerance(n), maxLength: tolerance(n) },
    ),
  }),
)

describe('sealAndEncode', () => {
  test.each(PRESETS)('makes a layout that records accept, n = %i', async (n) => {
    const { layoutBody, fragments, ciphertext, record, id } = await makeBlock(n, 1000)
    const layout: Layout = { ...layoutBody, signer: 'owner', device: null }
    const opened = await layoutRecord.sign(layout, {})
    expect(opened.body).toEqual(layout)
    expect(id).toBe(blockIdOf(record))
    expect(ciphertext).toHaveLength(record.size)
    expect(fragments.map((fragment, index) => verifyFragment(layoutBody, index, fragment))).not.toContain(false)
  })

  test('gives back the plaintext, also of the empty block', async () => {
    for (const size of [0, 1, 65_536, 65_537]) {
      const random = seededRandom(size)
      const [plaintext, key] = [random(size), random(32)]
      const { location, writer } = (await makeBlock(2, 1)).record
      const block = await sealAndEncode({ formed: plaintext, key, location, writer, n: 4, coder })
      const { ciphertext } = await decode(
        block,
        atPositions([1, 2], 4, () => null),
      )
      expect(await decryptBlock(key, ciphertext)).toEqual(plaintext)
    }
  })

  test('refuses more than 8 MiB', async () => {
    const { location, writer } = (await makeBlock(2, 1)).record
    const source = { formed: new Uint8Array(MAX_BLOCK_BYTES + 2), key: new Uint8Array(32), location, writer, coder }
    await expect(sealAndEncode({ ...source, n: 7 })).rejects.toMatchObject({ code: 'LimitExceeded' })
  })
})

test('positions and fragments', () => {
  expect(fragmentsOf(3, 7)).toEqual({ data: 3, parity: 10 })
  for (const index of Array.from({ length: 14 }, (_, i) => i)) {
    expect(Object.values(fragmentsOf(positionOf(index, 7), 7))).toContain(index)
  }
})

describe('T25 corrupt fragments at rest', () => {
  test('each flipped bit of one fragment is noticed', async () => {
    const { fragments, layoutBody } = await makeBlock(2, 60)
    for (const { bytes, index, bit } of flipBits(fragments[3]!)) {
      expect(verifyFragment(layoutBody, 3, bytes), `byte ${index}, bit ${bit}`).toBe(false)
    }
  })

  test('law: with the fragments of floor(n/2) suppliers corrupt the ciphertext is identical, and each is named', async () => {
    await fc.assert(
      fc.asyncProperty(losses, fc.nat(), async ({ n, size, lost }, bit) => {
        const block = await makeBlock(n, size)
        const bits = block.layoutBody.fragmentBytes * 8
        const instead = atPositions(lost, n, (index) => damaged(block.fragments[index]!, bit % bits))
        const { ciphertext, culprits } = await decode(block, instead)
        expect(ciphertext).toEqual(block.ciphertext)
        // Data comes first, so every corrupt data fragment was met; parity only as far as it was asked.
        for (const position of lost) expect(culprits.get(position)).toBe('FragmentCorrupt')
        for (const index of culprits.keys()) expect(lost).toContain(positionOf(index, n))
      }),
      { numRuns: 60 },
    )
  })

  test('law: lost fragments of floor(n/2) suppliers are rebuilt from the others', async () => {
    await fc.assert(
      fc.asyncProperty(losses, async ({ n, size, lost }) => {
        const block = await makeBlock(n, size)
        const want = lost.flatMap((position) => Object.values(fragmentsOf(position, n)))
        const rebuilt = await rebuildFragments({
          layout: block.layoutBody,
          want,
          fetch: fetchFrom(block, new Map(want.map((index) => [index, null]))),
          coder,
          clock,
        })
        expect(rebuilt).toEqual(new Map(want.map((index) => [index, block.fragments[index]!])))
      }),
      { numRuns: 60 },
    )
  })
})

test('T26 with one supplier more corrupt the error tells what is gone', async () => {
  for (const n of [2, 4, 7] as const) {
    const block = await makeBlock(n, 500)
    const bad = Array.from({ length: tolerance(n) + 1 }, (_, position) => position)
    const instead = atPositions(bad, n, (index) => damaged(block.fragments[index]!))
    await expect(decode(block, instead)).rejects.toMatchObject({
      name: 'UpkeepError',
      code: 'NotEnoughFragments',
      retryable: true,
      subject: block.id,
      have: 2 * (n - bad.length),
      need: n,
      missing: [...instead.keys()].sort((a, b) => a - b),
    })
  }
})

test('T28 a whole fragment of another block, position or customer is not decoded', async () => {
  const block = await makeBlock(4, 500)
  const other = await makeBlock(4, 500, 'other')
  const decoded: Uint8Array[] = []
  const watched: Coder = {
    ...coder,
    reconstruct(fragments, options) {
      decoded.push(...fragments.filter((fragment) => fragment !== null))
      return coder.reconstruct(fragments, options)
    },
  }
  const foreign = new Map([
    [0, other.fragments[0]!],
    [1, block.fragments[2]!],
    [2, block.fragments[6]!],
  ])
  const { ciphertext, culprits } = await decode(block, foreign, watched)
  expect(ciphertext).toEqual(block.ciphertext)
  expect(culprits).toEqual(new Map([...foreign.keys()].map((index) => [index, 'FragmentCorrupt'])))
  expect(decoded).toEqual([3, 4, 5, 6].map((index) => block.fragments[index]))
})

describe('T41 repair', () => {
  test('a source that lies with the right length is named, and what is rebuilt has the root of the layout', async () => {
    const block = await makeBlock(7, 3000)
    const culprits: number[] = []
    const rebuilt = await rebuildFragments({
      layout: block.layoutBody,
      want: [2, 9],
      fetch: fetchFrom(block, new Map([[4, damaged(block.fragments[4]!, 77)]])),
      coder,
      clock,
      onCulprit: (index) => culprits.push(index),
    })
    expect(rebuilt.get(2)).toEqual(block.fragments[2])
    expect(rebuilt.get(9)).toEqual(block.fragments[9])
    expect(culprits).toEqual([4])
  })

  test('fails when the layout contradicts itself', async () => {
    const block = await makeBlock(4, 300)
    const roots = block.layoutBody.roots.with(5, block.layoutBody.roots[6]!)
    const layout = { ...block.layoutBody, roots }
    const rebuild = rebuildFragments({ layout, want: [5], fetch: fetchFrom(block), coder, clock })
    await expect(rebuild).rejects.toMatchObject({ code: 'FragmentCorrupt', subject: block.id })
  })

  test('decoding fails when the fragments of the layout are not the block', async () => {
    const block = await makeBlock(4, 300)
    const other = await makeBlock(4, 300, 'other')
    const layoutBody = { ...other.layoutBody, block: block.record }
    await expect(decode({ ...other, layoutBody }, new Map())).rejects.toMatchObject({
      code: 'FragmentCorrupt',
      subject: block.id,
    })
  })

  test('fails with a coder that works wrongly', async () => {
    const block = await makeBlock(4, 300)
    const wrong: Coder = {
      ...coder,
      reconstruct: async (...args) => (await coder.reconstruct(...args)).map((fragment) => damaged(fragment)),
    }
    const options = { layout: block.layoutBody, fetch: fetchFrom(block), coder: wrong, clock }
    await expect(rebuildFragments({ ...options, want: [1] })).rejects.toMatchObject({ code: 'FragmentCorrupt' })
    await expect(decodeCiphertext(options)).rejects.toMatchObject({ code: 'FragmentCorrupt' })
  })

  test('refuses an index out of range and a number of suppliers that is no preset', async () => {
    const block = await makeBlock(4, 300)
    const options = { layout: block.layoutBody, fetch: fetchFrom(block), coder, clock }
    await expect(rebuildFragments({ ...options, want: [8] })).rejects.toMatchObject({ code: 'LimitExceeded' })
    const layout = { ...block.layoutBody, n: 3, roots: block.layoutBody.roots.slice(0, 6) }
    await expect(rebuildFragments({ ...options, layout, want: [1] })).rejects.toMatchObject({ code: 'LimitExceeded' })
    await expect(decodeCiphertext({ ...options, layout })).rejects.toMatchObject({ code: 'LimitExceeded' })
  })
})
