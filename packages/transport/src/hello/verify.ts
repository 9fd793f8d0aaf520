import { isBitdustError } from '@bitdust/crypto'
import { type Caller, deviceIdOfPeerId, deviceOf, type Resolver } from '@bitdust/identity'
import { TransportError } from '../errors.ts'

/**
 * Finds out who is at the other end: the document must be valid and not older than what is known, and name the device
 * whose key the carrier has authenticated.
 *
 * @param now - Wall clock, in ms since the Unix epoch; expired certificates do not count.
 * @throws {TransportError} `PeerIdentityMismatch`; `cause` tells which rule was broken.
 */
export async function verifyPeer(
  identityBytes: Uint8Array,
  peerId: string,
  { resolver, now }: { readonly resolver: Pick<Resolver, 'accept'>; readonly now: number },
): Promise<Caller> {
  const identity = await acceptOrRefuse(identityBytes, peerId, resolver)
  const device = deviceIdOfPeerId(peerId)
  const certificate = await deviceOf(identity, device, now)
  if (certificate === null) {
    throw new TransportError('PeerIdentityMismatch', `identity ${identity.fingerprint} does not name device ${peerId}`)
  }
  return { fingerprint: identity.fingerprint, device, peerId, identity, certificate }
}

async function acceptOrRefuse(bytes: Uint8Array, peerId: string, resolver: Pick<Resolver, 'accept'>) {
  try {
    return await resolver.accept(bytes)
  } catch (cause) {
    if (!isBitdustError(cause)) throw cause
    throw new TransportError('PeerIdentityMismatch', `identity shown by ${peerId}: ${cause.message}`, { cause })
  }
}
