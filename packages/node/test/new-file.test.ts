import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeNewFile } from '../src/adapters/new-file.ts'

let folder: TemporaryFolder
let file: string
beforeEach(async () => {
  folder = await temporaryFolder()
  file = join(folder.path, 'out')
})
afterEach(() => folder[Symbol.asyncDispose]())

const parts = [Uint8Array.of(1, 2), Uint8Array.of(3)]

test('writes all of it, for its owner alone, whatever the umask is', async () => {
  const umask = process.umask(0)
  try {
    expect(await writeNewFile(file, parts)).toBe(3)
  } finally {
    process.umask(umask)
  }
  expect([...(await readFile(file))]).toEqual([1, 2, 3])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readdir(folder.path)).toEqual(['out'])
})

test('what is there stays, links too, unless it may be replaced', async () => {
  await writeFile(file, 'old')
  const link = join(folder.path, 'link')
  await symlink(join(folder.path, 'target'), link)
  for (const place of [file, link])
    await expect(writeNewFile(place, parts)).rejects.toMatchObject({ code: 'TargetExists', subject: place })
  expect(await readFile(file, 'utf8')).toBe('old')
  expect((await readdir(folder.path)).sort()).toEqual(['link', 'out'])

  await writeNewFile(file, parts, { overwrite: true })
  await writeNewFile(link, parts, { overwrite: true })
  expect([...(await readFile(file))]).toEqual([1, 2, 3])
  expect((await readdir(folder.path)).sort()).toEqual(['link', 'out'])
  expect((await stat(link)).isFile()).toBe(true)
})

test('a failure on the way leaves nothing, and the old file', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1)
    throw new RangeError('the source broke')
  }
  await expect(writeNewFile(file, broken())).rejects.toThrow('the source broke')
  expect(await readdir(folder.path)).toEqual([])
  await writeFile(file, 'old')
  await expect(writeNewFile(file, broken(), { overwrite: true })).rejects.toThrow('the source broke')
  expect(await readFile(file, 'utf8')).toBe('old')
  await expect(writeNewFile(file, parts, { overwrite: true, signal: AbortSignal.abort() })).rejects.toThrow()
  expect(await readFile(file, 'utf8')).toBe('old')
  expect(await readdir(folder.path)).toEqual(['out'])
})

test('no folder, and a folder in its place', async () => {
  await expect(writeNewFile(join(folder.path, 'no', 'out'), parts)).rejects.toMatchObject({ code: 'NotFound' })
  await expect(writeNewFile(folder.path, parts)).rejects.toMatchObject({ code: 'TargetExists' })
  await expect(writeNewFile(folder.path, parts, { overwrite: true })).rejects.toMatchObject({ code: 'StorageCorrupt' })
})
