import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, stat, writeFile } from 'node:fs/promises'
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
