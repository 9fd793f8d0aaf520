import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@bitdust/testing'
import { expect, test } from 'vitest'
import { openFolder } from '../src/folder.ts'

test('a folder is private and complete', async () => {
  await using temporary = await temporaryFolder()
  const folder = await openFolder(join(temporary.path, 'node'))
  for (const part of [folder.paths.root, folder.paths.metadata, folder.paths.keys, folder.paths.supplier])
    expect((await stat(part)).mode & 0o777).toBe(0o700)
  folder.release()
})

test('one process at a time, and the next one after a release', async () => {
  await using temporary = await temporaryFolder()
  const directory = join(temporary.path, 'node')
  const first = await openFolder(directory)
  await expect(openFolder(directory)).rejects.toMatchObject({ code: 'FolderInUse' })
  first.release()
  const second = await openFolder(directory)
  second.release()
})

test('a process that was killed leaves no lock behind', async () => {
  await using temporary = await temporaryFolder()
  const directory = join(temporary.path, 'node')
  ;(await openFolder(directory)).release()
  const holder = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { DatabaseSync } from 'node:sqlite'
     const lock = new DatabaseSync(${JSON.stringify(join(directory, 'lock.sqlite'))})
     lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
     console.log('held')
     setInterval(() => {}, 1000)`,
  ])
  await once(holder.stdout, 'data')
  await expect(openFolder(directory)).rejects.toMatchObject({ code: 'FolderInUse' })
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  ;(await openFolder(directory)).release()
})

test('what interrupted writes left of keys is removed', async () => {
  await using temporary = await temporaryFolder()
  const directory = join(temporary.path, 'node')
  const { paths, release } = await openFolder(directory)
  release()
  for (const part of [paths.metadata, paths.keys]) {
    await writeFile(join(part, `.bitdust-${'a'.repeat(32)}.tmp`), 'half a key')
    await writeFile(join(part, 'whole'), 'a key')
  }
  ;(await openFolder(directory)).release()
  expect([await readdir(paths.metadata), await readdir(paths.keys)]).toEqual([['whole'], ['whole']])
})

test('T55 a folder that others may enter is refused', async () => {
  await using temporary = await temporaryFolder()
  const directory = join(temporary.path, 'node')
  ;(await openFolder(directory)).release()
  await chmod(directory, 0o755)
  await expect(openFolder(directory)).rejects.toMatchObject({ code: 'InsecureKeyPermissions' })
})

test('a folder of a newer version is left alone', async () => {
  await using temporary = await temporaryFolder()
  const directory = join(temporary.path, 'node')
  ;(await openFolder(directory)).release()
  await writeFile(join(directory, 'version'), '99\n')
  await expect(openFolder(directory)).rejects.toMatchObject({ code: 'VersionUnsupported' })
  await writeFile(join(directory, 'version'), 'hello')
  await expect(openFolder(directory)).rejects.toMatchObject({ code: 'FolderInvalid' })
})
