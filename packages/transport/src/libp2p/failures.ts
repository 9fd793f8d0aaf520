import { TransportError } from '../errors.ts'
import { cancelled } from '../timeout.ts'

/**
 * What a failed dial of libp2p means to us.
 *
 * @param stranger - Whether somebody else answered at one of the addresses.
 */
export function dialFailure(cause: unknown, peerId: string, stranger: boolean): TransportError {
  if (stranger) return new TransportError('PeerIdentityMismatch', `somebody else than ${peerId} answered`, { cause })
  return new TransportError('Timeout', `${peerId} does not answer`, { cause })
}

/** What a stream that could not be opened means to us. */
export function openFailure(error: unknown, peerId: string, protocol: string, signal: AbortSignal): TransportError {
  if (signal.aborted) return cancelled(`opening ${protocol} to ${peerId}`, signal)
  if (error instanceof Error && error.name === 'UnsupportedProtocolError') {
    return new TransportError('VersionUnsupported', `${peerId} does not know ${protocol}`, { cause: error })
  }
  return new TransportError('Timeout', `connection to ${peerId} is gone`, { cause: error })
}
