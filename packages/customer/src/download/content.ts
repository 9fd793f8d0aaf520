import { concatBytes } from '@bitdust/crypto'
import {
  type BlockId,
  type Content,
  decodeExtents,
  type Extent,
  type FlatContent,
  MAX_EXTENT_LIST_BYTES,
  MAX_NODE_BYTES,
} from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions } from '../ports.ts'
import type { BlockCache } from './block-cache.ts'

/** Blocks that are fetched ahead of the one which is read. */
export const READ_AHEAD_BLOCKS = 2

/** Reads what entries of manifests refer to. */
export interface ContentReader {
  /** The whole of it; for folders, which have at most 32 MiB. @throws {CustomerError} `LimitExceeded` above. */
  all(location: Location, content: Content, options: CallOptions): Promise<Uint8Array>
  /** A range of it, in pieces, the next blocks ahead of their turn. */
  range(
    location: Location,
    content: Content,
    range: { readonly offset: number; readonly length: number },
    options: CallOptions,
  ): AsyncIterable<Uint8Array>
  /** The blocks that it takes to read all of it, each once. Of lists of extents, the list is read. */
  blocks(location: Location, content: Content, options: CallOptions): Promise<ReadonlySet<BlockId>>
}

export function createContentReader(blocks: BlockCache): ContentReader {
  async function flatten(location: Location, content: Content, options: CallOptions): Promise<FlatContent> {
    if (!('list' in content)) return content
    const list = await joined(location, content.list, MAX_EXTENT_LIST_BYTES, options)
    return { extents: decodeExtents(list) }
  }

  async function joined(
    location: Location,
    content: FlatContent,
    maxBytes: number,
    options: CallOptions,
  ): Promise<Uint8Array> {
    if ('inline' in content) return content.inline
    const size = content.extents.reduce((sum, { length }) => sum + length, 0)
    if (size > maxBytes) throw new CustomerError('LimitExceeded', `${size} bytes, limit is ${maxBytes}`)
    const parts: Uint8Array[] = []
    for await (const part of readExtents(location, content.extents, options)) parts.push(part)
    return parts.length === 1 ? parts[0]! : concatBytes(...parts)
  }

  async function* readExtents(
    location: Location,
    extents: readonly Extent[],
    options: CallOptions,
  ): AsyncGenerator<Uint8Array> {
    for (const [index, extent] of extents.entries()) {
      const bytes = blocks.read(location, extent, options)
      // Nothing shares the line with the first block: a player or a page waits for the first byte.
      if (index === 0) await bytes
      for (const next of nextBlocks(extents, index)) blocks.prefetch(location, next, options)
      yield await bytes
    }
  }

  return {
    async all(location, content, options) {
      return joined(location, await flatten(location, content, options), MAX_NODE_BYTES, options)
    },
    async *range(location, content, { offset, length }, options) {
      const flat = await flatten(location, content, options)
      if ('inline' in flat) {
        const part = flat.inline.subarray(offset, offset + length)
        if (part.length > 0) yield part
        return
      }
      yield* readExtents(location, cutExtents(flat.extents, offset, length), options)
    },
    async blocks(location, content, options) {
      const flat = await flatten(location, content, options)
      const parts = 'list' in content ? [content.list, flat] : [flat]
      return new Set(parts.flatMap((part) => ('extents' in part ? part.extents.map(({ block }) => block) : [])))
    },
  }
}

/** The first extent of each of the blocks that come after that of the extent at `index`. */
function nextBlocks(extents: readonly Extent[], index: number): readonly Extent[] {
  const current = extents[index]?.block
  const next: Extent[] = []
  for (const extent of extents.slice(index + 1, index + 1 + 2 * READ_AHEAD_BLOCKS)) {
    if (extent.block !== current && next.every(({ block }) => block !== extent.block)) next.push(extent)
    if (next.length === READ_AHEAD_BLOCKS) break
  }
  return next
}

/** The parts of extents that lie in a range of the whole. */
function cutExtents(extents: readonly Extent[], offset: number, length: number): readonly Extent[] {
  const end = offset + length
  const cut: Extent[] = []
  let start = 0
  for (const extent of extents) {
    const from = Math.max(start, offset)
    const to = Math.min(start + extent.length, end)
    if (from < to) cut.push({ ...extent, offset: extent.offset + (from - start), length: to - from })
    start += extent.length
  }
  return cut
}
