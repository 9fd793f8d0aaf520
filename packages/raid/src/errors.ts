/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type RaidErrorCode = 'NotEnoughFragments' | 'LimitExceeded' | 'FragmentCorrupt'

/** What a `NotEnoughFragments` error knows. Indexes are positions among the 2n fragments, from 0. */
export interface Loss {
  readonly have: number
  readonly need: number
  readonly missing: readonly number[]
}

/** The one error class of this package. Its fields are those of every BitDust error. */
export class RaidError extends Error {
  override readonly name = 'RaidError'
  readonly code: RaidErrorCode
  /** True only for `NotEnoughFragments`: more fragments may still be found. */
  readonly retryable: boolean
  /** Fragments that were there, those that it takes, and the indexes of those that were not; with `NotEnoughFragments` only. */
  declare readonly have?: number
  declare readonly need?: number
  declare readonly missing?: readonly number[]

  constructor(code: RaidErrorCode, message: string, loss?: Loss) {
    super(message)
    this.code = code
    this.retryable = code === 'NotEnoughFragments'
    if (loss === undefined) return
    this.have = loss.have
    this.need = loss.need
    this.missing = loss.missing
  }
}

/** Works across duplicate installs and workers, where `instanceof` does not. */
export function isRaidError(error: unknown, code?: RaidErrorCode): error is RaidError {
  return (
    error instanceof Error && error.name === 'RaidError' && (code === undefined || (error as RaidError).code === code)
  )
}
