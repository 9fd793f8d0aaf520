import ipaddr from 'ipaddr.js'

/** What a test network may use besides public addresses. */
const PRIVATE_RANGES: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'linkLocal',
  'uniqueLocal',
  'carrierGradeNat',
])

/** Whether addresses of this machine and of its own network are accepted. */
export interface AddressOptions {
  /** Accepts loopback, private and link-local addresses. For networks on one machine or one LAN. @default false */
  readonly allowPrivate?: boolean
}

/**
 * Tells whether an address must not be connected to on behalf of a stranger (`threats.md` A7, T10).
 *
 * Only public unicast addresses pass. IPv4 addresses inside IPv6 ones (mapped, 6to4, NAT64, Teredo) never pass: they
 * would lead around the check. Multicast, broadcast, unspecified and reserved ones never pass either.
 *
 * @param ip - One address as text, IPv6 without brackets. Whatever is not an address is forbidden.
 */
export function isForbiddenAddress(ip: string, { allowPrivate = false }: AddressOptions = {}): boolean {
  if (!isIpAddress(ip)) return true
  const range = ipaddr.parse(ip).range()
  return range !== 'unicast' && !(allowPrivate && PRIVATE_RANGES.has(range))
}

/** True for four decimal parts or for IPv6 text, and for nothing else that parsers of addresses also take. */
export function isIpAddress(text: string): boolean {
  // Letters first: the library finds out by throwing, which costs more than all the rest of reading an IDURL.
  if (text.includes(':')) return ipaddr.IPv6.isValid(text)
  return /^[0-9.]+$/.test(text) && ipaddr.IPv4.isValidFourPartDecimal(text)
}

/** True for the host names which mean this machine without asking any name server. */
function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost')
}

/**
 * Tells whether a host as it stands in a URL or contact (name, IPv4, `[IPv6]`) is forbidden by itself.
 * What a name resolves to is checked by whoever resolves it, with {@link isForbiddenAddress}.
 */
export function isForbiddenHost(host: string, options: AddressOptions = {}): boolean {
  if (host.startsWith('[')) return isForbiddenAddress(host.slice(1, -1), options)
  if (isIpAddress(host)) return isForbiddenAddress(host, options)
  return isLocalName(host) && options.allowPrivate !== true
}
