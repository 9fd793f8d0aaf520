import { beforeAll, expect, test } from 'vitest'
import { type Coder, createCoder } from '../src/index.ts'
import { allLosses, randomLosses, subsets, survive, surviveFragments } from './losses.ts'

let coder: Coder
beforeAll(async () => {
  coder = await createCoder()
})

test.each([
  { n: 2, survived: 3, refused: 1 },
  { n: 4, survived: 11, refused: 5 },
  { n: 7, survived: 64, refused: 64 },
  { n: 13, survived: 4_096, refused: 4_096 },
] as const)('T27 every set of lost suppliers of $n', { timeout: 60_000 }, async ({ n, ...counts }) => {
  expect(await survive(coder, n, allLosses(n))).toEqual(counts)
})

test.each([18, 26, 64] as const)('T27 500 random sets of lost suppliers of %i', { timeout: 60_000 }, async (n) => {
  const { survived, refused } = await survive(coder, n, randomLosses(n, 500, n))
  expect(survived + refused).toBe(500)
  expect(survived).toBeGreaterThan(400)
  expect(refused).toBeGreaterThan(0)
})

test.each([
  { n: 2, survived: 11, refused: 5 },
  { n: 4, survived: 163, refused: 93 },
  { n: 7, survived: 9_908, refused: 6_476 },
] as const)('T27 every set of lost fragments of $n + $n', { timeout: 60_000 }, async ({ n, ...counts }) => {
  expect(await surviveFragments(coder, n)).toEqual(counts)
})

test('a set that comes back wrong is noticed', async () => {
  const wrong: Coder = {
    ...coder,
    async reconstruct(fragments, options) {
      const result = await coder.reconstruct(fragments, options)
      return fragments[3] === null ? result.with(3, new Uint8Array(result[3]!.length)) : result
    },
  }
  await expect(survive(wrong, 4, [[0], [1]])).resolves.toEqual({ survived: 2, refused: 0 })
  await expect(survive(wrong, 4, [[0], [3]])).rejects.toThrow('lost 3 came back wrong')
  await expect(survive({ ...coder, reconstruct: async () => [] }, 4, [[0, 1, 2]])).rejects.toThrow()
  await expect(surviveFragments(wrong, 4)).rejects.toThrow('lost 3 came back wrong')
})

test('subsets are complete and distinct', () => {
  const found = new Set([...subsets(7, 3)].map((subset) => subset.join()))
  expect(found.size).toBe(35)
})
