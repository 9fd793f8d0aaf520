import { IdentityError } from '../errors.ts'

/** The one error of reading XML. The message names the rule. */
export function malformed(message: string, cause?: unknown): IdentityError {
  return new IdentityError('IdentityMalformed', message, cause === undefined ? {} : { cause })
}
