import type { IdServerErrorCode } from '../errors.ts'

/** The HTTP status that goes with each code. */
const STATUS: Readonly<Record<IdServerErrorCode, number>> = {
  IdentityMalformed: 400,
  IdentitySignatureInvalid: 400,
  VersionUnsupported: 400,
  Cancelled: 400,
  IdurlForbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  Timeout: 408,
  IdentityNameTaken: 409,
  IdentityRollback: 409,
  LimitExceeded: 413,
  RateLimited: 429,
  StorageCorrupt: 500,
  Internal: 500,
  DiskFull: 507,
}

export function statusOf(code: IdServerErrorCode): number {
  return STATUS[code]
}

/** The code as this package knows it, or `null`: answers and stores of others may carry anything. */
export function knownCode(code: unknown): IdServerErrorCode | null {
  return typeof code === 'string' && Object.hasOwn(STATUS, code) ? (code as IdServerErrorCode) : null
}
