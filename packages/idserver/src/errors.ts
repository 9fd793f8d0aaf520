import { BitdustError, type BitdustErrorOptions } from '@bitdust/crypto'

/** What went wrong, for code to branch on; also the `code` of every answer. Codes are API: renaming one is major. */
export type IdServerErrorCode =
  | 'IdentityMalformed'
  | 'IdentitySignatureInvalid'
  | 'VersionUnsupported'
  | 'IdurlForbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'IdentityNameTaken'
  | 'IdentityRollback'
  | 'LimitExceeded'
  | 'RateLimited'
  | 'DiskFull'
  | 'StorageCorrupt'
  | 'Timeout'
  | 'Cancelled'
  | 'Internal'

export interface IdServerErrorOptions extends BitdustErrorOptions {
  /** Of `RateLimited`: how long to wait before the next try, in ms. */
  readonly retryAfterMs?: number
}

/** The one error class of this package, thrown by both ends; the message is for people. */
export class IdServerError extends BitdustError<IdServerErrorCode> {
  override readonly name = 'IdServerError'
  readonly retryAfterMs?: number

  constructor(code: IdServerErrorCode, message: string, options: IdServerErrorOptions = {}) {
    super(code, message, options)
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}
