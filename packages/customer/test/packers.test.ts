import { type BlockId, type Content, decodeNode, type Entry, type Extent, hashOf } from '@bitdust/records'
import { unmeasured } from '@bitdust/upkeep'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BlockCache } from '../src/download/block-cache.ts'
import { createContentReader } from '../src/download/content.ts'
import type { Location } from '../src/locations/types.ts'
import type { BlockSink } from '../src/upload/block-packer.ts'
import { buildTree } from '../src/upload/build-tree.ts'
import { createByteBudget } from '../src/upload/byte-budget.ts'
import { bytesAhead, createCutTable, cutPieces } from '../src/upload/cut-pieces.ts'
import { createPackers } from '../src/upload/packers.ts'
import { createPieceBuffers } from '../src/upload/piece-buffers.ts'
import { createPieceStore } from '../src/upload/piece-store.ts'
import type { SourceEntry } from '../src/upload/types.ts'
import { inTime } from './setup.ts'
import { anyTree, entriesOf, linesOf, type TreeLine } from './trees.ts'

const nowhere = {} as Location

const table = createCutTable(new Uint8Array(32).fill(1))

/** Blocks of any size in memory, not sealed at all. */
function memoryBlocks(blockBytes: number) {
  const stored = new Map<BlockId, Uint8Array>()
  const sink: BlockSink = {
    blockBytes,
    async submit({ slot, release }) {
      const plaintext = slot.slice(1)
      const block = hashOf<BlockId>(plaintext, Uint8Array.of(stored.size % 256, stored.size >> 8))
      stored.set(block, plaintext)
      release()
      return { sealed: Promise.resolve({ block, key: new Uint8Array(32) }) }
    },
  }
  const cache: BlockCache = {
    read: async (_, { block, offset, length }) => stored.get(block)!.subarray(offset, offset + length),
    prefetch: () => {},
  }
  return { stored, sink, content: createContentReader(cache) }
}

async function build(entries: Iterable<SourceEntry>, sink: BlockSink) {
  const { signal } = inTime()
  const bounds = { minBytes: Math.floor(sink.blockBytes / 4), maxBytes: sink.blockBytes }
  const buffers = createPieceBuffers(bytesAhead(bounds), 8)
  const cut = (chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) =>
    cutPieces(chunks, { table, bounds, buffers, signal, measure: unmeasured })
  let digests = 0
  const pieces = createPieceStore({
    sink,
    retainer: { confirm: async () => null },
    ownBlockBytes: bounds.minBytes,
    waiting: createByteBudget(1000),
    measure: unmeasured,
    signal,
    // Every piece is another one: what is looked at here is how they are packed.
    digestOf: () => `${digests++}`,
    find: async () => null,
    onLost: async () => {},
  })
  const packers = createPackers({ sink, cut, store: (piece, packer) => pieces.store(piece, packer) })
  const options = { path: 'top', packers, cut, minPieceBytes: bounds.minBytes, now: 1, signal, onRead: () => {} }
  const tree = await buildTree({ entries }, options)
  await packers.finish()
  return { ...tree, root: await tree.root }
}

async function linesBelow(
  entry: Entry,
  path: string,
  all: (content: Content) => Promise<Uint8Array>,
): Promise<readonly TreeLine[]> {
  const { kind, mode, mtime, content } = entry
  const bytes = Buffer.from(await all(content))
  if (kind !== 'folder') {
    const shown = bytes.toString(kind === 'symlink' ? 'utf8' : 'base64')
    return [{ path, kind, mode, mtime, content: shown }]
  }
  const lines: TreeLine[] = [{ path, kind, mode, mtime, content: null }]
  for (const child of decodeNode(bytes))
    lines.push(...(await linesBelow(child, path === '' ? child.name : `${path}/${child.name}`, all)))
  return lines
}

describe('packing a tree', () => {
  it('loses nothing, whatever the size of blocks', async () => {
    await fc.assert(
      fc.asyncProperty(anyTree, fc.integer({ min: 300, max: 40_000 }), async (any, blockBytes) => {
        const { sink, content, stored } = memoryBlocks(blockBytes)
        const { root, bytes, files } = await build(entriesOf(any), sink)
        const expected = await linesOf(entriesOf(any))
        const read = (what: Content) => content.all(nowhere, what, inTime())
        expect(await linesBelow(root, '', read)).toEqual(expected)
        expect(root).toMatchObject({ name: 'top', kind: 'folder', files })
        const links = expected
          .filter(({ kind }) => kind === 'symlink')
          .reduce((sum, one) => sum + one.content!.length, 0)
        expect(root.size).toBeGreaterThanOrEqual(bytes)
        expect(root.size).toBeLessThanOrEqual(bytes + 2 * links)
        for (const block of stored.values()) expect(block.length).toBeLessThanOrEqual(blockBytes)
      }),
      { numRuns: 60 },
    )
  })

  it('puts long lists of extents into blocks of their own, and folders behind what they name', async () => {
    const { sink, content } = memoryBlocks(200)
    const long = Uint8Array.from({ length: 200 * 600 }, (_, index) => index % 251)
    const { root } = await build(
      entriesOf({ a: { long, short: long.subarray(0, 1000) }, b: { c: { d: { e: { f: 'x' } } } } }),
      sink,
    )
    const read = (what: Content) => content.all(nowhere, what, inTime())
    const [a] = decodeNode(await read(root.content))
    const [file, short] = decodeNode(await read(a!.content))
    expect('list' in file!.content && 'extents' in file!.content.list).toBe(true)
    expect('extents' in short!.content && short!.content.extents.length).toBeGreaterThan(4)
    expect(Buffer.compare(await read(file!.content), long)).toBe(0)
    const pieces = await Array.fromAsync(content.range(nowhere, file!.content, { offset: 777, length: 5000 }, inTime()))
    expect(Buffer.concat(pieces).equals(long.subarray(777, 5777))).toBe(true)
  })

  it('reads the next blocks ahead, each once', async () => {
    const extents: Extent[] = ['a', 'a', 'b', 'c', 'c', 'd', 'e'].map((name, index) => ({
      block: hashOf(new TextEncoder().encode(name)),
      key: new Uint8Array(32),
      offset: index,
      length: 1,
    }))
    const asked: number[] = []
    const fetched: string[] = []
    const { range } = createContentReader({
      async read(_, { offset }) {
        asked.push(offset)
        return Uint8Array.of(offset)
      },
      prefetch: (_, { block }) => {
        if (!fetched.includes(block)) fetched.push(block)
      },
    })
    const ahead: number[] = []
    for await (const _ of range(nowhere, { extents }, { offset: 0, length: 7 }, inTime())) ahead.push(fetched.length)
    expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6])
    // Beside the one that is read.
    expect(ahead).toEqual([2, 2, 3, 4, 4, 4, 4])
  })

  it('fails as a whole when a block cannot be sealed', async () => {
    const failure = new Error('no room')
    let submitted = 0
    const sink: BlockSink = {
      blockBytes: 1000,
      async submit({ release }) {
        release()
        submitted += 1
        if (submitted < 3) return { sealed: Promise.resolve({ block: hashOf(), key: new Uint8Array(32) }) }
        return { sealed: Promise.reject(failure) }
      },
    }
    const building = build(entriesOf({ a: new Uint8Array(5000), b: { c: new Uint8Array(5000) } }), sink)
    await expect(building).rejects.toBe(failure)
  })
})
