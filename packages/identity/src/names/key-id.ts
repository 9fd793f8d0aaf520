import { checkAlias, MASTER_ALIAS } from './alias.ts'
import { formatUser, parseUser, type User } from './user.ts'

/** A key as people write it: `group_abc$alice@first-machine.com`. */
export interface KeyId extends User {
  /** `[a-z][a-z0-9_-]{2,49}`; `master` for the key that signs the identity. */
  readonly alias: string
}

/**
 * Reads `[alias$]user@host[_port]`. Without an alias the master key is meant.
 * @throws {IdentityError} `PathUnsafe`
 */
export function parseKeyId(text: string): KeyId {
  const dollar = text.indexOf('$')
  if (dollar < 0) return { alias: MASTER_ALIAS, ...parseUser(text) }
  return { alias: checkAlias(text.slice(0, dollar)), ...parseUser(text.slice(dollar + 1)) }
}

/** Writes `alias$user@host[_port]`, the alias always; the inverse of {@link parseKeyId}. */
export function formatKeyId(id: KeyId): string {
  return `${id.alias}$${formatUser(id)}`
}
