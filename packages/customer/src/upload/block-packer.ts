import { BLOCK_FORM_BYTES, type BlockId, type Extent } from '@bitdust/records'
import { handledLater } from '../handled-later.ts'
import type { PieceDigest, PlacedPiece } from '../reuse/reuse-index.ts'

/** A block that has its name. */
export interface SealedBlock {
  readonly block: BlockId
  readonly key: Uint8Array
}

/** A block that is full. */
export interface FilledBlock {
  /** Room for the form, then the plaintext. It belongs to whoever takes the block until he releases it. */
  readonly slot: Uint8Array
  /** What is in it. */
  readonly pieces: readonly PlacedPiece[]
  /** Idempotent. */
  release(): void
}

/** Where blocks go when they are full. */
export interface BlockSink {
  /**
   * Takes a block. Resolves when the next one may be filled, which is when there is room for it; the inner promise when the
   * block is sealed.
   */
  submit(block: FilledBlock): Promise<{ readonly sealed: Promise<SealedBlock> }>
  /** Most plaintext bytes of a block. */
  readonly blockBytes: number
}

/** Puts small pieces one behind the other into blocks. */
export interface BlockPacker {
  /**
   * Copies a piece, which is no longer than a block, into the block that is being filled, or into the next when it does not
   * fit: a piece is never in two. Resolves when another one can be taken; the extent is known when the block is sealed.
   */
  add(bytes: Uint8Array, digest: PieceDigest): Promise<{ readonly extent: Promise<Extent> }>
  /** Hands over the block that is not full yet. */
  flush(): Promise<void>
}

interface OpenBlock {
  readonly slot: Uint8Array
  readonly pieces: PlacedPiece[]
  used: number
  readonly sealed: PromiseWithResolvers<SealedBlock>
}

/** Buffers that are kept for the next blocks. */
const MAX_SPARE_BUFFERS = 2

export function createBlockPacker({ submit, blockBytes }: BlockSink): BlockPacker {
  const spare: Uint8Array[] = []
  let open: OpenBlock | null = null

  function openBlock(): OpenBlock {
    const slot = spare.pop() ?? new Uint8Array(BLOCK_FORM_BYTES + blockBytes)
    const sealed = Promise.withResolvers<SealedBlock>()
    handledLater(sealed.promise)
    return { slot, pieces: [], used: 0, sealed }
  }

  async function close(): Promise<void> {
    const block = open
    if (block === null) return
    open = null
    const { slot, pieces, used, sealed } = block
    let isReleased = false
    const release = () => {
      if (!isReleased && spare.length < MAX_SPARE_BUFFERS) spare.push(slot)
      isReleased = true
    }
    try {
      const submitted = await submit({ slot: slot.subarray(0, BLOCK_FORM_BYTES + used), pieces, release })
      sealed.resolve(submitted.sealed)
    } catch (error) {
      sealed.reject(error)
      throw error
    }
  }

  function put(bytes: Uint8Array, digest: PieceDigest): Promise<Extent> {
    open ??= openBlock()
    const { slot, pieces, used, sealed } = open
    const { length } = bytes
    slot.set(bytes, BLOCK_FORM_BYTES + used)
    pieces.push({ digest, offset: used, length })
    open.used += length
    return handledLater(sealed.promise.then(({ block, key }) => ({ block, key, offset: used, length })))
  }

  return {
    async add(bytes, digest) {
      const isFull = open !== null && open.used + bytes.length > blockBytes
      const closing = isFull ? close() : null
      // Put before anything is waited for: others may add at the same time.
      const extent = put(bytes, digest)
      await closing
      return { extent }
    },
    flush: close,
  }
}
