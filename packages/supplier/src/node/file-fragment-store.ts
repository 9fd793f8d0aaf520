import { constants } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isBitdustError, randomBytes, toHex } from '@bitdust/crypto'
import { createDurableFiles, type Disk, type DiskFile, nodeDisk } from '@bitdust/crypto/files'
import { isSupplierError, SupplierError } from '../errors.ts'
import {
  type ByteRange,
  checkFragmentName,
  exactly,
  type FragmentStore,
  type StoredFile,
} from '../fragments/fragment-store.ts'
import { READ_BYTES } from '../limits.ts'
import { createLocks } from '../locks.ts'

const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
const FILE_MODE = 0o600
const TWO_DIGITS = /^[0-9a-f]{2}$/
const FILE_NAME = /^[0-9a-f]{64}$/
const FULL = ['ENOSPC', 'EDQUOT']

/** Where a file store gets its disk. */
export interface FileFragmentStoreOptions {
  /** Stands between in tests. @default the disk of this machine */
  readonly disk?: Disk
}

/**
 * Keeps fragment files on disk as `<folder>/<2 hex>/<2 hex>/<64 hex>`, folders 0700 and files 0600. A put writes a
 * temporary file in the last folder, then fsync, rename, fsync of the folder.
 *
 * @param folder - Made by the first put, with its parents. Nobody else may write in it.
 */
export function fileFragmentStore(folder: string, { disk = nodeDisk }: FileFragmentStoreOptions = {}): FragmentStore {
  const { makePrivateFolder, sweepTemporaryFiles } = createDurableFiles(disk)
  const root = resolve(folder)
  const made = new Set<string>()
  const locks = createLocks()

  function pathOf(name: string): string {
    checkFragmentName(name)
    return join(root, name.slice(0, 2), name.slice(2, 4), name)
  }

  /** One after another: two puts may need the same parents. */
  function makeFolder(path: string): Promise<void> {
    return locks.run(root, async () => {
      for (const folder of [root, path]) {
        if (made.has(folder)) continue
        await makePrivateFolder(folder)
        made.add(folder)
      }
    })
  }

  async function namesIn(path: string, pattern: RegExp): Promise<string[]> {
    const names = await disk.readdir(path).catch((error) => (isMissing(error) ? [] : Promise.reject(error)))
    return names.filter((name) => pattern.test(name)).toSorted()
  }

  async function* leaves(): AsyncGenerator<{ path: string; prefix: string }, void, undefined> {
    for (const first of await namesIn(root, TWO_DIGITS))
      for (const second of await namesIn(join(root, first), TWO_DIGITS))
        yield { path: join(root, first, second), prefix: first + second }
  }

  async function sizeOf(path: string): Promise<number | null> {
    try {
      const entry = await disk.lstat(path)
      return entry.isFile() ? entry.size : null
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  async function* filesIn(path: string, prefix: string): AsyncGenerator<StoredFile, void, undefined> {
    for (const name of await namesIn(path, FILE_NAME)) {
      const size = name.startsWith(prefix) ? await sizeOf(join(path, name)) : null
      if (size !== null) yield { name, size }
    }
  }

  return {
    async put(name, size, source) {
      const path = pathOf(name)
      const parent = dirname(path)
      const temporary = join(parent, `.bitdust-${toHex(randomBytes(16))}.tmp`)
      try {
        await onDisk(name, () => makeFolder(parent))
        await writeFile(disk, name, temporary, exactly(size, source))
        await onDisk(name, () => disk.rename(temporary, path))
      } catch (error) {
        made.clear() // Somebody may have removed a folder.
        // The first failure is the one to report; what cannot be removed now is swept at the next start.
        await disk.unlink(temporary).catch(() => {})
        throw error
      }
      await onDisk(name, () => disk.syncFolder(parent))
    },

    async read(name, range) {
      const path = pathOf(name)
      const size = await onDisk(name, () => sizeOf(path))
      return size === null ? null : readFile(disk, name, path, range ?? { offset: 0, length: size })
    },

    has: (name) => onDisk(name, async () => (await sizeOf(pathOf(name))) !== null),

    // Not synced: a name that comes back after a power cut is in no book, so it is removed at the next start.
    delete: (name) =>
      onDisk(name, () =>
        disk.unlink(pathOf(name)).catch((error) => (isMissing(error) ? undefined : Promise.reject(error))),
      ),

    async *list() {
      try {
        for await (const { path, prefix } of leaves()) yield* filesIn(path, prefix)
      } catch (error) {
        throw asStorageError(root, error)
      }
    },

    free: () => onDisk(root, async () => multiply(await statDisk(root), 'bavail')),
    size: () => onDisk(root, async () => multiply(await statDisk(root), 'blocks')),

    sweep: () =>
      onDisk(root, async () => {
        for await (const { path } of leaves()) await sweepTemporaryFiles(path)
      }),
  }
}

/** Writes and syncs a new file. What the source throws passes as it is. */
async function writeFile(disk: Disk, name: string, path: string, source: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await onDisk(name, () => disk.open(path, CREATE_FLAGS, FILE_MODE))
  try {
    let offset = 0
    for await (const bytes of source) {
      await onDisk(name, () => writeAll(file, bytes, offset))
      offset += bytes.length
    }
    await onDisk(name, () => file.sync())
  } finally {
    await file.close()
  }
}

/** A disk may take fewer bytes than it was given. */
async function writeAll(file: DiskFile, bytes: Uint8Array, start: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, start + done)
    if (bytesWritten === 0) throw new SupplierError('DiskFull', 'the disk takes no more bytes')
    done += bytesWritten
  }
}

async function* readFile(
  disk: Disk,
  name: string,
  path: string,
  { offset, length }: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await onDisk(name, () => disk.open(path, constants.O_RDONLY))
  try {
    for (let done = 0; done < length; ) {
      const wanted = Math.min(READ_BYTES, length - done)
      const bytes = new Uint8Array(wanted)
      const { bytesRead } = await onDisk(name, () => file.read(bytes, 0, wanted, offset + done))
      if (bytesRead === 0)
        throw new SupplierError('StorageCorrupt', `ends before byte ${offset + length}`, { subject: name })
      done += bytesRead
      yield bytes.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Asks the nearest folder that exists, because reading makes none. */
async function statDisk(path: string): Promise<{ bsize: number; bavail: number; blocks: number }> {
  try {
    return await statfs(path)
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error
    return statDisk(dirname(path))
  }
}

function multiply(disk: { bsize: number; bavail: number; blocks: number }, count: 'bavail' | 'blocks'): number {
  return disk[count] * disk.bsize
}

async function onDisk<T>(subject: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    throw asStorageError(subject, error)
  }
}

function asStorageError(subject: string, cause: unknown): SupplierError {
  if (isSupplierError(cause)) return cause
  const full = isBitdustError(cause) ? cause.code === 'DiskFull' : FULL.some((code) => hasCode(cause, code))
  if (full) return new SupplierError('DiskFull', 'no room on the disk', { cause, subject })
  return new SupplierError('StorageCorrupt', 'the disk cannot read or write', { cause, subject })
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT')
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
