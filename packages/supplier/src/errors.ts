import { BitdustError, type BitdustErrorOptions, isBitdustError } from '@bitdust/crypto'

/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type SupplierErrorCode = (typeof SUPPLIER_ERROR_CODES)[number]

const SUPPLIER_ERROR_CODES = [
  'Unauthorized',
  'NotFound',
  'QuotaExceeded',
  'Busy',
  'DiskFull',
  'FragmentCorrupt',
  'RecordInvalid',
  'RecordRollback',
  'LimitExceeded',
  'PacketMalformed',
  'StorageCorrupt',
  'VersionUnsupported',
  'PathUnsafe',
  'KeyRevoked',
  'ReplayDetected',
] as const

const RETRYABLE: ReadonlySet<SupplierErrorCode> = new Set(['Busy', 'DiskFull'])

/** The one error class of this package. `Busy` and `DiskFull` are `retryable` unless said otherwise. */
export class SupplierError extends BitdustError<SupplierErrorCode> {
  override readonly name = 'SupplierError'

  constructor(code: SupplierErrorCode, message: string, options: BitdustErrorOptions = {}) {
    super(code, message, { retryable: RETRYABLE.has(code), ...options })
  }
}

/** Works across duplicate installs and workers, where `instanceof` does not. */
export function isSupplierError(error: unknown, code?: SupplierErrorCode): error is SupplierError {
  return isBitdustError(error, code) && error.name === 'SupplierError'
}

/** Whether a code that came over the wire is one of ours. */
export function isSupplierErrorCode(code: string): code is SupplierErrorCode {
  return SUPPLIER_ERROR_CODES.some((known) => known === code)
}

/** What somebody without a right is told, and what is said of things that do not exist: nobody can tell them apart. */
export function nothingHere(): SupplierError {
  return new SupplierError('NotFound', 'nothing here under this name')
}
