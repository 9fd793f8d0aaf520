import ipaddr from 'ipaddr.js'

/** How many leading bits make two addresses the same customer; whole bytes only. */
export interface GroupBits {
  readonly v4: number
  readonly v6: number
}

/** Who counts as one in rates: a network that one party usually holds. */
export const NEIGHBOURHOOD: GroupBits = { v4: 24, v6: 48 }

/** Who counts as one in open sockets: one host; in IPv6 a host has a whole /64 to choose from. */
export const HOST: GroupBits = { v4: 32, v6: 64 }

/**
 * A key that is equal for addresses of one group. IPv4 written as IPv6 counts as IPv4.
 *
 * @param address - As the socket tells it. All that is missing or is no address falls into one group, so that hiding
 * it gains nothing.
 */
export function addressGroup(address: string | undefined, bits: GroupBits): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  const kept = parsed.kind() === 'ipv4' ? bits.v4 : bits.v6
  return `${parsed.kind()} ${parsed
    .toByteArray()
    .slice(0, kept / 8)
    .join('.')}`
}
