import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  createDurableFiles,
  type Disk,
  makePrivateFolder,
  nodeDisk,
  readPrivateFile,
  removeDurable,
  sweepTemporaryFiles,
  writeFileDurable,
} from '../src/files.ts'
import { pattern } from './pattern.ts'

/** Of POSIX; Node has no call for it. */
const MAKE_PIPE = 'mkfifo'
const MAX = { maxBytes: 1_000_000 }
const INSECURE = expect.objectContaining({ name: 'CryptoError', code: 'InsecureKeyPermissions' })

let folder: TemporaryFolder
let path: string

beforeEach(async () => {
  folder = await temporaryFolder()
  path = join(folder.path, 'master')
})
afterEach(() => folder[Symbol.asyncDispose]())

const modeOf = async (name: string) => (await stat(name)).mode & 0o7777

describe('writing and reading', () => {
  test.each([0, 1, 100_000])('%d bytes come back', async (bytes) => {
    await writeFileDurable(path, pattern(bytes))
    expect(await readPrivateFile(path, MAX)).toStrictEqual(pattern(bytes))
    expect(await readdir(folder.path)).toEqual(['master'])
  })

  test('the new file replaces the old one, whatever its mode was', async () => {
    await writeFileDurable(path, pattern(10), { mode: 0o644 })
    expect(await modeOf(path)).toBe(0o644)
    await writeFileDurable(path, pattern(20))
    expect(await readPrivateFile(path, MAX)).toEqual(pattern(20))
  })

  test('maxBytes is exact', async () => {
    await writeFileDurable(path, pattern(10))
    expect((await readPrivateFile(path, { maxBytes: 10 })).length).toBe(10)
    await expect(readPrivateFile(path, { maxBytes: 9 })).rejects.toEqual(
      expect.objectContaining({ code: 'LimitExceeded' }),
    )
  })

  test('a missing file is NotFound, a missing folder StorageCorrupt', async () => {
    await expect(readPrivateFile(path, MAX)).rejects.toEqual(expect.objectContaining({ code: 'NotFound' }))
    const lost = join(folder.path, 'lost', 'master')
    await expect(writeFileDurable(lost, pattern(1))).rejects.toEqual(
      expect.objectContaining({ code: 'StorageCorrupt' }),
    )
  })

  test('removing is final and may be repeated', async () => {
    await writeFileDurable(path, pattern(1))
    await removeDurable(path)
    await removeDurable(path)
    expect(await readdir(folder.path)).toEqual([])
  })

  test('a sweep removes what interrupted writes left, and nothing else', async () => {
    const kept = ['master', '.bitdust-x.tmp', 'x.tmp', `.bitdust-${'0'.repeat(31)}.tmp`].sort()
    for (const name of kept) await writeFile(join(folder.path, name), '')
    await writeFile(join(folder.path, `.bitdust-${'0'.repeat(32)}.tmp`), '')
    expect(await sweepTemporaryFiles(folder.path)).toBe(1)
    expect((await readdir(folder.path)).sort()).toEqual(kept)
    expect(await sweepTemporaryFiles(folder.path)).toBe(0)
  })
})

describe.skipIf(process.platform === 'win32')('T55 permissions', () => {
  test.each([0o644, 0o640, 0o604, 0o660, 0o601, 0o620])('T55 a key file of mode %o is refused', async (mode) => {
    await writeFileDurable(path, pattern(1))
    await chmod(path, mode)
    await expect(readPrivateFile(path, MAX)).rejects.toEqual(INSECURE)
  })

  test.each([0o600, 0o400])('T55 a key file of mode %o is read', async (mode) => {
    await writeFileDurable(path, pattern(1))
    await chmod(path, mode)
    expect((await readPrivateFile(path, MAX)).length).toBe(1)
  })

  test.each([0o777, 0o770, 0o722])('T55 a key file in a folder of mode %o is refused', async (mode) => {
    const open = join(folder.path, 'open')
    await mkdir(open)
    await writeFileDurable(join(open, 'master'), pattern(1))
    await chmod(open, mode)
    await expect(readPrivateFile(join(open, 'master'), MAX)).rejects.toEqual(INSECURE)
    await expect(makePrivateFolder(open)).rejects.toEqual(INSECURE)
  })

  test.each([0o755, 0o1777])(
    'T55 a key file in a folder of mode %o is read: nobody else can replace it',
    async (mode) => {
      const shared = join(folder.path, 'shared')
      await mkdir(shared)
      await writeFileDurable(join(shared, 'master'), pattern(1))
      await chmod(shared, mode)
      expect((await readPrivateFile(join(shared, 'master'), MAX)).length).toBe(1)
      await expect(makePrivateFolder(shared)).rejects.toEqual(INSECURE)
    },
  )

  test('T55 a symbolic link in place of the key file is refused, and replaced when written', async () => {
    const target = join(folder.path, 'target')
    await writeFileDurable(target, pattern(3))
    await symlink(target, path)
    await expect(readPrivateFile(path, MAX)).rejects.toEqual(INSECURE)
    await writeFileDurable(path, pattern(5))
    expect((await lstat(path)).isSymbolicLink()).toBe(false)
    expect(await readFile(target)).toHaveLength(3)
  })

  test('T55 a folder or a named pipe in place of the key file is refused, without waiting', async () => {
    await mkdir(path, { mode: 0o700 })
    await expect(readPrivateFile(path, MAX)).rejects.toEqual(INSECURE)
    const pipe = join(folder.path, 'pipe')
    execFileSync(MAKE_PIPE, ['-m', '600', pipe])
    await expect(readPrivateFile(pipe, MAX)).rejects.toEqual(INSECURE)
  })

  test('T55 files are 0600 and folders 0700 from the first system call, under umask 0', async () => {
    // A worker thread cannot set the umask, so another process does the writing; it looks at the file while it is open.
    const script = `
      import { constants } from 'node:fs'
      import { stat } from 'node:fs/promises'
      const { createDurableFiles, nodeDisk } = await import(process.argv[1])
      process.umask(0)
      const modes = []
      const disk = { ...nodeDisk, async open(path, flags, mode) {
        const file = await nodeDisk.open(path, flags, mode)
        if (flags & constants.O_CREAT) modes.push((await file.stat()).mode & 0o7777, flags & constants.O_EXCL ? 'new' : 'any')
        return file
      } }
      const files = createDurableFiles(disk)
      await files.makePrivateFolder(process.argv[2] + '/a/b')
      await files.writeFileDurable(process.argv[2] + '/a/b/key', new Uint8Array(10))
      for (const name of ['/a', '/a/b', '/a/b/key']) modes.push((await stat(process.argv[2] + name)).mode & 0o7777)
      process.stdout.write(modes.map((mode) => mode.toString(8)).join(' '))`
    const source = new URL('../src/files.ts', import.meta.url).href
    const options = ['--conditions=@bitdust/source', '--input-type=module', '--eval', script, source, folder.path]
    expect(execFileSync(process.execPath, options, { encoding: 'utf8' })).toBe('600 new 700 700 600')
  })

  test('T55 a private folder is made with its parents, and may be there already', async () => {
    const deep = join(folder.path, 'a', 'b', 'c')
    await makePrivateFolder(deep)
    await makePrivateFolder(deep)
    expect(await modeOf(deep)).toBe(0o700)
    await writeFileDurable(path, pattern(1))
    await expect(makePrivateFolder(path)).rejects.toEqual(INSECURE)
    await symlink(deep, join(folder.path, 'link'))
    await expect(makePrivateFolder(join(folder.path, 'link'))).rejects.toEqual(INSECURE)
  })
})

