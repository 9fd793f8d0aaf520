/** What the main job takes for identical is identical: the comparison notices every kind of difference. */
import { chmod, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

const example = join(import.meta.dirname, '../examples/main-job')
const { signal } = new AbortController()
const { copyTree } = (await import(pathToFileURL(join(example, 'copy-tree.mjs')).href)) as {
  copyTree(from: string, to: string, options: { except: Set<string>; signal: AbortSignal }): Promise<void>
}
const { compareTrees } = (await import(pathToFileURL(join(example, 'compare-trees.mjs')).href)) as {
  compareTrees(expected: string, actual: string, options: { signal: AbortSignal }): Promise<void>
}

let folder: TemporaryFolder
let original: string
let copy: string

beforeEach(async () => {
  folder = await temporaryFolder()
  original = join(folder.path, 'original')
  copy = join(folder.path, 'copy')
  await mkdir(join(original, 'empty'), { recursive: true })
  await mkdir(join(original, 'read-only'), { mode: 0o700 })
  // Longer than what is compared at a time.
  await writeFile(join(original, 'large'), Buffer.alloc(2_500_000, 'large'))
  await writeFile(join(original, 'nothing'), '')
  await writeFile(join(original, 'read-only/run'), '#!/bin/sh\n', { mode: 0o755 })
  await symlink('../nowhere', join(original, 'link'))
  await utimes(join(original, 'large'), 1_700_000_000.123, 1_700_000_000.123)
  await chmod(join(original, 'read-only'), 0o555)
  await copyTree(original, copy, { except: new Set(), signal })
})

afterEach(async () => {
  for (const tree of [original, copy]) await chmod(join(tree, 'read-only'), 0o700)
  await folder[Symbol.asyncDispose]()
})

test('a copy is identical', async () => {
  await expect(compareTrees(original, copy, { signal })).resolves.toBeUndefined()
})

test('what is excepted is not copied', async () => {
  const other = join(folder.path, 'other')
  await copyTree(original, other, { except: new Set([join(original, 'large')]), signal })
  await expect(compareTrees(original, other, { signal })).rejects.toThrow(/: large: nothing, expected file/)
  await chmod(join(other, 'read-only'), 0o700)
})

const changes: Record<string, (tree: string) => Promise<void>> = {
  'a file is missing': (tree) => rm(join(tree, 'nothing')),
  'an empty folder is missing': (tree) => rm(join(tree, 'empty'), { recursive: true }),
  'there is one file more': (tree) => writeFile(join(tree, 'empty/more'), ''),
  'the last byte of a file is another one': async (tree) => {
    const bytes = await readFile(join(tree, 'large'))
    bytes[bytes.length - 1] = 0
    await writeFile(join(tree, 'large'), bytes)
    await utimes(join(tree, 'large'), 1_700_000_000.123, 1_700_000_000.123)
  },
  'a file is one byte longer': (tree) => writeFile(join(tree, 'nothing'), '1'),
  'a file was changed a millisecond later': (tree) => utimes(join(tree, 'large'), 1_700_000_000.124, 1_700_000_000.124),
  'a file is not executable': (tree) => chmod(join(tree, 'read-only/run'), 0o655),
  'a folder has another mode': (tree) => chmod(join(tree, 'empty'), 0o700),
  'a symlink leads elsewhere': async (tree) => {
    await rm(join(tree, 'link'))
    await symlink('../elsewhere', join(tree, 'link'))
  },
  'a symlink became a folder': async (tree) => {
    await rm(join(tree, 'link'))
    await mkdir(join(tree, 'link'))
  },
}

test.each(Object.keys(changes))('it is noticed when %s', async (name) => {
  await changes[name]?.(copy)
  await expect(compareTrees(original, copy, { signal })).rejects.toMatchObject({ code: 'TreesDiffer' })
})
