import { isBitdustError } from '@bitdust/crypto'
import { isShareErrorCode, ShareError, type ShareErrorCode, type ShareErrorOptions } from './errors.ts'

/** Codes of other packages that mean something else to somebody who uses this one. */
const TRANSLATED: { readonly [code: string]: ShareErrorCode } = {
  IdentityMalformed: 'NotFound',
  IdentitySignatureInvalid: 'NotFound',
  IdentityRollback: 'NotFound',
  IdentitySourcesDisagree: 'NotFound',
  IdurlForbidden: 'NotFound',
  KeyUnlockFailed: 'StorageCorrupt',
  InsecureKeyPermissions: 'StorageCorrupt',
  RecordInvalid: 'PacketMalformed',
  SignatureInvalid: 'PacketMalformed',
}

/**
 * What callers of this package get for an error from below: the same code where we have it, `Timeout` (retryable) for
 * whatever the network did, `Cancelled` for an abort. Errors that are nobody's refusal (defects) stay as they are.
 *
 * @param doing - What was tried, to begin the message with.
 * @param facts - What is known here and not below.
 */
export function toShareError(
  error: unknown,
  doing: string,
  facts: Pick<ShareErrorOptions, 'step' | 'subject'> = {},
): unknown {
  if (error instanceof ShareError && Object.keys(facts).length === 0) return error
  if (isBitdustError(error)) {
    const code = isShareErrorCode(error.code) ? error.code : (TRANSLATED[error.code] ?? 'Timeout')
    const { retryable, culprit, subject } = error
    return new ShareError(code, `${doing}: ${error.message}`, {
      cause: error,
      retryable: retryable || code === 'Timeout',
      ...(culprit === undefined ? {} : { culprit }),
      ...(subject === undefined ? {} : { subject }),
      ...facts,
    })
  }
  if (isAbort(error)) return new ShareError('Cancelled', `${doing}: cancelled`, { cause: error, ...facts })
  return error
}

/** Runs work and translates what it throws. */
export async function translated<T>(
  doing: string,
  work: () => Promise<T>,
  facts: Pick<ShareErrorOptions, 'subject'> = {},
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toShareError(error, doing, facts)
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
}
