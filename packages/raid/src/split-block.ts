import { RaidError } from './errors.ts'
import { MAX_CODED_BYTES } from './limits.ts'
import { isSupplierCount, type SupplierCount } from './presets.ts'

/**
 * Length of every fragment of a block, in bytes: the n-th part, rounded up, at least 1.
 *
 * @throws {RaidError} `LimitExceeded` when n is no preset or the coded block would be larger than {@link MAX_CODED_BYTES}.
 */
export function fragmentSize(blockBytes: number, n: SupplierCount): number {
  if (!isSupplierCount(n)) throw new RaidError('LimitExceeded', `${n} suppliers, which is no preset`)
  const size = Math.max(1, Math.ceil(blockBytes / n))
  if (!Number.isSafeInteger(blockBytes) || blockBytes < 0 || 2 * n * size > MAX_CODED_BYTES) {
    throw new RaidError('LimitExceeded', `block of ${blockBytes} bytes, limit is ${MAX_CODED_BYTES} with parity`)
  }
  return size
}

/**
 * Cuts a block into its n data fragments; the last ones are filled up with zeros.
 *
 * @param block - Kept: whole fragments are views of it, so it must not change while they are used.
 * @throws {RaidError} as {@link fragmentSize}.
 */
export function splitBlock(block: Uint8Array, n: SupplierCount): Uint8Array[] {
  const size = fragmentSize(block.length, n)
  return Array.from({ length: n }, (_, index) => {
    const part = block.subarray(index * size, (index + 1) * size)
    if (part.length === size) return part
    const filled = new Uint8Array(size)
    filled.set(part)
    return filled
  })
}

/**
 * Puts a block together again from its data fragments. The inverse of {@link splitBlock}; what follows the block in the
 * last fragments is dropped.
 *
 * @param data - All n data fragments in order.
 * @param blockBytes - Length of the block.
 * @returns A new array.
 * @throws {RaidError} `FragmentCorrupt` when a fragment has not the length that belongs to the block, else as {@link fragmentSize}.
 */
export function joinBlock(data: readonly Uint8Array[], blockBytes: number): Uint8Array {
  // fragmentSize refuses what is no preset, and lengths that no array has.
  fragmentSize(blockBytes, data.length as SupplierCount)
  const block = new Uint8Array(blockBytes)
  fillBlock(block, data)
  return block
}

/** Copies data fragments to their places in a block. Those that are views of the block are there already. */
export function fillBlock(block: Uint8Array, data: readonly Uint8Array[]): void {
  const size = fragmentSize(block.length, data.length as SupplierCount)
  for (const [index, fragment] of data.entries()) {
    checkFragmentLength(fragment, size, index)
    const start = index * size
    if (fragment.buffer === block.buffer || start >= block.length) continue
    block.set(fragment.subarray(0, block.length - start), start)
  }
}

/** @throws {RaidError} `FragmentCorrupt`. */
export function checkFragmentLength(fragment: Uint8Array, size: number, index: number): void {
  if (fragment.length !== size) {
    throw new RaidError('FragmentCorrupt', `fragment ${index} has ${fragment.length} bytes, expected ${size}`)
  }
}
