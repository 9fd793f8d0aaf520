import { BitdustError, type BitdustErrorOptions, isBitdustError } from '@bitdust/crypto'
import type { GrantStep } from './grant/machine.ts'

/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type ShareErrorCode = (typeof SHARE_ERROR_CODES)[number]

const SHARE_ERROR_CODES = [
  'KeyConflict',
  'KeyGrantInvalid',
  'KeyMalformed',
  'KeyRevoked',
  'WrongAudience',
  'Unauthorized',
  'NotFound',
  'ReplayDetected',
  'AuditFailed',
  'RateLimited',
  'LimitExceeded',
  'PacketMalformed',
  'PathUnsafe',
  'IdentityKeyChanged',
  'PeerIdentityMismatch',
  'ClockSkew',
  'VersionUnsupported',
  'UploadIncomplete',
  'QuotaExceeded',
  'DiskFull',
  'StorageCorrupt',
  'Busy',
  'Timeout',
  'Cancelled',
] as const

const RETRYABLE: ReadonlySet<ShareErrorCode> = new Set(['Busy', 'RateLimited', 'Timeout'])

/** Facts about a failure which some errors carry. */
export interface ShareErrorOptions extends BitdustErrorOptions {
  /** At which step a grant failed. Steps before it are done and need not be undone: the next grant repeats them. */
  readonly step?: GrantStep
}

/** The one error class of this package. `Busy`, `RateLimited` and `Timeout` are `retryable` unless said otherwise. */
export class ShareError extends BitdustError<ShareErrorCode> {
  override readonly name = 'ShareError'
  // Only declared, so that what is not known is absent and not undefined.
  declare readonly step?: GrantStep

  constructor(code: ShareErrorCode, message: string, options: ShareErrorOptions = {}) {
    super(code, message, { retryable: RETRYABLE.has(code), ...options })
    if (options.step !== undefined) this.step = options.step
  }
}

/** Works across duplicate installs and workers, where `instanceof` does not. */
export function isShareError(error: unknown, code?: ShareErrorCode): error is ShareError {
  return isBitdustError(error, code) && error.name === 'ShareError'
}

/** Whether a code of another package is also one of ours. */
export function isShareErrorCode(code: string): code is ShareErrorCode {
  return SHARE_ERROR_CODES.some((known) => known === code)
}
