import { type Fingerprint, LABELS } from '@bitdust/crypto'
import { defineRecord, type RecordKind } from './define-record.ts'
import { bytes, struct } from './fields.ts'
import { fingerprint, generationNumber, locationId, peerId } from './id-fields.ts'
import type { LocationId } from './ids.ts'
import { MAX_STATEMENT_BYTES } from './limits.ts'

/** Proof that a member holds a share key: valid for one connection, at one supplier, for the nonce it gave. */
export interface AccessProof {
  readonly supplier: Fingerprint
  readonly supplierPeer: string
  readonly member: Fingerprint
  readonly memberPeer: string
  readonly location: LocationId
  readonly generation: number
  /** The 32 bytes that the supplier gave on this connection. */
  readonly nonce: Uint8Array
}

/**
 * Signed by the `share` key of the location's generation. The body does not name it: take it from the member list of
 * the owner, never from the prover.
 */
export const accessProofRecord: RecordKind<AccessProof, 'share'> = defineRecord({
  kind: 'access-proof',
  label: LABELS.accessProof,
  maxBytes: MAX_STATEMENT_BYTES,
  signers: { share: { key: 'rsa', name: () => null } },
  versions: {
    1: struct<AccessProof>({
      supplier: fingerprint,
      supplierPeer: peerId,
      member: fingerprint,
      memberPeer: peerId,
      location: locationId,
      generation: generationNumber,
      nonce: bytes(32),
    }),
  },
})
