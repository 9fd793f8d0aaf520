import { type Fingerprint, LABELS } from '@bitdust/crypto'
import type { Idurl, PeerRef } from '@bitdust/identity'
import { defineRecord, type RecordKind } from './define-record.ts'
import { list, refine, row, struct } from './fields.ts'
import {
  fingerprint,
  idurl,
  optionalRecordHash,
  peerId,
  recordHash,
  revisionNumber,
  supplierCount,
} from './id-fields.ts'
import type { RecordHash } from './ids.ts'
import { MAX_FAMILY_BYTES, MAX_SUPPLIERS } from './limits.ts'
import { type Revisioned, revisionProblem } from './revisions.ts'

/** A customer's suppliers, numbered by position. In force when half of the previous revision's suppliers stored it. */
export interface Family extends Revisioned {
  readonly customer: Fingerprint
  readonly idurl: Idurl
  /** Number of suppliers, and of positions. */
  readonly n: number
  /** Supplier 0 to n - 1; nobody twice. */
  readonly positions: readonly FamilyPosition[]
}

/** Who holds one position of a family. */
export interface FamilyPosition extends PeerRef {
  /** Hash of the contract between the two, signed by both. */
  readonly contract: RecordHash
}

const familyField = refine(
  struct<Family>({
    customer: fingerprint,
    idurl,
    revision: revisionNumber,
    previous: optionalRecordHash,
    n: supplierCount,
    positions: list(row<FamilyPosition>({ fingerprint, idurl, peerId, contract: recordHash }), MAX_SUPPLIERS),
  }),
  (family) => {
    const { n, positions } = family
    if (positions.length !== n) return `${positions.length} positions, expected ${n}`
    if (new Set(positions.map((one) => one.fingerprint)).size !== n) return 'an identity holds two positions'
    if (new Set(positions.map((one) => one.peerId)).size !== n) return 'a device holds two positions'
    return revisionProblem(family)
  },
)

/** Signed by the customer (role `owner`). */
export const familyRecord: RecordKind<Family, 'owner'> = defineRecord({
  kind: 'family',
  label: LABELS.family,
  maxBytes: MAX_FAMILY_BYTES,
  signers: { owner: { key: 'rsa', name: ({ customer }) => customer } },
  versions: { 1: familyField },
})
