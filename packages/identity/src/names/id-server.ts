import { IdentityError } from '../errors.ts'
import type { AddressOptions } from './address.ts'
import { type Idurl, idurlParts, parseIdurl } from './idurl.ts'

/**
 * Base address of an ID-server, canonical and without a slash at the end: `http://first-machine.com`.
 * The IDURL of `alice` on it is this text + `/alice.xml`.
 */
export type IdServerAddress = string & { readonly __brand: 'IdServerAddress' }

/**
 * Reads the address of an ID-server as people write it: `host[:port]` (meaning http), `http://host[:port]`,
 * `https://host[:port]`, with or without a slash at the end.
 *
 * @throws {IdentityError} `IdurlForbidden` by the rules of {@link parseIdurl}.
 */
export function parseIdServer(text: string, options: AddressOptions = {}): IdServerAddress {
  const withScheme = text.includes('://') ? text : `http://${text}`
  if (/[/?#]/.test(withScheme.replace(/^[a-z]+:\/\//i, '').replace(/\/$/, ''))) {
    throw new IdentityError('IdurlForbidden', `ID-server address has a path: ${text.slice(0, 100)}`)
  }
  return idServerOf(parseIdurl(`${withScheme.replace(/\/$/, '')}/id.xml`, options))
}

/** The server on which an IDURL lives. */
export function idServerOf(idurl: Idurl): IdServerAddress {
  return idurl.slice(0, -`/${idurlParts(idurl).name}.xml`.length) as IdServerAddress
}

/** The IDURL that a name has on a server. The name is trusted to be valid. */
export function idurlOn(server: IdServerAddress, name: string): Idurl {
  return `${server}/${name}.xml` as Idurl
}
