import { PRESETS } from '@bitdust/raid'
import { expect, test } from 'vitest'
import { familyQuorum, readQuorum, storeQuorum, tolerance } from '../src/index.ts'

test('the quorums of every preset', () => {
  const table = PRESETS.map((n) => [n, storeQuorum(n), readQuorum(n), tolerance(n), familyQuorum(n)])
  expect(table).toEqual([
    [2, 2, 1, 1, 1],
    [4, 3, 2, 2, 2],
    [7, 6, 2, 3, 4],
    [13, 10, 4, 6, 7],
    [18, 14, 5, 9, 9],
    [26, 20, 7, 13, 13],
    [64, 48, 17, 32, 32],
  ])
})

test('any store quorum and any read quorum share a supplier, and stored blocks survive losses', () => {
  for (let n = 2; n <= 64; n++) {
    expect(storeQuorum(n) + readQuorum(n)).toBeGreaterThan(n)
    // A block at the store quorum still has n of its 2n fragments when H - ceil(n/2) of them are lost.
    expect(2 * (n - tolerance(n))).toBeGreaterThanOrEqual(n)
    expect(storeQuorum(n)).toBeGreaterThanOrEqual(familyQuorum(n))
  }
})
