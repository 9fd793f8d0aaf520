import { checkAlias, MASTER_ALIAS } from './alias.ts'
import { checkPath } from './path.ts'
import { formatUser, parseUser, type User } from './user.ts'
import { isVersion } from './version.ts'

/**
 * Full name of anything in the network: `[alias$][user@host[_port]][:path][#version]`, e.g.
 * `group_abc$alice@first-machine.com:animals/cat.png#F20160313043757PM`. Each part may be absent;
 * `user` and `host` come together, and `port` only with them.
 */
export interface GlobalId extends Partial<User> {
  /** Alias of the key, see `checkAlias`. Absent means `master`. */
  readonly alias?: string
  /** Path inside the location, see `checkPath`. Absent means the location itself. */
  readonly path?: string
  /** Version name, see `parseVersion`. */
  readonly version?: string
}

/**
 * Reads a global id. In front of the first `:` stands the owner (`alias$user@host_port`, or one half of it: `alias$`,
 * `user@host`), behind it the path; the version follows the last `#`.
 *
 * A text without owner is a path of one's own. A path that looks like an owner is written with a `:` in front, a path
 * that ends like a version with a `#` behind. What follows the last `#` and is no version name belongs to the path.
 *
 * @throws {IdentityError} `PathUnsafe` when a part breaks its rule.
 */
export function parseGlobalId(text: string): GlobalId {
  const end = ownerEnd(text)
  const owner = end < 0 ? {} : parseOwner(text.slice(0, end))
  const rest = text.slice(Math.max(end, 0))
  return { ...owner, ...parseRest(rest.startsWith(':') ? rest.slice(1) : rest) }
}

/** Writes a global id; the exact inverse of {@link parseGlobalId}. The parts are trusted to be valid. */
export function formatGlobalId({ alias, user, host, port, path, version }: GlobalId): string {
  const key = alias === undefined ? '' : `${alias}$`
  const owner =
    user === undefined || host === undefined
      ? key
      : key + formatUser(port === undefined ? { user, host } : { user, host, port })
  const suffix = version === undefined ? versionGuard(path) : `#${version}`
  if (path === undefined) return owner + suffix
  const colon = owner !== '' || path.startsWith(':') || ownerEnd(path + suffix) >= 0 ? ':' : ''
  return `${owner}${colon}${path}${suffix}`
}

/** The one text among all that name the same thing: `master$` is left out, so are the default port and empty parts. */
export function canonicalGlobalId(id: GlobalId | string): string {
  const { alias, ...rest } = parseGlobalId(typeof id === 'string' ? id : formatGlobalId(id))
  return formatGlobalId(alias === undefined || alias === MASTER_ALIAS ? rest : { alias, ...rest })
}

/** Orders global ids by their canonical text, for sorting; 0 when they name the same. */
export function compareGlobalIds(a: GlobalId | string, b: GlobalId | string): -1 | 0 | 1 {
  const [left, right] = [canonicalGlobalId(a), canonicalGlobalId(b)]
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** Length of the owner at the start of the text, or -1 when there is none. */
function ownerEnd(text: string): number {
  // IPv6 is the only owner with colons inside, always behind `@[`.
  const match = /^[^:#@]*@\[[^\]#]*\][^:#]*|^[^:#]*/.exec(text)
  const head = match?.[0] ?? ''
  // No part of an owner holds a slash, so `mail/a@b` is a path.
  return !head.includes('/') && (head.includes('@') || (head.length > 1 && head.endsWith('$'))) ? head.length : -1
}

function parseOwner(text: string): GlobalId {
  const dollar = text.indexOf('$')
  if (dollar < 0) return parseUser(text)
  const alias = checkAlias(text.slice(0, dollar))
  return dollar === text.length - 1 ? { alias } : { alias, ...parseUser(text.slice(dollar + 1)) }
}

function parseRest(text: string): GlobalId {
  const hash = text.lastIndexOf('#')
  const tail = text.slice(hash + 1)
  if (hash < 0 || !(tail === '' || isVersion(tail))) return pathPart(text)
  return tail === '' ? pathPart(text.slice(0, hash)) : { ...pathPart(text.slice(0, hash)), version: tail }
}

function pathPart(text: string): GlobalId {
  return text === '' ? {} : { path: checkPath(text) }
}

/** A `#` that keeps the end of a path from being read as a version. */
function versionGuard(path: string | undefined): string {
  const hash = path?.lastIndexOf('#') ?? -1
  if (path === undefined || hash < 0) return ''
  const tail = path.slice(hash + 1)
  return tail === '' || isVersion(tail) ? '#' : ''
}
