import { CryptoError } from '../errors.ts'

/** What the system says when there is no room for more bytes or more names. */
const FULL = ['ENOSPC', 'EDQUOT']
/** What passes by itself: too many open files, a lock held by a scanner. */
const PASSING = ['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR']

/** Whether an error comes from the system and has one of these codes. */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Wraps an error of the system: `DiskFull` where there is no room, else `StorageCorrupt`. */
export function storageError(cause: unknown, path: string): CryptoError {
  if (isSystemError(cause, ...FULL)) {
    return new CryptoError('DiskFull', `no room on the disk for ${path}`, { cause, retryable: true, subject: path })
  }
  const retryable = isSystemError(cause, ...PASSING)
  return new CryptoError('StorageCorrupt', `cannot read or write ${path}`, { cause, retryable, subject: path })
}
