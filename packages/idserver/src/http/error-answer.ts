import { IdServerError, type IdServerErrorCode } from '../errors.ts'
import { type Answer, jsonAnswer } from './answer.ts'
import { knownCode, statusOf } from './status.ts'

/** What others are told of failures of this server. The real message may name files of this machine; it goes to the log. */
const OWN_FAILURES: Readonly<Partial<Record<IdServerErrorCode, string>>> = {
  DiskFull: 'this server has no room for more',
  StorageCorrupt: 'this identity cannot be read from or written to the disk of this server',
  Internal: 'this server failed to answer',
}

/** The answer that tells a failure. Errors of unknown kinds are `Internal`. */
export function errorAnswer(error: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  const code = codeOf(error)
  const message = OWN_FAILURES[code] ?? (error as IdServerError).message
  const retryAfterMs = error instanceof IdServerError ? error.retryAfterMs : undefined
  // Of an upload that was not read to its end nothing more is wanted, so the connection has no further use.
  const close = code === 'LimitExceeded' || code === 'Timeout' ? { connection: 'close' } : {}
  const retry = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  return jsonAnswer(statusOf(code), { code, message }, { ...close, ...retry, ...headers })
}

/** The code of the answer to an error. Of errors that are not ours (a store may be anybody's) only the codes of failing stores mean what they say. */
export function codeOf(error: unknown): IdServerErrorCode {
  if (error instanceof IdServerError) return error.code
  const code = error instanceof Error && 'code' in error ? knownCode(error.code) : null
  return code === 'DiskFull' || code === 'StorageCorrupt' ? code : 'Internal'
}
