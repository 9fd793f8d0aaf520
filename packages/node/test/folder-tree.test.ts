import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@bitdust/testing'
import { expect, test } from 'vitest'
import { folderSource } from '../src/adapters/folder-source.ts'
import { type RestoredEntry, restoreTo } from '../src/adapters/folder-target.ts'

/** What a walk of the source would be after a trip through the network. */
async function* restored(root: string): AsyncGenerator<RestoredEntry> {
  for await (const entry of folderSource(root)) {
    const { path, mode, mtime } = entry
    if (entry.kind === 'folder') yield { path, kind: 'folder', mode, mtime, size: 0, content: nothing }
    else if (entry.kind === 'symlink') {
      const target = new TextEncoder().encode(entry.target)
      yield { path, kind: 'symlink', mode, mtime, size: target.length, content: () => once(target) }
    } else
      yield {
        path,
        kind: 'file',
        mode,
        mtime,
        size: entry.size ?? 0,
        content: async function* () {
          yield* entry.open?.() ?? nothing()
        },
      }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function entry(path: string, kind: RestoredEntry['kind'], text = ''): RestoredEntry {
  const bytes = new TextEncoder().encode(text)
  return { path, kind, mode: 0o644, mtime: 1_700_000_000_000, size: bytes.length, content: () => once(bytes) }
}

async function* sequence(...entries: RestoredEntry[]): AsyncGenerator<RestoredEntry> {
  yield* entries
}

test('a tree comes back with names, modes, times, symlinks and empty folders', async () => {
  await using temporary = await temporaryFolder()
  const source = join(temporary.path, 'source')
  await mkdir(join(source, 'empty'), { recursive: true })
  await mkdir(join(source, 'locked'))
  await writeFile(join(source, 'a.txt'), 'a')
  await writeFile(join(source, 'locked', 'b.sh'), '#!/bin/sh\n', { mode: 0o755 })
  await writeFile(join(source, 'ünïcode 名前'), new Uint8Array(3_000_000).fill(7))
  await writeFile(join(source, 'nothing'), '')
  await symlink('../elsewhere', join(source, 'link'))
  await utimes(join(source, 'a.txt'), 1_600_000_000, 1_600_000_000)
  await chmod(join(source, 'locked'), 0o500)
  const target = join(temporary.path, 'target')

  const summary = await restoreTo(target, restored(source))

  expect(summary).toEqual({ files: 4, folders: 3, symlinks: 1, bytes: 3_000_011 })
  expect((await readdir(target)).sort()).toEqual((await readdir(source)).sort())
  expect(await readlink(join(target, 'link'))).toBe('../elsewhere')
  expect((await lstat(join(target, 'a.txt'))).mtimeMs).toBe(1_600_000_000_000)
  expect((await lstat(join(target, 'locked'))).mode & 0o777).toBe(0o500)
  expect((await lstat(join(target, 'locked/b.sh'))).mode & 0o777).toBe(0o755)
  expect(await readFile(join(target, 'ünïcode 名前'))).toEqual(await readFile(join(source, 'ünïcode 名前')))
  await chmod(join(source, 'locked'), 0o700)
  await chmod(join(target, 'locked'), 0o700)
})

test('what is there stays, unless asked', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  await mkdir(target)
  await writeFile(join(target, 'a'), 'mine')
  await expect(restoreTo(target, sequence(entry('', 'folder'), entry('a', 'file', 'theirs')))).rejects.toMatchObject({
    code: 'TargetExists',
  })
  expect(await readFile(join(target, 'a'), 'utf8')).toBe('mine')
  await restoreTo(target, sequence(entry('', 'folder'), entry('a', 'file', 'theirs')), { overwrite: true })
  expect(await readFile(join(target, 'a'), 'utf8')).toBe('theirs')
})

test.each(['../x', 'a/../../x', '/etc/x', 'a//x', './x', 'a/\0'])(
  'T58 the path %j cannot leave the target',
  async (path) => {
    await using temporary = await temporaryFolder()
    const target = join(temporary.path, 'target')
    await expect(restoreTo(target, sequence(entry('', 'folder'), entry(path, 'file', 'x')))).rejects.toMatchObject({
      code: 'PathUnsafe',
    })
    expect(await readdir(temporary.path)).toEqual(['target'])
    expect(await readdir(target)).toEqual([])
  },
)

test('T58 nothing is written through a symlink that was restored or was there before', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const outside = join(temporary.path, 'outside')
  await mkdir(outside)
  await mkdir(target)
  await symlink(outside, join(target, 'door'))
  const through = sequence(entry('', 'folder'), entry('door/x', 'file', 'x'))
  await expect(restoreTo(target, through, { overwrite: true })).rejects.toMatchObject({ code: 'PathUnsafe' })
  const fresh = join(temporary.path, 'fresh')
  await expect(
    restoreTo(fresh, sequence(entry('', 'folder'), entry('door', 'symlink', outside), entry('door/x', 'file', 'x'))),
  ).rejects.toBeDefined()
  expect(await readdir(outside)).toEqual([])
})

test('a file whose content is short leaves nothing behind', async () => {
  await using temporary = await temporaryFolder()
  const target = join(temporary.path, 'target')
  const short = { ...entry('a', 'file', 'abc'), size: 5 }
  await expect(restoreTo(target, sequence(entry('', 'folder'), short))).rejects.toMatchObject({
    code: 'StorageCorrupt',
  })
  expect(await readdir(target)).toEqual([])
})

test('a file that shrinks while it is read is named', async () => {
  await using temporary = await temporaryFolder()
  const file = join(temporary.path, 'shrinking')
  await writeFile(file, 'long enough')
  const [found] = await Array.fromAsync(folderSource(file))
  await writeFile(file, 'short')
  const reading = Array.fromAsync(found?.open?.() ?? nothing())
  await expect(reading).rejects.toMatchObject({ code: 'SourceChanged', subject: file })
})
