import type { DeviceId, Fingerprint } from '@bitdust/crypto'
import type { DeviceCertificate } from './certificate.ts'
import type { IdentityDocument } from './document/identity-document.ts'
import type { Idurl } from './names/idurl.ts'

/** Who is at the other end of a channel, verified: the identity names this device, and the device holds its key. */
export interface Caller {
  readonly fingerprint: Fingerprint
  readonly device: DeviceId
  /** libp2p peer id of the device, see `peerIdOfDevice`. */
  readonly peerId: string
  readonly identity: IdentityDocument
  readonly certificate: DeviceCertificate
}

/** How records and requests name a peer: who (fingerprint), where to look him up (IDURL), which device (peer id). */
export interface PeerRef {
  readonly fingerprint: Fingerprint
  readonly idurl: Idurl
  readonly peerId: string
}
