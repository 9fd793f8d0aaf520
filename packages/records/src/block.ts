import { encodeCanonical, type Fingerprint, LABELS, signedBytes } from '@bitdust/crypto'
import { type Field, integer, struct } from './fields.ts'
import { fingerprint, hash32, locationId } from './id-fields.ts'
import { type BlockId, type Hash32, hashOf, type LocationId } from './ids.ts'
import { MAX_CIPHERTEXT_BYTES } from './limits.ts'

/** What a block is: the sealed bytes and where they belong. Not signed, its hash is the block's id. Not secret. */
export interface BlockRecord {
  readonly location: LocationId
  /** Fingerprint of who sealed it. */
  readonly writer: Fingerprint
  /** Ciphertext bytes, 1 to 8 MiB and tags. */
  readonly size: number
  /** SHA-256 of the ciphertext. */
  readonly hash: Hash32
}

/** Codec of {@link BlockRecord}. */
export const blockRecordField: Field<BlockRecord> = struct<BlockRecord>({
  location: locationId,
  writer: fingerprint,
  size: integer(1, MAX_CIPHERTEXT_BYTES),
  hash: hash32,
})

/** The id of a block. It does not depend on how the block is coded, so it outlives a change of suppliers. */
export function blockIdOf(record: BlockRecord): BlockId {
  return hashOf(signedBytes(LABELS.blockId, encodeCanonical(blockRecordField.encode(record, 'block'))))
}
