import ipaddr from 'ipaddr.js'

/** Tells who really sends a request when reverse proxies stand before the server. */
export interface ClientAddressReader {
  /** Whether the address is that of a trusted proxy. */
  isTrusted(address: string | undefined): boolean
  /**
   * The address of the sender: the last one on the way to us that is no trusted proxy.
   *
   * @param remoteAddress - The other end of the connection.
   * @param forwardedFor - The header `X-Forwarded-For`, `null` when absent. Read only when a trusted proxy sent it, from
   * its end: what stands before the first stranger is what that stranger wrote himself.
   */
  read(remoteAddress: string | undefined, forwardedFor: string | null): string | undefined
}

type Network = ReturnType<typeof ipaddr.parseCIDR>

/**
 * @param trustedProxies - Addresses (`127.0.0.1`, `fd00::1`) and networks (`10.0.0.0/8`) of proxies that append the
 * address of whoever connected to them to `X-Forwarded-For`.
 * @throws {RangeError} Something is neither an address nor a network.
 */
export function createClientAddressReader(trustedProxies: readonly string[]): ClientAddressReader {
  const networks = trustedProxies.map(parseNetwork)

  function isTrusted(address: string | undefined): boolean {
    if (networks.length === 0 || address === undefined || !ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return networks.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits))
  }

  return {
    isTrusted,
    read(remoteAddress, forwardedFor) {
      let address = remoteAddress
      const hops = forwardedFor?.split(',') ?? []
      while (isTrusted(address)) {
        const hop = addressOf(hops.pop())
        // A proxy that tells nothing usable stands for all that come through it.
        if (hop === null) break
        address = hop
      }
      return address
    },
  }
}

function parseNetwork(text: string): Network {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  if (!isPlainAddress(text))
    throw new RangeError(`${text.slice(0, 100)} is neither an IP address nor a network of such`)
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** The address in one item of the header, which some proxies write with the port. */
function addressOf(item: string | undefined): string | null {
  const text = item?.trim() ?? ''
  const withPort = /^\[([^\]]+)\](?::\d+)?$/.exec(text) ?? /^([\d.]+):\d+$/.exec(text)
  const address = withPort?.[1] ?? text
  return isPlainAddress(address) ? address : null
}

/** The library also takes `127.1` and `0x7f000001`, which no proxy writes. */
function isPlainAddress(text: string): boolean {
  return text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text)
}