describe('T38 T39 a disk that fails', () => {
  /** A disk on which operation number `failAt` fails with `code`; counts operations. */
  function faultDisk(failAt: number, code: string) {
    const log: string[] = []
    const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      log.push(name)
      if (log.length - 1 === failAt) throw Object.assign(new Error(`${code}: injected`), { code })
      return work()
    }
    const disk: Disk = {
      ...nodeDisk,
      open: (name, flags, mode) =>
        step('open', async () => {
          const file = await nodeDisk.open(name, flags, mode)
          return {
            read: (...options) => file.read(...options),
            // Never takes more than 4 bytes at once.
            write: (buffer, offset, length, position) =>
              step('write', () => file.write(buffer, offset, Math.min(length, 4), position)),
            sync: () => step('sync', () => file.sync()),
            stat: () => file.stat(),
            close: async () => {
              await file.close()
              await step('close', async () => {})
            },
          }
        }),
      rename: (from, to) => step('rename', () => nodeDisk.rename(from, to)),
      syncFolder: (name) => step('syncFolder', () => nodeDisk.syncFolder(name)),
    }
    return { files: createDurableFiles(disk), log }
  }

  test('T38 short writes lose nothing; the order is write, sync, close, rename, sync of the folder', async () => {
    const { files, log } = faultDisk(-1, '')
    await files.writeFileDurable(path, pattern(10))
    expect(await readPrivateFile(path, MAX)).toEqual(pattern(10))
    expect(log).toEqual(['open', 'write', 'write', 'write', 'sync', 'close', 'rename', 'syncFolder'])
  })

  test.each([
    ['ENOSPC', 'DiskFull', true],
    ['EDQUOT', 'DiskFull', true],
    ['EIO', 'StorageCorrupt', false],
    ['EMFILE', 'StorageCorrupt', true],
  ])(
    'T38 T39 %s at every operation: old or new file, whole, no rest, and a retry succeeds',
    async (code, expected, retryable) => {
      const operations = 8
      for (let failAt = 0; failAt < operations; failAt++) {
        await writeFileDurable(path, pattern(3))
        const { files, log } = faultDisk(failAt, code)
        await expect(files.writeFileDurable(path, pattern(10))).rejects.toEqual(
          expect.objectContaining({ code: expected, retryable, subject: path }),
        )
        const wasRenamed = log[failAt] === 'syncFolder'
        expect(await readPrivateFile(path, MAX)).toEqual(pattern(wasRenamed ? 10 : 3))
        expect(await readdir(folder.path)).toEqual(['master'])
        await files.writeFileDurable(path, pattern(10))
        expect(await readPrivateFile(path, MAX)).toEqual(pattern(10))
      }
    },
  )

  test('T38 a disk that takes no byte is DiskFull, not an endless loop', async () => {
    const disk: Disk = {
      ...nodeDisk,
      open: async (...options) => {
        const file = await nodeDisk.open(...options)
        return {
          read: (...range) => file.read(...range),
          write: async () => ({ bytesWritten: 0 }),
          sync: () => file.sync(),
          stat: () => file.stat(),
          close: () => file.close(),
        }
      },
    }
    await expect(createDurableFiles(disk).writeFileDurable(path, pattern(1))).rejects.toEqual(
      expect.objectContaining({ code: 'DiskFull' }),
    )
    expect(await readdir(folder.path)).toEqual([])
  })
})
