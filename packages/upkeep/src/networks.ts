import ipaddr from 'ipaddr.js'

/** Bits that tell one network from another: what one household or rack usually gets (`threats.md` A4). */
const IPV4_PREFIX_BITS = 24
const IPV6_PREFIX_BITS = 48

/**
 * The public networks in which a peer is reached, each once: `93.184.216.0/24`, `2606:2800:220::/48`. Private and
 * loopback addresses are left out: the same one in two places says nothing about the two.
 */
export function networksOf({ addresses = [] }: { readonly addresses?: readonly string[] }): readonly string[] {
  return [...new Set(addresses.flatMap(networkOf))]
}

function networkOf(multiaddr: string): readonly string[] {
  const [, protocol, host = ''] = multiaddr.split('/')
  if ((protocol !== 'ip4' && protocol !== 'ip6') || !ipaddr.isValid(host)) return []
  const address = ipaddr.process(host)
  if (address.range() !== 'unicast') return []
  const bits = address.kind() === 'ipv4' ? IPV4_PREFIX_BITS : IPV6_PREFIX_BITS
  return [`${networkAddress(address, bits)}/${bits}`]
}

function networkAddress(address: ipaddr.IPv4 | ipaddr.IPv6, bits: number): string {
  const kept = address.toByteArray().map((byte, index) => (index < bits / 8 ? byte : 0))
  return ipaddr.fromByteArray(kept).toString()
}
