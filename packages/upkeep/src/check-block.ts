import { storeQuorum } from './quorum.ts'

/** What is known of the holder at one position: it has both fragments, says it lacks one, or did not answer. */
export type HolderAnswer = 'holds' | 'lacks' | 'silent'

/** How well a block is kept. */
export interface BlockHealth {
  /** Every position holds its fragments. */
  readonly complete: boolean
  /** At least the store quorum does, so the block stands as well as when it was acknowledged. */
  readonly healthy: boolean
  /** Positions that lack fragments: repair work. */
  readonly missing: readonly number[]
  /** Positions of which nothing is known. Absence alone is no reason to repair. */
  readonly silent: readonly number[]
  /** Whether those that hold fragments are enough to rebuild the others. */
  readonly repairable: boolean
}

/** Judges a block by the answers of its holders. @param answers - One for each of the n positions, in their order. */
export function checkBlock(answers: readonly HolderAnswer[]): BlockHealth {
  const n = answers.length
  const holding = positionsOf(answers, 'holds').length
  return {
    complete: holding === n,
    healthy: holding >= storeQuorum(n),
    missing: positionsOf(answers, 'lacks'),
    silent: positionsOf(answers, 'silent'),
    repairable: 2 * holding >= n,
  }
}

function positionsOf(answers: readonly HolderAnswer[], wanted: HolderAnswer): number[] {
  return answers.flatMap((answer, position) => (answer === wanted ? [position] : []))
}
