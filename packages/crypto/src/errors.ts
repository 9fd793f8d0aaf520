/** Facts about a failure beside its code and message. */
export interface BitdustErrorOptions {
  /** What failed underneath, if anything. */
  readonly cause?: unknown
  /** Whether the same call may succeed later without a change of arguments. @default false */
  readonly retryable?: boolean
  /** Peer id, fingerprint or IDURL that is to blame. Set only when a signature or a hash proves it. */
  readonly culprit?: string
  /** What the failure is about: a path, a block id, a field name. Never a secret. */
  readonly subject?: string
}

/**
 * The base of every package's error class, so that all of them have one shape.
 * A subclass sets `name` and closes the union of codes. Messages are for people and never contain keys or payloads.
 */
export class BitdustError<Code extends string> extends Error {
  readonly code: Code
  readonly retryable: boolean
  // Only declared, so that what is not known is absent and not undefined.
  declare readonly culprit?: string
  declare readonly subject?: string

  constructor(code: Code, message: string, options: BitdustErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryable = options.retryable ?? false
    if (options.culprit !== undefined) this.culprit = options.culprit
    if (options.subject !== undefined) this.subject = options.subject
  }
}

/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type CryptoErrorCode =
  | 'KeyMalformed'
  | 'SignatureInvalid'
  | 'KeyUnlockFailed'
  | 'LimitExceeded'
  | 'BlockAuthFailed'
  | 'InsecureKeyPermissions'
  | 'RecordInvalid'
  | 'VersionUnsupported'
  | 'NotFound'
  | 'DiskFull'
  | 'StorageCorrupt'

/** The only error class that this package throws. */
export class CryptoError extends BitdustError<CryptoErrorCode> {
  override readonly name = 'CryptoError'
}

/**
 * Tells whether an error is one of ours, of any package, and optionally of one code.
 * Looks at the shape, so it works across duplicate installs and workers, where `instanceof` does not.
 */
export function isBitdustError(error: unknown, code?: string): error is BitdustError<string> {
  if (!(error instanceof Error)) return false
  const { code: found, retryable } = error as Partial<BitdustError<string>>
  return typeof found === 'string' && typeof retryable === 'boolean' && (code === undefined || found === code)
}
