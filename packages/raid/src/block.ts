import type { Coder } from './coder.ts'
import { RaidError } from './errors.ts'
import type { SupplierCount } from './presets.ts'
import { checkFragmentLength, fillBlock, fragmentSize, splitBlock } from './split-block.ts'

/**
 * Turns a block into 2n fragments, 0..n-1 data and n..2n-1 parity. The supplier at position i holds i and n+i.
 *
 * @param block - Kept: data fragments are views of it where they are whole, so it must not change while they are used.
 * @throws {RaidError} `LimitExceeded` when n is no preset or the block is too large.
 */
export async function encodeBlock(coder: Coder, block: Uint8Array, n: SupplierCount): Promise<Uint8Array[]> {
  const data = splitBlock(block, n)
  return [...data, ...(await coder.encode(data, n))]
}

/**
 * Gives back the block from any n of its 2n fragments. The inverse of {@link encodeBlock}.
 *
 * @param fragments - All 2n in order, `null` where one is missing. Each must have been checked against its hash: wrong
 * bytes in one give a wrong block.
 * @param blockBytes - Length of the block.
 * @returns A new array.
 * @throws {RaidError} `NotEnoughFragments`, `FragmentCorrupt` (number or length of fragments) or `LimitExceeded`.
 */
export async function decodeBlock(
  coder: Coder,
  fragments: readonly (Uint8Array | null)[],
  n: SupplierCount,
  blockBytes: number,
): Promise<Uint8Array> {
  const size = fragmentSize(blockBytes, n)
  if (fragments.length !== 2 * n)
    throw new RaidError('FragmentCorrupt', `${fragments.length} fragments, expected ${2 * n}`)
  for (const [index, fragment] of fragments.entries()) {
    if (fragment !== null) checkFragmentLength(fragment, size, index)
  }
  const block = new Uint8Array(blockBytes)
  const whole = await coder.reconstruct(fragments, {
    want: Array.from({ length: n }, (_, index) => index),
    // Where they belong, so that they need not be copied; what reaches beyond the end of the block gets its own array.
    into(index) {
      const place = block.subarray(index * size, (index + 1) * size)
      return place.length === size ? place : new Uint8Array(size)
    },
  })
  fillBlock(block, whole.slice(0, n))
  return block
}
