import type { BlockId, Extent } from '@bitdust/records'
import { handledLater } from '../handled-later.ts'

/** A block that has its name. */
export interface SealedBlock {
  readonly block: BlockId
  readonly key: Uint8Array
}

/** Where blocks go when they are full. */
export interface BlockSink {
  /**
   * Takes a block. Resolves when the next one may be filled, which is when there is room for it; the inner promise when
   * the block is sealed, after which `plaintext` is not looked at any more.
   */
  submit(plaintext: Uint8Array): Promise<{ readonly sealed: Promise<SealedBlock> }>
  /** Plaintext bytes of a full block. */
  readonly blockBytes: number
}

/** Bytes that are being packed; they get their extents when their blocks are sealed. */
export interface Packed {
  readonly extents: Promise<readonly Extent[]>
}

/** Puts one thing behind another into blocks, until each is full. */
export interface BlockPacker {
  /**
   * Begins something. Its parts may not be mixed with those of something else.
   *
   * @param stable - The bytes stay as they are until their block is sealed.
   */
  begin(options?: { readonly stable?: boolean }): PackedItem
  /** Hands over the block that is not full yet. */
  flush(): Promise<void>
}

/** One thing that is being packed. */
export interface PackedItem {
  /** Copies the bytes; resolves when more can be taken. */
  write(bytes: Uint8Array): Promise<void>
  end(): Packed
}

interface OpenBlock {
  readonly buffer: Uint8Array
  used: number
  readonly sealed: PromiseWithResolvers<SealedBlock>
}

interface Piece {
  readonly sealed: Promise<SealedBlock>
  readonly offset: number
  length: number
}

/** Buffers that are kept for the next blocks. */
const MAX_SPARE_BUFFERS = 2

export function createBlockPacker({ submit, blockBytes }: BlockSink): BlockPacker {
  const spare: Uint8Array[] = []
  let open: OpenBlock | null = null

  function openBlock(): OpenBlock {
    return { buffer: spare.pop() ?? new Uint8Array(blockBytes), used: 0, sealed: sealing() }
  }

  async function close(): Promise<void> {
    const block = open
    if (block === null) return
    open = null
    const { buffer, used, sealed } = block
    await hand(buffer.subarray(0, used), sealed, () => {
      if (spare.length < MAX_SPARE_BUFFERS) spare.push(buffer)
    })
  }

  async function hand(
    plaintext: Uint8Array,
    outcome: PromiseWithResolvers<SealedBlock>,
    onSealed: () => void,
  ): Promise<void> {
    try {
      const { sealed } = await submit(plaintext)
      sealed.then(onSealed, () => {})
      outcome.resolve(sealed)
    } catch (error) {
      outcome.reject(error)
      throw error
    }
  }

  function begin({ stable = false } = {}): PackedItem {
    const pieces: Piece[] = []

    async function write(bytes: Uint8Array): Promise<void> {
      for (let rest = bytes; rest.length > 0; ) {
        if (stable && open === null && rest.length >= blockBytes) {
          const sealed = sealing()
          pieces.push({ sealed: sealed.promise, offset: 0, length: blockBytes })
          await hand(rest.subarray(0, blockBytes), sealed, () => {})
          rest = rest.subarray(blockBytes)
          continue
        }
        open ??= openBlock()
        const part = rest.subarray(0, blockBytes - open.used)
        open.buffer.set(part, open.used)
        note(open, part.length)
        open.used += part.length
        rest = rest.subarray(part.length)
        if (open.used === blockBytes) await close()
      }
    }

    function note({ sealed, used }: OpenBlock, length: number): void {
      const last = pieces.at(-1)
      if (last?.sealed === sealed.promise) last.length += length
      else pieces.push({ sealed: sealed.promise, offset: used, length })
    }

    return {
      write,
      end() {
        const extents = pieces.map(async ({ sealed, offset, length }) => ({ ...(await sealed), offset, length }))
        return { extents: handledLater(Promise.all(extents)) }
      },
    }
  }

  return { begin, flush: close }
}

function sealing(): PromiseWithResolvers<SealedBlock> {
  const sealed = Promise.withResolvers<SealedBlock>()
  handledLater(sealed.promise)
  return sealed
}
