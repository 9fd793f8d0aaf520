import { deviceOf, type IdentityDocument, openCertificate } from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import type { BitdustNode } from '../node.ts'

/** A device of the own identity. */
export interface OwnDevice {
  readonly peerId: string
  /** As its owner calls it. */
  readonly label: string
  /** Ms since the epoch. */
  readonly created: number
  /** Ms since the epoch. */
  readonly expires: number
  /** Whether it is the one that is asked. */
  readonly isThis: boolean
  /** `master` has or had the master key; `enrolled` has keys of its own. */
  readonly kind: 'master' | 'enrolled'
  /** Texts of its certificates, as they stand in the identity. */
  readonly certificates: readonly string[]
}

/** The devices that the own identity names, with those whose certificate ran out. */
export async function listDevices({
  identity,
  deviceKey,
}: Pick<BitdustNode, 'identity' | 'deviceKey'>): Promise<readonly OwnDevice[]> {
  const document = identity.document()
  const devices = new Map<string, OwnDevice>()
  for (const text of document.certificates) {
    const certificate = await openCertificate(text, document.publicKey).catch(() => null)
    if (certificate === null) continue
    const { peerId, label, created, expires, encryptionKey } = await currentOf(document, certificate)
    devices.set(peerId, {
      peerId,
      label,
      created,
      expires,
      isThis: certificate.deviceKey.id === deviceKey.publicKey.id,
      kind: encryptionKey === undefined ? 'master' : 'enrolled',
      certificates: [...(devices.get(peerId)?.certificates ?? []), text],
    })
  }
  return [...devices.values()]
}

/** The certificate that counts for its device; itself when none counts any more. */
async function currentOf(document: IdentityDocument, certificate: Awaited<ReturnType<typeof openCertificate>>) {
  return (await deviceOf(document, certificate.deviceKey.id, systemClock.now())) ?? certificate
}
