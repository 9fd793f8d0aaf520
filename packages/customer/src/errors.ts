import { BitdustError, type BitdustErrorOptions, isBitdustError } from '@bitdust/crypto'

/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type CustomerErrorCode =
  | 'UploadIncomplete'
  | 'NotEnoughFragments'
  | 'NotFound'
  | 'Unauthorized'
  | 'PathUnsafe'
  | 'ManifestInvalid'
  | 'CatalogSignatureInvalid'
  | 'CatalogRollback'
  | 'CatalogFork'
  | 'CatalogFreshnessUnknown'
  | 'FragmentCorrupt'
  | 'FragmentStale'
  | 'BlockAuthFailed'
  | 'QuotaExceeded'
  | 'KeyConflict'
  | 'KeyRevoked'
  | 'RecordInvalid'
  | 'RecordRollback'
  | 'StorageCorrupt'
  | 'LimitExceeded'
  | 'Timeout'
  | 'Cancelled'

/** Facts about a failure which some codes carry. */
export interface CustomerErrorOptions extends BitdustErrorOptions {
  /** How many suppliers or fragments there were; with `UploadIncomplete`, `NotEnoughFragments`, `CatalogFreshnessUnknown`. */
  readonly have?: number
  /** How many it takes; with the same codes. */
  readonly need?: number
  /** Indexes of the fragments that are gone; with `NotEnoughFragments`. */
  readonly missing?: readonly number[]
  /** Why each supplier failed, one line per position: `2: Timeout`. With `UploadIncomplete`. */
  readonly reasons?: readonly string[]
}

/** The one error class of this package. */
export class CustomerError extends BitdustError<CustomerErrorCode> {
  override readonly name = 'CustomerError'
  readonly have?: number
  readonly need?: number
  readonly missing?: readonly number[]
  readonly reasons?: readonly string[]

  constructor(code: CustomerErrorCode, message: string, options: CustomerErrorOptions = {}) {
    super(code, message, options)
    if (options.have !== undefined) this.have = options.have
    if (options.need !== undefined) this.need = options.need
    if (options.missing !== undefined) this.missing = options.missing
    if (options.reasons !== undefined) this.reasons = options.reasons
  }
}

/** Works across duplicate installs and workers, where `instanceof` does not. */
export function isCustomerError(error: unknown, code?: CustomerErrorCode): error is CustomerError {
  return isBitdustError(error, code) && error.name === 'CustomerError'
}
