import { isBitdustError } from '@bitdust/crypto'
import {
  type Caller,
  deviceIdOfPeerId,
  deviceOf,
  type IdentityDocument,
  openIdentity,
  type Resolver,
} from '@bitdust/identity'
import { TransportError } from '../errors.ts'

/** What a transport needs to know of identities. */
export type KnownIdentities = Pick<Resolver, 'accept' | 'known' | 'onNewer'>

/**
 * Finds out who is at the other end: the document must be valid, and the newest one that is known of this identity must
 * name the device whose key the carrier has authenticated. A device may show an older document: not every device of an
 * identity hears of a new one at once. One that was revoked shows nothing newer, so what is known decides.
 *
 * @param now - Wall clock, in ms since the Unix epoch; expired certificates do not count.
 * @throws {TransportError} `PeerIdentityMismatch`; `cause` tells which rule was broken.
 */
export async function verifyPeer(
  identityBytes: Uint8Array,
  peerId: string,
  { resolver, now }: { readonly resolver: Pick<KnownIdentities, 'accept' | 'known'>; readonly now: number },
): Promise<Caller> {
  const identity = await newestOf(identityBytes, peerId, resolver)
  const device = deviceIdOfPeerId(peerId)
  const certificate = await deviceOf(identity, device, now)
  if (certificate === null) {
    throw new TransportError('PeerIdentityMismatch', `identity ${identity.fingerprint} does not name device ${peerId}`)
  }
  return { fingerprint: identity.fingerprint, device, peerId, identity, certificate }
}

async function newestOf(
  bytes: Uint8Array,
  peerId: string,
  resolver: Pick<KnownIdentities, 'accept' | 'known'>,
): Promise<IdentityDocument> {
  try {
    return await resolver.accept(bytes)
  } catch (cause) {
    if (!isBitdustError(cause)) throw cause
    // It was verified before it was found to be older than what is known, so it tells whose it is.
    const known =
      cause.code === 'IdentityRollback'
        ? await resolver.known((await openIdentity(bytes, { allowPrivate: true })).fingerprint)
        : undefined
    if (known !== undefined) return known
    throw new TransportError('PeerIdentityMismatch', `identity shown by ${peerId}: ${cause.message}`, { cause })
  }
}
