import { type Content, type Extent, encodeExtents, type FlatContent, MAX_INLINE_EXTENTS } from '@bitdust/records'
import { handledLater } from '../handled-later.ts'
import { createTurns } from '../turns.ts'
import { type BlockPacker, type BlockSink, createBlockPacker } from './block-packer.ts'
import type { Piece } from './cut-pieces.ts'
import type { StoredPiece } from './piece-store.ts'

/** What packers need to store something. */
export interface PackersOptions {
  readonly sink: BlockSink
  /** Cuts bytes into pieces. */
  cut(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncIterable<Piece>
  /** Takes a piece; what is too small for a block of its own goes into one of the packer. */
  store(piece: Piece, packer: BlockPacker): Promise<StoredPiece>
}

/**
 * Where the bytes of a tree are packed. Files follow each other as they come. What refers to blocks can only be written
 * when those are sealed, and so it is packed apart, level above level: long lists of extents, then folders, those with no
 * folder inside before those around them.
 */
export interface Packers {
  /** Stores a piece of a file. Resolves when the next may come. */
  addPiece(piece: Piece): Promise<{ readonly extent: Promise<Extent> }>
  /** The content that a file with these extents has. */
  fileContent(extents: Promise<readonly Extent[]>): Promise<Content>
  /** The content of a folder, when its node is known; `height` is 0 for one that has no folder inside. */
  folderContent(node: Promise<Uint8Array>, height: number, maxInlineBytes: number): Promise<Content>
  /** Seals what is left, level by level. Nothing may be begun any more. */
  finish(): Promise<void>
}

/** Packs what belongs together; some of it may still be on its way. */
interface Level {
  readonly packer: BlockPacker
  readonly coming: Set<Promise<unknown>>
}

export function createPackers({ sink, cut, store }: PackersOptions): Packers {
  const files = createLevel()
  const lists = createLevel()
  const folders: Level[] = []
  const turns = createTurns()

  function createLevel(): Level {
    return { packer: createBlockPacker(sink), coming: new Set() }
  }

  async function add(level: Level, piece: Piece): Promise<{ readonly extent: Promise<Extent> }> {
    const { extent, settled } = await store(piece, level.packer)
    track(level, settled)
    return { extent }
  }

  /** Packs a node when it is known. `finish` waits until it is packed, not until its block is sealed. */
  async function pack(level: Level, node: Promise<FlatContent | Uint8Array>): Promise<FlatContent> {
    const packing = node.then(async (known) => {
      if (!(known instanceof Uint8Array)) return known
      // One at a time: whoever cuts holds a buffer while he waits for another, of which there are few.
      return turns.take('node', async () => {
        const extents: Promise<Extent>[] = []
        for await (const piece of cut([known])) extents.push((await add(level, piece)).extent)
        return { packed: handledLater(Promise.all(extents)) }
      })
    })
    track(level, packing)
    const placed = await packing
    return 'packed' in placed ? { extents: await placed.packed } : placed
  }

  function track({ coming }: Level, packing: Promise<unknown>): void {
    coming.add(packing)
    // What failed stays, so that `finish` finds it.
    packing.then(
      () => coming.delete(packing),
      () => {},
    )
  }

  async function finishLevel({ packer, coming }: Level): Promise<void> {
    // What is packed may turn out to be pieces whose places are still looked for.
    while (coming.size > 0) await Promise.all(coming)
    await packer.flush()
  }

  return {
    addPiece: (piece) => add(files, piece),
    async fileContent(extents) {
      const isShort = handledLater(extents.then(({ length }) => length <= MAX_INLINE_EXTENTS))
      const flat = await pack(
        lists,
        extents.then((known) => (known.length <= MAX_INLINE_EXTENTS ? { extents: known } : encodeExtents(known))),
      )
      return (await isShort) ? flat : { list: flat }
    },
    folderContent(node, height, maxInlineBytes) {
      while (folders.length <= height) folders.push(createLevel())
      return pack(
        folders[height]!,
        node.then((known) => (known.length <= maxInlineBytes ? { inline: known } : known)),
      )
    },
    async finish() {
      await finishLevel(files)
      await finishLevel(lists)
      for (const level of folders) await finishLevel(level)
    },
  }
}
