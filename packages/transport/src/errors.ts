import { BitdustError } from '@bitdust/crypto'

/**
 * What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major.
 * The second group is never raised by the transport itself: handlers answer with these codes and `request` throws them.
 */
export type TransportErrorCode =
  | 'PacketMalformed'
  | 'SignatureInvalid'
  | 'ReplayDetected'
  | 'ClockSkew'
  | 'WrongAudience'
  | 'PeerIdentityMismatch'
  | 'NotFound'
  | 'LimitExceeded'
  | 'RateLimited'
  | 'Busy'
  | 'Timeout'
  | 'Cancelled'
  | 'VersionUnsupported'
  | 'Internal'
  | HandlerErrorCode

/** Codes with which a handler may refuse a packet, beside those of the transport. */
type HandlerErrorCode =
  | 'Unauthorized'
  | 'QuotaExceeded'
  | 'KeyRevoked'
  | 'DiskFull'
  | 'FragmentCorrupt'
  | 'RecordInvalid'
  | 'RecordRollback'
  | 'KeyConflict'
  | 'KeyGrantInvalid'

/** What `TransportError` takes beside code and message. */
export interface TransportErrorOptions {
  readonly cause?: unknown
  /** Whether the same call may succeed later. @default true for `Timeout`, `Busy` and `RateLimited`, else false */
  readonly retryable?: boolean
  /** Fingerprint of the peer that answered so, signed by its device. Never set on errors that arose here. */
  readonly culprit?: string
}

const RETRYABLE: ReadonlySet<TransportErrorCode> = new Set(['Timeout', 'Busy', 'RateLimited'])

/** The one error class of this package. */
export class TransportError extends BitdustError<TransportErrorCode> {
  override readonly name = 'TransportError'

  constructor(code: TransportErrorCode, message: string, options: TransportErrorOptions = {}) {
    super(code, message, { retryable: RETRYABLE.has(code), ...options })
  }
}

/** Works across duplicate installs and workers, where `instanceof` does not. */
export function isTransportError(error: unknown, code?: TransportErrorCode): error is TransportError {
  return (
    error instanceof Error &&
    error.name === 'TransportError' &&
    (code === undefined || (error as TransportError).code === code)
  )
}
