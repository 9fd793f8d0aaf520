import { BitdustError } from '@bitdust/crypto'

/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type DhtErrorCode = 'RecordInvalid' | 'RecordRollback' | 'LimitExceeded' | 'Timeout' | 'Cancelled'

/** The only error class that this package throws. */
export class DhtError extends BitdustError<DhtErrorCode> {
  override readonly name = 'DhtError'
}
