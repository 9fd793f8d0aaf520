import { type DeviceId, type Fingerprint, LABELS } from '@bitdust/crypto'
import { defineRecord, type RecordKind } from './define-record.ts'
import { choice, optional, struct, uint } from './fields.ts'
import { deviceId, fingerprint, hash32, position, revisionNumber, timestamp } from './id-fields.ts'
import type { Hash32 } from './ids.ts'
import { MAX_STATEMENT_BYTES } from './limits.ts'

/** A supplier's word that it holds something durably. */
export interface Receipt {
  readonly supplier: Fingerprint
  /** The device of the supplier that signs. */
  readonly device: DeviceId
  readonly customer: Fingerprint
  readonly kind: 'fragments' | 'journal' | 'header' | 'members' | 'family'
  /** Block id for fragments, hash of the last entry for a journal, else the record hash. */
  readonly subject: Hash32
  /** Supplier position, for fragments. */
  readonly position: number | null
  /** Revision, for header, members and family. */
  readonly revision: number | null
  /** Bytes stored for it. */
  readonly bytes: number
  /** When it was stored, in ms since the Unix epoch. */
  readonly date: number
}

/** Signed by the `device` that it names. */
export const receiptRecord: RecordKind<Receipt, 'device'> = defineRecord({
  kind: 'receipt',
  label: LABELS.receipt,
  maxBytes: MAX_STATEMENT_BYTES,
  signers: { device: { key: 'device', name: ({ device }) => device } },
  versions: {
    1: struct<Receipt>({
      supplier: fingerprint,
      device: deviceId,
      customer: fingerprint,
      kind: choice('fragments', 'journal', 'header', 'members', 'family'),
      subject: hash32,
      position: optional(position),
      revision: optional(revisionNumber),
      bytes: uint(),
      date: timestamp,
    }),
  },
})
