import { IdentityError } from '../errors.ts'
import { type AddressOptions, isForbiddenHost } from './address.ts'
import { isCanonicalHost, parsePort } from './host.ts'

/**
 * Address of an identity document, in canonical form: `http://first-machine.com/alice.xml`.
 * Scheme and host in lower case, the default port left out, the path exactly `/<name>.xml`.
 */
export type Idurl = string & { readonly __brand: 'Idurl' }

/** The pieces of an {@link Idurl}. */
export interface IdurlParts {
  readonly scheme: 'http' | 'https'
  /** Name, IPv4, or IPv6 in brackets; lower case. */
  readonly host: string
  /** Absent when it is the default of the scheme. */
  readonly port?: number
  /** Name of the user: `[a-z0-9_-]{2,20}`. */
  readonly name: string
}

const MAX_IDURL_CHARACTERS = 300
const FORM = /^(https?):\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]+))?\/([a-z0-9_-]{2,20})\.xml$/
const DEFAULT_PORTS = { http: 80, https: 443 } as const

/**
 * Reads an IDURL and returns its canonical form.
 *
 * @throws {IdentityError} `IdurlForbidden` for every other scheme, path, credentials, ports outside 1..65535, hosts in
 *   unusual notation, and (unless `allowPrivate`) loopback, private and link-local hosts. See `threats.md` A7 and T10.
 */
export function parseIdurl(text: string, options: AddressOptions = {}): Idurl {
  const parts = readParts(text)
  if (typeof parts === 'string') throw new IdentityError('IdurlForbidden', parts, { subject: text.slice(0, 100) })
  if (isForbiddenHost(parts.host, options)) {
    throw new IdentityError('IdurlForbidden', `IDURL ${text} leads to a private or special address`, { subject: text })
  }
  return formatIdurl(parts)
}

/** Writes the canonical form; the inverse of {@link idurlParts}. The pieces are trusted to be valid. */
export function formatIdurl({ scheme, host, port, name }: IdurlParts): Idurl {
  const suffix = port === undefined || port === DEFAULT_PORTS[scheme] ? '' : `:${port}`
  return `${scheme}://${host}${suffix}/${name}.xml` as Idurl
}

/** Takes a canonical IDURL apart. */
export function idurlParts(idurl: Idurl): IdurlParts {
  const parts = readParts(idurl)
  if (typeof parts === 'string') throw new IdentityError('IdurlForbidden', parts, { subject: idurl })
  return parts
}

/** The pieces, or the rule that the text breaks. */
function readParts(text: string): IdurlParts | string {
  if (text.length > MAX_IDURL_CHARACTERS) return `IDURL of ${text.length} characters, limit is ${MAX_IDURL_CHARACTERS}`
  const match = FORM.exec(lowerCaseHost(text))
  if (match === null) return `IDURL is not of the form http(s)://host[:port]/name.xml: ${JSON.stringify(text)}`
  const [, scheme, host, portText, name] = match as unknown as [string, 'http' | 'https', string, string?, string?]
  if (!isCanonicalHost(host)) return `IDURL has no plain host: ${text}`
  if (portText === undefined) return { scheme, host, name: name ?? '' }
  const port = parsePort(portText)
  if (port === undefined) return `IDURL has port ${portText}, expected 1 to 65535 without leading zeros`
  return port === DEFAULT_PORTS[scheme] ? { scheme, host, name: name ?? '' } : { scheme, host, port, name: name ?? '' }
}

/** Case matters in the path alone; where there is no `/` behind the host, the form check refuses anyway. */
function lowerCaseHost(text: string): string {
  const pathStart = text.indexOf('/', 'https://'.length)
  return pathStart < 0 ? text : text.slice(0, pathStart).toLowerCase() + text.slice(pathStart)
}
