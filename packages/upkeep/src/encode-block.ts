import { encryptBlock, type Fingerprint, sha256Bulk, toHex, treeRoot } from '@bitdust/crypto'
import { type Coder, encodeBlock, type SupplierCount } from '@bitdust/raid'
import {
  type BlockId,
  type BlockRecord,
  blockIdOf,
  type Layout,
  type LocationId,
  MAX_BLOCK_BYTES,
  parseHash,
} from '@bitdust/records'
import { UpkeepError } from './errors.ts'

/** What becomes a block. */
export interface BlockSource {
  /** At most 8 MiB; may be empty. Not changed, not kept. */
  readonly plaintext: Uint8Array
  /** 32 fresh random bytes, never used for another block. */
  readonly key: Uint8Array
  readonly location: LocationId
  /** Who seals it. */
  readonly writer: Fingerprint
  /** Suppliers of the family. */
  readonly n: SupplierCount
  readonly coder: Coder
}

/** A layout before somebody takes the responsibility for it by signing. */
export type LayoutBody = Omit<Layout, 'signer' | 'device'>

/** A block, sealed and coded. */
export interface EncodedBlock {
  readonly record: BlockRecord
  readonly id: BlockId
  /** To be signed: `layoutRecord.sign({ ...layoutBody, signer: 'writer', device }, deviceKey)`. */
  readonly layoutBody: LayoutBody
  /** All 2n: Data 0..n-1, Parity n..2n-1. Data fragments are views on the ciphertext, so neither may be changed. */
  readonly fragments: readonly Uint8Array[]
  readonly ciphertext: Uint8Array
}

/**
 * Encrypts a block and codes the ciphertext, so that any n of its 2n fragments give it back.
 *
 * @throws {UpkeepError} `LimitExceeded` above 8 MiB of plaintext.
 * @throws {RaidError} `LimitExceeded` when n is no preset.
 */
export async function sealAndEncode({
  plaintext,
  key,
  location,
  writer,
  n,
  coder,
}: BlockSource): Promise<EncodedBlock> {
  if (plaintext.length > MAX_BLOCK_BYTES)
    throw new UpkeepError('LimitExceeded', `block of ${plaintext.length} bytes, limit is ${MAX_BLOCK_BYTES}`)
  const ciphertext = await encryptBlock(key, plaintext)
  const hash = parseHash(toHex(await sha256Bulk(ciphertext)))
  const record: BlockRecord = { location, writer, size: ciphertext.length, hash }
  const fragments = await encodeBlock(coder, ciphertext, n)
  const roots = fragments.map((fragment) => parseHash(toHex(treeRoot(fragment))))
  const layoutBody: LayoutBody = { block: record, n, fragmentBytes: fragments[0]!.length, roots }
  return { record, id: blockIdOf(record), layoutBody, fragments, ciphertext }
}
