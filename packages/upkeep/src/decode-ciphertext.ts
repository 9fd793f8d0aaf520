import { sha256Bulk, toHex } from '@bitdust/crypto'
import { type Coder, decodeBlock } from '@bitdust/raid'
import { blockIdOf } from '@bitdust/records'
import { type CollectOptions, collectFragments } from './collect-fragments.ts'
import { UpkeepError } from './errors.ts'
import { requireSupplierCount } from './supplier-count.ts'

/** As for `collectFragments`; `need` is always n. */
export interface DecodeOptions extends Omit<CollectOptions, 'need'> {
  readonly coder: Coder
}

/**
 * Gathers any n fragments of a block and gives back its ciphertext, checked against the hash that the block id covers.
 * Every fragment was checked before it was decoded. Opening it is left to who has the key.
 *
 * @returns A new array of `layout.block.size` bytes.
 * @throws {UpkeepError} `NotEnoughFragments`; `FragmentCorrupt` when good fragments do not give the block, so that the
 *   layout itself is false and whoever signed it is to blame; `LimitExceeded` when n is no preset.
 */
export async function decodeCiphertext({ coder, ...options }: DecodeOptions): Promise<Uint8Array> {
  const { block, roots } = options.layout
  const n = requireSupplierCount(options.layout.n)
  const found = await collectFragments({ ...options, need: n })
  const fragments = roots.map((_, index) => found.get(index) ?? null)
  const ciphertext = await decodeBlock(coder, fragments, n, block.size)
  if (toHex(await sha256Bulk(ciphertext)) === block.hash) return ciphertext
  const id = blockIdOf(block)
  throw new UpkeepError('FragmentCorrupt', `block ${id}: the layout's fragments do not give its ciphertext`, {
    subject: id,
  })
}
