import { constants } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { toHex } from '../bytes.ts'
import { CryptoError } from '../errors.ts'
import { randomBytes } from '../random.ts'
import type { Disk, DiskEntry, DiskFile } from './disk.ts'
import { isSystemError, storageError } from './storage-error.ts'

const PRIVATE_FILE_MODE = 0o600
const PRIVATE_FOLDER_MODE = 0o700
/** Any right of group or others. */
const OTHERS_MASK = 0o077
/** Write rights of group or others. */
const OTHERS_WRITE_MASK = 0o022
/** In a sticky folder, such as /tmp, nobody can replace a file of somebody else. */
const STICKY_MASK = 0o1000

const TEMPORARY_NAME = /^\.bitdust-[0-9a-f]{32}\.tmp$/

/** O_NONBLOCK, so that a named pipe in place of a file is refused and not waited for. Both are missing on Windows. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

/** How {@link DurableFiles.writeFileDurable} writes. */
export interface WriteFileOptions {
  /** Permissions of the file, from its first system call on; the umask may take bits away. @default 0o600 */
  readonly mode?: number
}

/** Files that survive a crash whole and are closed to others. */
export interface DurableFiles {
  /**
   * Writes a file so that after a crash at any instant either the old or the new one is there, whole: temporary file
   * in the same folder, fsync, rename, fsync of the folder. A symbolic link at `path` is replaced, not followed.
   * When the call fails the temporary file is removed, and the write must be taken as not done.
   *
   * @throws {CryptoError} `DiskFull` (retryable) or `StorageCorrupt`, with the system's error as cause.
   */
  writeFileDurable(path: string, bytes: Uint8Array, options?: WriteFileOptions): Promise<void>
  /**
   * Reads a file that holds a secret.
   *
   * @param options.maxBytes - Longest file that is read.
   * @throws {CryptoError} `NotFound`; `InsecureKeyPermissions` if group or others have any right on the file, if it is
   * a symbolic link or not a file, or if others may write to its folder; `LimitExceeded`; `StorageCorrupt`.
   */
  readPrivateFile(path: string, options: { readonly maxBytes: number }): Promise<Uint8Array>
  /**
   * Makes a folder, with its parents, that only its owner can enter; an existing one stays.
   *
   * @throws {CryptoError} `InsecureKeyPermissions` if the folder exists and is looser than 0700 or is a symbolic link
   * or a file; `DiskFull`; `StorageCorrupt`.
   */
  makePrivateFolder(path: string): Promise<void>
  /** Removes a file for good; one that is not there is removed already. @throws {CryptoError} `StorageCorrupt`. */
  removeDurable(path: string): Promise<void>
  /**
   * Removes what interrupted writes left in a folder (not in the folders inside it). To be called before the first
   * write, since it cannot tell the files of a running write.
   *
   * @returns The number of files removed.
   * @throws {CryptoError} `StorageCorrupt`.
   */
  sweepTemporaryFiles(folder: string): Promise<number>
}

/** Durable files on a disk. The subpath `./files` exports them ready-made for the disk of this machine. */
export function createDurableFiles(disk: Disk): DurableFiles {
  return {
    writeFileDurable: (path, bytes, { mode = PRIVATE_FILE_MODE } = {}) =>
      wrapping(path, () => writeThenRename(disk, path, bytes, mode)),

    readPrivateFile: (path, { maxBytes }) => wrapping(path, () => readPrivate(disk, path, maxBytes)),

    makePrivateFolder: (path) =>
      wrapping(path, async () => {
        const wasMade = await makeFolder(disk, resolve(path))
        if (!wasMade) checkPrivateFolder(path, await disk.lstat(path))
      }),

    removeDurable: (path) =>
      wrapping(path, async () => {
        const wasThere = await unlinkIfThere(disk, path)
        if (wasThere) await disk.syncFolder(dirname(path))
      }),

    sweepTemporaryFiles: (folder) =>
      wrapping(folder, async () => {
        const names = (await disk.readdir(folder)).filter((name) => TEMPORARY_NAME.test(name))
        for (const name of names) await unlinkIfThere(disk, join(folder, name))
        if (names.length > 0) await disk.syncFolder(folder)
        return names.length
      }),
  }
}

