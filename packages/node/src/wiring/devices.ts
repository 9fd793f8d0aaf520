import {
  type IdentityDocument,
  type Idurl,
  isCertificateCurrent,
  openCertificate,
  type PeerRef,
} from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import { NodeError } from '../errors.ts'

/** The IDURL under which an identity is known now. */
export function primaryOf({ sources }: IdentityDocument): Idurl {
  const [first] = sources
  if (first === undefined) throw new NodeError('StorageCorrupt', 'an identity has a source')
  return first
}

/** The devices that an identity names, those whose certificate ran out left aside. */
export async function devicesOf(document: IdentityDocument): Promise<PeerRef[]> {
  const opened = await Promise.all(
    document.certificates.map((text) => openCertificate(text, document.publicKey).catch(() => null)),
  )
  return opened.flatMap((certificate) =>
    certificate !== null && isCertificateCurrent(certificate, systemClock.now())
      ? [{ fingerprint: document.fingerprint, idurl: primaryOf(document), peerId: certificate.peerId }]
      : [],
  )
}

/**
 * Asks the devices of an identity at the same time; the first that answers wins.
 *
 * @throws What the first device failed with, or `NotFound` when the identity names none.
 */
export async function anyDevice<T>(document: IdentityDocument, ask: (peer: PeerRef) => Promise<T>): Promise<T> {
  const devices = await devicesOf(document)
  if (devices.length === 0)
    throw new NodeError('NotFound', `${primaryOf(document)} names no device that could be reached`)
  try {
    return await Promise.any(devices.map(ask))
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error
  }
}
