import { isIpAddress } from './address.ts'

const MAX_HOST_CHARACTERS = 253
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * True for a host in the only form that names of this network take: lower case, either DNS labels (no underscore,
 * because `_` separates the port in a global id; international names in their `xn--` form), or four decimal parts,
 * or IPv6 in brackets exactly as WHATWG URL writes it.
 */
export function isCanonicalHost(host: string): boolean {
  if (host.length > MAX_HOST_CHARACTERS) return false
  if (host.startsWith('[')) return host.endsWith(']') && isIpAddress(host.slice(1, -1)) && isAsUrlWritesIt(host)
  // A numeric last label makes URL parsers read the whole as IPv4 (`127.1`, `0x7f.1`): only the plain form is a host.
  return host.split('.').every((label) => LABEL.test(label)) && isAsUrlWritesIt(host)
}

function isAsUrlWritesIt(host: string): boolean {
  return URL.parse(`http://${host}/`)?.hostname === host
}

/** Reads a port in decimal without leading zeros, 1 to 65535; anything else is undefined. */
export function parsePort(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return undefined
  const port = Number(text)
  return port <= 65_535 ? port : undefined
}
