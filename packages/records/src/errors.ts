import { BitdustError, isBitdustError } from '@bitdust/crypto'

/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type RecordErrorCode =
  | 'RecordInvalid'
  | 'RecordRollback'
  | 'RecordExpired'
  | 'VersionUnsupported'
  | 'SignatureInvalid'
  | 'LimitExceeded'
  | 'ManifestInvalid'
  | 'PathUnsafe'

/** The one error class of this package. `subject` names the field (`members.lines[3].rights`) or the record. */
export class RecordError extends BitdustError<RecordErrorCode> {
  override readonly name = 'RecordError'
}

/** Works across duplicate installs and workers, where `instanceof` does not. */
export function isRecordError(error: unknown, code?: RecordErrorCode): error is RecordError {
  return isBitdustError(error, code) && error.name === 'RecordError'
}

/** Throws `RecordInvalid` for the field at `path`. The message never repeats bytes of the value. */
export function invalid(path: string, problem: string, cause?: unknown): never {
  throw new RecordError('RecordInvalid', `${path}: ${problem}`, {
    subject: path,
    ...(cause === undefined ? {} : { cause }),
  })
}
