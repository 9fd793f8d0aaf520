import { IdentityError } from '../errors.ts'

/** Alias of the key that signs the identity itself. Left out of a key id, this one is meant. */
export const MASTER_ALIAS = 'master'

const ALIAS = /^[a-z][a-z0-9_-]{2,49}$/
const USER_NAME = /^[a-z0-9_-]{2,20}$/

/**
 * Returns the alias of a key: `[a-z][a-z0-9_-]{2,49}`.
 * @throws {IdentityError} `PathUnsafe`
 */
export function checkAlias(text: string): string {
  if (ALIAS.test(text)) return text
  throw new IdentityError(
    'PathUnsafe',
    `alias is ${quote(text)}, expected 3 to 50 of a-z 0-9 _ - beginning with a letter`,
  )
}

/**
 * Returns the name of a user: `[a-z0-9_-]{2,20}` (the documents' own example is `id.xml`).
 * @throws {IdentityError} `PathUnsafe`
 */
export function checkUserName(text: string): string {
  if (USER_NAME.test(text)) return text
  throw new IdentityError('PathUnsafe', `user name is ${quote(text)}, expected 2 to 20 of a-z 0-9 _ -`)
}

/**
 * Returns a name that a new identity may take: as {@link checkUserName}, and it begins with a letter.
 * @throws {IdentityError} `PathUnsafe`
 */
export function checkNewUserName(text: string): string {
  if (/^[a-z]/.test(checkUserName(text))) return text
  throw new IdentityError('PathUnsafe', `user name is ${quote(text)}, expected a letter first`)
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}