async function writeThenRename(disk: Disk, path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.bitdust-${toHex(randomBytes(16))}.tmp`)
  const file = await disk.open(temporary, CREATE_FLAGS, mode)
  try {
    try {
      await writeAll(file, bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(temporary, path)
  } catch (error) {
    // The first failure is the one to report; what cannot be removed now is swept at the next start.
    await unlinkIfThere(disk, temporary).catch(() => false)
    throw error
  }
  await disk.syncFolder(folder)
}

/** A disk may take fewer bytes than it was given. */
async function writeAll(file: DiskFile, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset, offset)
    if (bytesWritten === 0) throw new CryptoError('DiskFull', 'the disk takes no more bytes', { retryable: true })
    offset += bytesWritten
  }
}

async function readPrivate(disk: Disk, path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await openPrivate(disk, path)
  try {
    const entry = await file.stat()
    checkPrivateFile(path, entry)
    checkParent(path, await disk.stat(dirname(resolve(path))))
    if (entry.size > maxBytes) {
      throw new CryptoError('LimitExceeded', `file is ${entry.size} bytes, limit is ${maxBytes}`, { subject: path })
    }
    return await readAll(file, entry.size)
  } finally {
    await file.close()
  }
}

async function openPrivate(disk: Disk, path: string): Promise<DiskFile> {
  try {
    return await disk.open(path, READ_FLAGS)
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) throw new CryptoError('NotFound', 'no such file', { cause, subject: path })
    // What open() says of a symbolic link under O_NOFOLLOW (EMLINK on FreeBSD), and of a socket.
    if (isSystemError(cause, 'ELOOP', 'EMLINK', 'ENXIO'))
      throw insecure(path, 'is a symbolic link or not a file', cause)
    throw cause
  }
}

async function readAll(file: DiskFile, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  let read = 0
  while (read < size) {
    const { bytesRead } = await file.read(bytes, read, size - read, read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return bytes.subarray(0, read)
}

/** Makes a folder and the parents that are missing. @returns Whether it was made; `false` if the name is taken. */
async function makeFolder(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.mkdir(path, PRIVATE_FOLDER_MODE)
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false
    const parent = dirname(path)
    if (!isSystemError(error, 'ENOENT') || parent === path) throw error
    await makeFolder(disk, parent)
    await disk.mkdir(path, PRIVATE_FOLDER_MODE)
  }
  await disk.syncFolder(dirname(path))
  return true
}

async function unlinkIfThere(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.unlink(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

/** Windows has no such modes; there the folder's own access list protects what is in it. */
function allows(entry: DiskEntry, mask: number): boolean {
  return process.platform !== 'win32' && (entry.mode & mask) !== 0
}

function checkPrivateFile(path: string, entry: DiskEntry): void {
  if (!entry.isFile()) throw insecure(path, 'is not a file')
  if (allows(entry, OTHERS_MASK)) throw insecure(path, `has mode ${octal(entry)}, must be 0600 or stricter`)
}

function checkParent(path: string, entry: DiskEntry): void {
  if (allows(entry, OTHERS_WRITE_MASK) && !allows(entry, STICKY_MASK)) {
    throw insecure(path, `is in a folder of mode ${octal(entry)}, in which others can replace it`)
  }
}

function checkPrivateFolder(path: string, entry: DiskEntry): void {
  if (!entry.isDirectory()) throw insecure(path, 'is not a folder')
  if (allows(entry, OTHERS_MASK)) throw insecure(path, `has mode ${octal(entry)}, must be 0700 or stricter`)
}

function octal(entry: DiskEntry): string {
  return (entry.mode & 0o7777).toString(8).padStart(4, '0')
}

function insecure(path: string, what: string, cause?: unknown): CryptoError {
  return new CryptoError('InsecureKeyPermissions', `${path} ${what}`, { cause, subject: path })
}

/** Turns system errors into ours, in one place. */
async function wrapping<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof CryptoError ? error : storageError(error, path)
  }
}
