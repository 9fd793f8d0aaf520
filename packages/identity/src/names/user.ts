import { IdentityError } from '../errors.ts'
import { type AddressOptions, isForbiddenHost } from './address.ts'
import { checkUserName } from './alias.ts'
import { isCanonicalHost, parsePort } from './host.ts'
import { formatIdurl, type Idurl, idurlParts } from './idurl.ts'

/** A user as global ids name him: `alice@first-machine.com`, `bob@123.45.67.89_8000`. */
export interface User {
  /** `[a-z0-9_-]{2,20}` */
  readonly user: string
  /** Host of the ID-server: DNS name, IPv4, or IPv6 in brackets; lower case. */
  readonly host: string
  /** 1 to 65535; absent for the default port of http. */
  readonly port?: number
}

const HTTPS_PORT = 443

/**
 * Reads `user@host[_port]`. Port 80 is left out of the result, as it is left out of an IDURL.
 * @throws {IdentityError} `PathUnsafe`
 */
export function parseUser(text: string): User {
  const at = text.indexOf('@')
  if (at < 0) throw unreadable(text)
  const user = checkUserName(text.slice(0, at))
  const address = text.slice(at + 1).toLowerCase()
  // A host holds no underscore (host.ts), so the first one begins the port.
  const underscore = address.indexOf('_')
  const host = underscore < 0 ? address : address.slice(0, underscore)
  if (!isCanonicalHost(host)) throw unreadable(text)
  if (underscore < 0) return { user, host }
  const port = parsePort(address.slice(underscore + 1))
  if (port === undefined) throw unreadable(text)
  return port === 80 ? { user, host } : { user, host, port }
}

/** Writes `user@host[_port]`; the inverse of {@link parseUser}. */
export function formatUser({ user, host, port }: User): string {
  return port === undefined || port === 80 ? `${user}@${host}` : `${user}@${host}_${port}`
}

/**
 * The user that an IDURL stands for: `http://first-machine.com/alice.xml` becomes `alice@first-machine.com`.
 * An https IDURL on its default port gets `_443`; on any other port the scheme is not part of the name.
 */
export function idurlToUser(idurl: Idurl): string {
  const { scheme, host, port, name } = idurlParts(idurl)
  const written = port ?? (scheme === 'https' ? HTTPS_PORT : undefined)
  return formatUser(written === undefined ? { user: name, host } : { user: name, host, port: written })
}

/**
 * The IDURL of a user; the inverse of {@link idurlToUser}: http, except on port 443.
 * @throws {IdentityError} `PathUnsafe` for text that is not a user, `IdurlForbidden` for private hosts.
 */
export function userToIdurl(text: string, options: AddressOptions = {}): Idurl {
  const { user, host, port } = parseUser(text)
  if (isForbiddenHost(host, options)) {
    throw new IdentityError('IdurlForbidden', `${text} leads to a private or special address`, { subject: text })
  }
  if (port === HTTPS_PORT) return formatIdurl({ scheme: 'https', host, name: user })
  return formatIdurl(
    port === undefined ? { scheme: 'http', host, name: user } : { scheme: 'http', host, port, name: user },
  )
}

function unreadable(text: string): IdentityError {
  const shown = JSON.stringify(text.slice(0, 80))
  return new IdentityError(
    'PathUnsafe',
    `user is ${shown}, expected a name like alice@first-machine.com or bob@123.45.67.89_8000`,
  )
}
