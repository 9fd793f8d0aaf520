import { isBitdustError } from '@bitdust/crypto'
import {
  type IdentityDocument,
  type Idurl,
  isCertificateCurrent,
  openCertificate,
  type PeerRef,
} from '@bitdust/identity'
import { ShareError } from './errors.ts'

/** The IDURL under which an identity is known now. */
export function primaryOf({ sources, fingerprint }: IdentityDocument): Idurl {
  const [first] = sources
  if (first !== undefined) return first
  throw new ShareError('NotFound', 'the identity has no source', { subject: fingerprint })
}

/**
 * The devices that an identity names, each once; those whose certificate ran out, or was not signed by the identity, are
 * left aside.
 *
 * @param now - Milliseconds since the Unix epoch.
 */
export async function devicesOf(document: IdentityDocument, now: number): Promise<readonly PeerRef[]> {
  const certificates = await Promise.all(
    document.certificates.map((text) => openCertificate(text, document.publicKey).catch(() => null)),
  )
  const peerIds = certificates.flatMap((certificate) =>
    certificate !== null && isCertificateCurrent(certificate, now) ? [certificate.peerId] : [],
  )
  const { fingerprint } = document
  return [...new Set(peerIds)].map((peerId) => ({ fingerprint, idurl: primaryOf(document), peerId }))
}

/**
 * Asks several devices of one identity at the same time; the first that does not fail wins, the others are given up.
 *
 * @throws What tells most: the refusal of a device rather than the silence of another one. `NotFound` without devices.
 */
export async function anyDevice<T>(
  devices: readonly PeerRef[],
  signal: AbortSignal,
  ask: (peer: PeerRef, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (devices.length === 0) throw new ShareError('NotFound', 'the identity names no device that could be reached')
  const over = new AbortController()
  const during = AbortSignal.any([signal, over.signal])
  try {
    return await Promise.any(devices.map((peer) => ask(peer, during)))
  } catch (error) {
    signal.throwIfAborted()
    const failures: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
    throw failures.find((failure) => isBitdustError(failure) && !failure.retryable) ?? failures[0]
  } finally {
    over.abort()
  }
}
