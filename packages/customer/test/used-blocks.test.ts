import { randomBytes, toHex } from '@bitdust/crypto'
import { type BlockId, type Content, type Entry, type Extent, encodeExtents, parseHash } from '@bitdust/records'
import { expect, it } from 'vitest'
import type { TreeReader } from '../src/catalog/catalog-view.ts'
import type { PutOperation } from '../src/catalog/operation.ts'
import { usedBlocks } from '../src/prune/used-blocks.ts'

const signal = new AbortController().signal

function someExtent(): Extent {
  return { block: parseHash<BlockId>(toHex(randomBytes(32))), key: randomBytes(32), offset: 0, length: 10 }
}

function entryOf(kind: 'file' | 'folder', content: Content): Entry {
  return { name: kind, kind, mode: 0o755, mtime: 0, size: 10, files: 1, content }
}

/** What is used by puts whose roots are these entries; folders are looked up by their content. */
async function usedBy(roots: readonly Entry[], folders: ReadonlyMap<Content, readonly Entry[]>, lists = new Map()) {
  const puts = roots.map((root) => ({ root }) as unknown as PutOperation)
  const trees = {
    root: async (put: PutOperation) => (put as unknown as { readonly root: Entry }).root,
    node: async ({ content }: Entry) => folders.get(content) ?? [],
  } satisfies Partial<TreeReader> as unknown as TreeReader
  return usedBlocks(puts, { trees, readList: async (content) => lists.get(content), signal })
}

it('what is in a folder counts, also when somebody called the bytes of that folder a file before', async () => {
  const inside = someExtent()
  const content = { extents: [someExtent()] }
  const folders = new Map<Content, readonly Entry[]>([[content, [entryOf('file', { extents: [inside] })]]])
  const used = await usedBy([entryOf('file', content), entryOf('folder', content)], folders)
  expect(used).toContain(inside.block)
})

it('a list of extents and the bytes that such a list consists of are two things', async () => {
  const inside = someExtent()
  const list = { extents: [someExtent()] }
  const lists = new Map([[list, encodeExtents([inside])]])
  const used = await usedBy([entryOf('folder', list), entryOf('folder', { list })], new Map(), lists)
  expect(used).toContain(inside.block)
})
