import { type Fingerprint, LABELS } from '@bitdust/crypto'
import { defineRecord, type RecordKind } from './define-record.ts'
import { bytes, refine, struct, uint } from './fields.ts'
import { fingerprint, position, timestamp } from './id-fields.ts'
import { MAX_STATEMENT_BYTES } from './limits.ts'

/** What a supplier grants to a customer. In force when both have signed. */
export interface Contract {
  readonly customer: Fingerprint
  readonly supplier: Fingerprint
  /** The customer's supplier position, from 0. */
  readonly position: number
  /** Bytes granted for fragments. */
  readonly bytes: number
  /** Begin and end, in ms since the Unix epoch. */
  readonly from: number
  readonly until: number
  readonly created: number
  /** 16 random bytes: two contracts are never the same. */
  readonly nonce: Uint8Array
}

const contractField = refine(
  struct<Contract>({
    customer: fingerprint,
    supplier: fingerprint,
    position,
    bytes: uint(),
    from: timestamp,
    until: timestamp,
    created: timestamp,
    nonce: bytes(16),
  }),
  ({ customer, supplier, from, until }) => {
    if (customer === supplier) return 'customer and supplier are one'
    return from < until ? null : 'ends before it begins'
  },
)

/** Signed by `customer` and `supplier`, both with their master keys, in any order. */
export const contractRecord: RecordKind<Contract, 'customer' | 'supplier'> = defineRecord({
  kind: 'contract',
  label: LABELS.contract,
  maxBytes: MAX_STATEMENT_BYTES,
  signers: {
    customer: { key: 'rsa', name: ({ customer }) => customer },
    supplier: { key: 'rsa', name: ({ supplier }) => supplier },
  },
  versions: { 1: contractField },
})
