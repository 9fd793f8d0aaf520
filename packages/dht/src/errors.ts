import { BitdustError, isBitdustError } from '@bitdust/crypto'

/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type DhtErrorCode =
  | 'RecordInvalid'
  | 'RecordRollback'
  | 'RecordExpired'
  | 'LimitExceeded'
  | 'Timeout'
  | 'Cancelled'

/** The only error class that this package throws. */
export class DhtError extends BitdustError<DhtErrorCode> {
  override readonly name = 'DhtError'
}

/** What the packages of the records refuse, said by this one. */
export function asDhtError(cause: unknown, what: string): DhtError {
  if (cause instanceof DhtError) return cause
  const code = KEPT_CODES.find((one) => isBitdustError(cause, one)) ?? 'RecordInvalid'
  return new DhtError(code, `${what}: ${cause instanceof Error ? cause.message : 'unreadable'}`, { cause })
}

/** Those that say more than `RecordInvalid`. */
const KEPT_CODES = ['RecordExpired', 'LimitExceeded'] as const satisfies readonly DhtErrorCode[]
