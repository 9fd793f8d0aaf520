import { BLOCK_FORM_BYTES, type Extent } from '@bitdust/records'
import { handledLater } from '../handled-later.ts'
import type { Retainer } from '../reuse/retain-blocks.ts'
import type { PieceDigest } from '../reuse/reuse-index.ts'
import type { BlockPacker, BlockSink, FilledBlock } from './block-packer.ts'
import type { ByteBudget } from './byte-budget.ts'
import type { Piece } from './cut-pieces.ts'
import type { UploadMeasure } from './stages.ts'

export interface PieceStoreOptions {
  readonly sink: BlockSink
  readonly retainer: Retainer
  /** Pieces from this size on get a block of their own, in bytes. */
  readonly ownBlockBytes: number
  /** For small pieces that wait for an answer of the suppliers. */
  readonly waiting: ByteBudget
  readonly measure: UploadMeasure
  digestOf(content: Uint8Array): PieceDigest
  /** Where this content was stored by an earlier put. */
  find(digest: PieceDigest): Promise<Extent | null>
  /** Less than H suppliers have the block of which the index says that they do. */
  onLost(extent: Extent): Promise<void>
  readonly signal: AbortSignal
}

/** A piece that is being stored. */
export interface StoredPiece {
  readonly extent: Promise<Extent>
  /** Resolves when the piece is in a block, old or new; that one may still have to be filled and sealed. */
  readonly settled: Promise<void>
}

/** Stores pieces, each content once. For one put. */
export interface PieceStore {
  /** Takes a piece and its buffer. Resolves when another one may come. */
  store(piece: Piece, packer: BlockPacker): Promise<StoredPiece>
  /** H suppliers have a block with this content, and the index knows it. */
  placed(digest: PieceDigest): void
}

/** A piece and its memory. */
interface HeldPiece {
  readonly bytes: Uint8Array
  readonly digest: PieceDigest
  /** Set when the piece is large enough for a block of its own. */
  readonly block: FilledBlock | null
  release(): void
}

export function createPieceStore(options: PieceStoreOptions): PieceStore {
  const { sink, retainer, ownBlockBytes, waiting, measure, digestOf, find, onLost, signal } = options
  /** What is on its way; later ones of the same content refer to the same place. */
  const underWay = new Map<PieceDigest, StoredPiece>()

  function hold({ buffer, length }: Piece, digest: PieceDigest): HeldPiece {
    const pieces = [{ digest, offset: 0, length }]
    const slot = buffer.slot.subarray(0, BLOCK_FORM_BYTES + length)
    const { release } = buffer
    const block = length < ownBlockBytes ? null : { slot, pieces, release }
    return { bytes: buffer.bytes.subarray(0, length), digest, block, release }
  }

  /** Small pieces are copied, so that not every one of them holds a buffer of the largest. */
  async function holdForAnswer(held: HeldPiece): Promise<HeldPiece> {
    if (held.block !== null) return held
    const { length } = held.bytes
    const bytes = held.bytes.slice()
    held.release()
    await waiting.take(length, signal)
    return { ...held, bytes, release: () => waiting.give(length) }
  }

  /** Resolves when the piece is in a block. */
  async function send(held: HeldPiece, packer: BlockPacker): Promise<{ readonly extent: Promise<Extent> }> {
    const { bytes, digest, block } = held
    if (block !== null) {
      const { sealed } = await sink.submit(block)
      return { extent: sealed.then((named) => ({ ...named, offset: 0, length: bytes.length })) }
    }
    try {
      return await packer.add(bytes, digest)
    } finally {
      held.release()
    }
  }

  /** Refers to what the suppliers have; if they do not, the piece is sent. */
  async function reuse(known: Extent, held: HeldPiece, packer: BlockPacker) {
    const confirmed = await retainer.confirm(known.block).catch((error) => {
      held.release()
      throw error
    })
    if (confirmed !== null) {
      held.release()
      underWay.delete(held.digest)
      return { extent: Promise.resolve(known) }
    }
    await onLost(known)
    return send(held, packer)
  }

  return {
    async store(piece, packer) {
      const { buffer, length } = piece
      const digest = measure('digest', length, () => digestOf(buffer.bytes.subarray(0, length)))
      const twin = underWay.get(digest)
      if (twin !== undefined) {
        buffer.release()
        return twin
      }
      const held = hold(piece, digest)
      const known = await find(digest)
      const placing = known === null ? send(held, packer) : reuse(known, await holdForAnswer(held), packer)
      const stored = {
        extent: handledLater(placing.then(({ extent }) => extent)),
        settled: handledLater(placing.then(() => {})),
      }
      underWay.set(digest, stored)
      // What waits for an answer is bounded by the memory that it holds.
      if (known === null) await placing
      return stored
    },
    placed: (digest) => underWay.delete(digest),
  }
}
