import { ciphertextSize, encryptBlock, type Fingerprint, sha256Bulk, toHex, treeRoot } from '@bitdust/crypto'
import { type Coder, fragmentSize, type SupplierCount } from '@bitdust/raid'
import {
  BLOCK_FORM_BYTES,
  type BlockId,
  type BlockRecord,
  blockIdOf,
  type Layout,
  type LocationId,
  MAX_BLOCK_BYTES,
  parseHash,
} from '@bitdust/records'
import { UpkeepError } from './errors.ts'
import { type BlockStage, type Measure, unmeasured } from './measure.ts'

/** What becomes a block. */
export interface BlockSource {
  /** What `encodeBlockForm` made, at most 8 MiB and its form. Not changed, not kept. */
  readonly formed: Uint8Array
  /** 32 fresh random bytes, never used for another block. */
  readonly key: Uint8Array
  readonly location: LocationId
  /** Who seals it. */
  readonly writer: Fingerprint
  /** Suppliers of the family. */
  readonly n: SupplierCount
  readonly coder: Coder
  /** Memory for the fragments, at least {@link codedSize} bytes; used as long as they are. @default new memory */
  readonly room?: Uint8Array
  /** @default nobody looks */
  readonly measure?: Measure<BlockStage>
}

/** A layout before somebody takes the responsibility for it by signing. */
export type LayoutBody = Omit<Layout, 'signer' | 'device'>

/** A block, sealed and coded. */
export interface EncodedBlock {
  readonly record: BlockRecord
  readonly id: BlockId
  /** To be signed: `layoutRecord.sign({ ...layoutBody, signer: 'writer', device }, deviceKey)`. */
  readonly layoutBody: LayoutBody
  /** All 2n: Data 0..n-1, Parity n..2n-1. They lie one behind the other in one piece of memory. */
  readonly fragments: readonly Uint8Array[]
  /** A view on the data fragments, so neither may be changed. */
  readonly ciphertext: Uint8Array
}

/**
 * Bytes of all 2n fragments of a block together.
 *
 * @throws {RaidError} `LimitExceeded` when n is no preset or the block is too large.
 */
export function codedSize(formedBytes: number, n: SupplierCount): number {
  return 2 * n * fragmentSize(ciphertextSize(formedBytes), n)
}

/**
 * Encrypts a block and codes the ciphertext, so that any n of its 2n fragments give it back. Nothing is copied: the
 * cipher writes where the data fragments are, the coder where the parity is.
 *
 * @throws {UpkeepError} `LimitExceeded` above 8 MiB and its form, or when there is too little room.
 * @throws {RaidError} `LimitExceeded` when n is no preset.
 */
export async function sealAndEncode({
  formed,
  key,
  location,
  writer,
  n,
  coder,
  room = new Uint8Array(codedSize(formed.length, n)),
  measure = unmeasured,
}: BlockSource): Promise<EncodedBlock> {
  if (formed.length > BLOCK_FORM_BYTES + MAX_BLOCK_BYTES)
    throw new UpkeepError('LimitExceeded', `block of ${formed.length} bytes, limit is ${MAX_BLOCK_BYTES} and its form`)
  const coded = codedSize(formed.length, n)
  if (room.length < coded)
    throw new UpkeepError('LimitExceeded', `room for ${room.length} bytes of fragments, they have ${coded}`)
  const size = ciphertextSize(formed.length)
  const ciphertext = room.subarray(0, size)
  await measure('encrypt', size, () => encryptBlock(key, formed, { into: ciphertext }))
  room.fill(0, size, coded / 2)
  const hash = parseHash(toHex(await measure('hash', size, () => sha256Bulk(ciphertext))))
  const record: BlockRecord = { location, writer, size, hash }
  const fragmentBytes = coded / 2 / n
  const fragments = Array.from({ length: 2 * n }, (_, index) =>
    room.subarray(index * fragmentBytes, (index + 1) * fragmentBytes),
  )
  await measure('code', size, () => coder.encode(fragments.slice(0, n), n, { into: (index) => fragments[index]! }))
  const roots = measure('hash', coded, () => fragments.map((fragment) => parseHash(toHex(treeRoot(fragment)))))
  const layoutBody: LayoutBody = { block: record, n, fragmentBytes, roots }
  return { record, id: blockIdOf(record), layoutBody, fragments, ciphertext }
}
