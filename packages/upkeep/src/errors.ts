import { BitdustError, type BitdustErrorOptions, isBitdustError } from '@bitdust/crypto'

/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type UpkeepErrorCode =
  | 'NotEnoughFragments'
  | 'FragmentCorrupt'
  | 'FragmentMissing'
  | 'BlockAuthFailed'
  | 'LimitExceeded'

/** What a `NotEnoughFragments` error knows. Indexes are those of fragments, 0 to 2n - 1. */
export interface Shortage {
  readonly have: number
  readonly need: number
  readonly missing: readonly number[]
}

/** The one error class of this package. `subject` is the id of the block. */
export class UpkeepError extends BitdustError<UpkeepErrorCode> {
  override readonly name = 'UpkeepError'
  /** Verified fragments, those that it takes, and the indexes of those that nobody gave; with `NotEnoughFragments` only. */
  declare readonly have?: number
  declare readonly need?: number
  declare readonly missing?: readonly number[]

  constructor(code: UpkeepErrorCode, message: string, options: BitdustErrorOptions = {}, shortage?: Shortage) {
    super(code, message, options)
    if (shortage === undefined) return
    this.have = shortage.have
    this.need = shortage.need
    this.missing = shortage.missing
  }
}

/** Works across duplicate installs and workers, where `instanceof` does not. */
export function isUpkeepError(error: unknown, code?: UpkeepErrorCode): error is UpkeepError {
  return isBitdustError(error, code) && error.name === 'UpkeepError'
}
