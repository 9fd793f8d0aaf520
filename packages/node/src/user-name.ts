import { type Idurl, parseIdurl, userToIdurl } from '@bitdust/identity'
import type { Config } from './config.ts'

/**
 * Reads how people name somebody: an IDURL, or `user@host[_port]`.
 *
 * @throws {IdentityError} `IdurlForbidden`, `PathUnsafe` for what is neither.
 */
export function readUser(text: string, { network }: Pick<Config, 'network'>): Idurl {
  const options = { allowPrivate: network.local }
  return parseIdurl(text.includes('://') ? text : userToIdurl(text, options), options)
}
