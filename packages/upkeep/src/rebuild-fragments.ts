import type { Coder } from '@bitdust/raid'
import { blockIdOf } from '@bitdust/records'
import { type CollectOptions, collectFragments } from './collect-fragments.ts'
import { UpkeepError } from './errors.ts'
import { verifyFragment } from './fragments.ts'
import { requireSupplierCount } from './supplier-count.ts'

/** As for `collectFragments`; `need` is always n. */
export interface RebuildOptions extends Omit<CollectOptions, 'need'> {
  /** Indexes of the fragments to make again. Their holders are not asked. */
  readonly want: readonly number[]
  readonly coder: Coder
}

/**
 * Makes lost fragments of a block again from any n others, without any key of its content.
 *
 * @returns The wanted fragments by index, each equal to the layout's root.
 * @throws {UpkeepError} `NotEnoughFragments`; `FragmentCorrupt` when good fragments give a wanted one with another root,
 *   so that the layout itself is false and nothing may be stored under it (T41); `LimitExceeded` when n is no preset or
 *   an index is out of range.
 */
export async function rebuildFragments({ want, coder, ...options }: RebuildOptions): Promise<Map<number, Uint8Array>> {
  const { layout } = options
  const n = requireSupplierCount(layout.n)
  const outside = want.find((index) => !(index in layout.roots))
  if (outside !== undefined) throw new UpkeepError('LimitExceeded', `fragment ${outside} of ${2 * n} is wanted`)
  const prefer = (options.prefer ?? [...layout.roots.keys()]).filter((index) => !want.includes(index))
  const found = await collectFragments({ ...options, prefer, need: n })
  const whole = await coder.reconstruct(
    layout.roots.map((_, index) => found.get(index) ?? null),
    { want },
  )
  return new Map(want.map((index) => [index, requireRoot(layout, index, whole[index])]))
}

function requireRoot(layout: RebuildOptions['layout'], index: number, fragment: Uint8Array | undefined): Uint8Array {
  if (fragment !== undefined && verifyFragment(layout, index, fragment)) return fragment
  const id = blockIdOf(layout.block)
  throw new UpkeepError('FragmentCorrupt', `block ${id}: rebuilt fragment ${index} has not the layout's root`, {
    subject: id,
  })
}
