import { type Content, type Extent, encodeExtents, type FlatContent, MAX_INLINE_EXTENTS } from '@bitdust/records'
import { handledLater } from '../handled-later.ts'
import { type BlockPacker, type BlockSink, createBlockPacker, type PackedItem } from './block-packer.ts'

/**
 * Where the bytes of a tree are packed. Files follow each other as they come. What refers to blocks can only be written
 * when those are sealed, and so it is packed apart, level above level: long lists of extents, then folders, those with no
 * folder inside before those around them.
 */
export interface Packers {
  /** Begins the bytes of a file. */
  beginFile(options: { readonly stable: boolean }): PackedItem
  /** The content that a file with these extents has. */
  fileContent(extents: Promise<readonly Extent[]>): Promise<Content>
  /** The content of a folder, when its node is known; `height` is 0 for one that has no folder inside. */
  folderContent(node: Promise<Uint8Array>, height: number, maxInlineBytes: number): Promise<Content>
  /** Seals what is left, level by level. Nothing may be begun any more. */
  finish(): Promise<void>
}

/** Packs the nodes of one level; some of them may still be on their way. */
interface Level {
  readonly packer: BlockPacker
  readonly coming: Set<Promise<unknown>>
}

export function createPackers(sink: BlockSink): Packers {
  const files = createBlockPacker(sink)
  const lists = createLevel()
  const folders: Level[] = []

  function createLevel(): Level {
    return { packer: createBlockPacker(sink), coming: new Set() }
  }

  /** Packs a node when it is known. `finish` waits until it is packed, not until its block is sealed. */
  async function pack(level: Level, node: Promise<FlatContent | Uint8Array>): Promise<FlatContent> {
    const packing = node.then(async (known) => {
      if (!(known instanceof Uint8Array)) return known
      const item = level.packer.begin()
      await item.write(known)
      return { packed: item.end() }
    })
    track(level, packing)
    const placed = await packing
    return 'packed' in placed ? { extents: await placed.packed.extents } : placed
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
    await Promise.all(coming)
    await packer.flush()
  }

  return {
    beginFile: (options) => files.begin(options),
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
      await files.flush()
      await finishLevel(lists)
      for (const level of folders) await finishLevel(level)
    },
  }
}
