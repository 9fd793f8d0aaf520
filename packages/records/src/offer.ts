import { type Fingerprint, LABELS } from '@bitdust/crypto'
import { deviceIdOfPeerId, type Idurl } from '@bitdust/identity'
import { defineRecord, type RecordKind } from './define-record.ts'
import { struct, uint } from './fields.ts'
import { fingerprint, idurl, peerId, timestamp } from './id-fields.ts'
import { MAX_STATEMENT_BYTES } from './limits.ts'

/** What a supplier has to give, said by one of its devices. Binds nobody: the contract does. */
export interface Offer {
  readonly supplier: Fingerprint
  readonly idurl: Idurl
  /** Peer id of the device that signs. */
  readonly peerId: string
  /** Bytes it would grant now. */
  readonly freeBytes: number
  /** Latest end of a contract, in ms since the Unix epoch. */
  readonly until: number
  readonly created: number
  readonly expires: number
}

/** Signed by the `device` whose peer id it names. */
export const offerRecord: RecordKind<Offer, 'device'> = defineRecord({
  kind: 'offer',
  label: LABELS.offer,
  maxBytes: MAX_STATEMENT_BYTES,
  signers: { device: { key: 'device', name: ({ peerId }) => deviceIdOfPeerId(peerId) } },
  versions: {
    1: struct<Offer>({
      supplier: fingerprint,
      idurl,
      peerId,
      freeBytes: uint(),
      until: timestamp,
      created: timestamp,
      expires: timestamp,
    }),
  },
})
