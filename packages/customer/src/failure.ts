import { isBitdustError } from '@bitdust/crypto'
import { isMachineError } from '@bitdust/machine'
import { CustomerError, type CustomerErrorCode } from './errors.ts'

/** Codes of other packages, and what they mean to somebody who uses this one. */
const TRANSLATED: { readonly [code: string]: CustomerErrorCode } = {
  NotEnoughFragments: 'NotEnoughFragments',
  NotFound: 'NotFound',
  Unauthorized: 'Unauthorized',
  PathUnsafe: 'PathUnsafe',
  ManifestInvalid: 'ManifestInvalid',
  FragmentCorrupt: 'FragmentCorrupt',
  BlockAuthFailed: 'BlockAuthFailed',
  QuotaExceeded: 'QuotaExceeded',
  DiskFull: 'QuotaExceeded',
  KeyConflict: 'KeyConflict',
  KeyRevoked: 'KeyRevoked',
  KeyUnlockFailed: 'KeyRevoked',
  RecordInvalid: 'RecordInvalid',
  RecordExpired: 'RecordInvalid',
  SignatureInvalid: 'RecordInvalid',
  VersionUnsupported: 'RecordInvalid',
  RecordRollback: 'RecordRollback',
  StorageCorrupt: 'StorageCorrupt',
  LimitExceeded: 'LimitExceeded',
  Cancelled: 'Cancelled',
}

/** Why something failed, in a word or two: the code of our errors, the message of others. */
export function describeFailure(error: unknown): string {
  if (isBitdustError(error)) return error.code
  return error instanceof Error ? error.message : String(error)
}

/** The code of an error of ours; null for any other. */
export function codeOf(error: unknown): string | null {
  return isBitdustError(error) ? error.code : null
}

/**
 * What callers of this package get for an error from below: the same code where we have it, `Timeout` (retryable) for
 * whatever the network did, `Cancelled` for an abort. Errors that are nobody's refusal (defects) stay as they are.
 */
export function toCustomerError(error: unknown, doing: string): unknown {
  if (error instanceof CustomerError) return error
  if (isBitdustError(error)) {
    const code = TRANSLATED[error.code] ?? 'Timeout'
    const { retryable, culprit, subject } = error
    return new CustomerError(code, `${doing}: ${error.message}`, {
      cause: error,
      retryable: retryable || code === 'Timeout',
      ...(culprit === undefined ? {} : { culprit }),
      ...(subject === undefined ? {} : { subject }),
    })
  }
  if (isAbort(error)) return new CustomerError('Cancelled', `${doing}: cancelled`, { cause: error })
  return error
}

function isAbort(error: unknown): boolean {
  if (isMachineError(error, 'Cancelled')) return true
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
}
