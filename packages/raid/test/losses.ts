import { expect } from 'vitest'
import { type Coder, decodeBlock, encodeBlock, isRaidError, joinBlock, type SupplierCount } from '../src/index.ts'

/** Length of the fragments in bytes: short, since losses and not bytes are what is gone through. */
const FRAGMENT_BYTES = 16

/** All subsets of 0..n-1 with `count` elements. */
export function* subsets(n: number, count: number, from = 0): Generator<readonly number[]> {
  if (count === 0) yield []
  else
    for (let first = from; first <= n - count; first++)
      for (const rest of subsets(n, count - 1, first + 1)) yield [first, ...rest]
}

/** All sets of lost suppliers, by size from none to all. */
export function* allLosses(n: number): Generator<readonly number[]> {
  for (let count = 0; count <= n; count++) yield* subsets(n, count)
}

/** `count` sets of lost suppliers of any size up to floor(n/2) + 2, the same in every run. */
export function* randomLosses(n: number, count: number, seed: number): Generator<readonly number[]> {
  const random = mulberry32(seed)
  for (let round = 0; round < count; round++) {
    const lost = new Set<number>()
    const size = 1 + Math.floor(random() * (Math.floor(n / 2) + 2))
    while (lost.size < size) lost.add(Math.floor(random() * n))
    yield [...lost]
  }
}

/**
 * Goes through sets of lost suppliers, each of which takes a data and a parity fragment with it. Up to floor(n/2) of them
 * the block and all fragments come back byte for byte, beyond that there is a typed error.
 *
 * @returns How many sets were survived and refused.
 */
export async function survive(
  coder: Coder,
  n: SupplierCount,
  losses: Iterable<readonly number[]>,
): Promise<{ readonly survived: number; readonly refused: number }> {
  const { block, all } = await sample(coder, n)
  const blockBytes = block.length
  const expected = Buffer.concat([block, ...all])
  let survived = 0
  let refused = 0
  for (const lost of losses) {
    const given = all.map((fragment, index) => (lost.includes(index % n) ? null : fragment))
    if (lost.length <= Math.floor(n / 2)) {
      const restored = await coder.reconstruct(given)
      const decoded = joinBlock(restored.slice(0, n), blockBytes)
      // One comparison of bytes: an assertion per fragment would take longer than the decoding.
      if (!Buffer.concat([decoded, ...restored]).equals(expected)) expect.fail(`n = ${n}, lost ${lost} came back wrong`)
      survived++
    } else {
      const loss = { code: 'NotEnoughFragments', have: 2 * (n - lost.length), need: n }
      await expect(decodeBlock(coder, given, n, blockBytes)).rejects.toMatchObject(loss)
      refused++
    }
  }
  return { survived, refused }
}

/**
 * Goes through all sets of lost fragments. With n of them left all come back, with fewer there is a typed error.
 *
 * @returns How many sets were survived and refused.
 */
export async function surviveFragments(
  coder: Coder,
  n: SupplierCount,
): Promise<{ readonly survived: number; readonly refused: number }> {
  const { all } = await sample(coder, n)
  const expected = Buffer.concat(all)
  let survived = 0
  let refused = 0
  for (const lost of allLosses(2 * n)) {
    const given = all.map((fragment, index) => (lost.includes(index) ? null : fragment))
    if (lost.length <= n) {
      if (!Buffer.concat(await coder.reconstruct(given)).equals(expected)) expect.fail(`lost ${lost} came back wrong`)
      survived++
    } else {
      const error = await coder.reconstruct(given).catch((error: unknown) => error)
      if (!isRaidError(error, 'NotEnoughFragments')) expect.fail(`lost ${lost} was not refused`)
      refused++
    }
  }
  return { survived, refused }
}

async function sample(coder: Coder, n: SupplierCount): Promise<{ block: Uint8Array; all: Uint8Array[] }> {
  const block = Uint8Array.from({ length: n * FRAGMENT_BYTES - 3 }, (_, index) => index * 89 + (index >> 4))
  return { block, all: await encodeBlock(coder, block, n) }
}

/** A small generator of equally distributed numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}
