import { closeSync, constants, fchmodSync, futimesSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { NodeError } from '../errors.ts'
import type { RestoredEntry } from './folder-target.ts'

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
/** Files up to this size are written by synchronous calls, which take a third of the time of asynchronous ones; in bytes. */
const SMALL_BYTES = 64 * 1024
/** Zeros are left out of a file in runs of this many bytes. */
const HOLE_BYTES = 64 * 1024
const ZEROS = Buffer.alloc(HOLE_BYTES)

/** Where a file is restored. */
export interface FilePlace {
  /** Where it comes to be, all at once. */
  readonly path: string
  /** A name in the same folder that nothing has. */
  readonly temporary: string
  readonly signal?: AbortSignal
}

/**
 * Writes one file beside its place and moves it there when it is whole; a file that is there is replaced. Whatever fails,
 * nothing is left. Long runs of zeros become holes. Not synced: a restore that is cut short is done again.
 *
 * @throws {NodeError} `StorageCorrupt` when the content has another size than the entry says, or for what the disk refuses;
 *   `DiskFull` (retryable). What the content throws passes through.
 */
export async function writeRestoredFile(entry: RestoredEntry, place: FilePlace): Promise<void> {
  if (entry.size <= SMALL_BYTES) await writeSmall(entry, place)
  else await writeLarge(entry, place)
}

/** The bytes are there before the first system call, so nothing waits between them. */
async function writeSmall(entry: RestoredEntry, { path, temporary, signal }: FilePlace): Promise<void> {
  const parts: Uint8Array[] = []
  let total = 0
  for await (const bytes of entry.content()) {
    parts.push(bytes)
    total += bytes.length
    if (total > entry.size) break
  }
  requireSize(entry, total)
  signal?.throwIfAborted()
  onDisk(path, () => {
    const file = openSync(temporary, NEW_FILE, 0o600)
    try {
      try {
        for (const bytes of parts) writeAllSync(file, bytes)
        fchmodSync(file, entry.mode)
        futimesSync(file, timeOf(entry), timeOf(entry))
      } finally {
        closeSync(file)
      }
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  })
}

function writeAllSync(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
}

async function writeLarge(entry: RestoredEntry, { path, temporary, signal }: FilePlace): Promise<void> {
  const file = await open(temporary, NEW_FILE, 0o600).catch((error: unknown) => Promise.reject(diskError(path, error)))
  try {
    try {
      let total = 0
      for await (const bytes of entry.content()) {
        signal?.throwIfAborted()
        if (total + bytes.length > entry.size) requireSize(entry, total + bytes.length)
        await writeWithHoles(file, path, bytes, total)
        total += bytes.length
      }
      requireSize(entry, total)
      // The end may be a hole.
      await file.truncate(total)
      await file.utimes(timeOf(entry), timeOf(entry))
      await file.chmod(entry.mode)
    } finally {
      await file.close()
    }
    signal?.throwIfAborted()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw diskError(path, error)
  }
}

/** Writes what is not zero; `position` is where the bytes begin in the file. */
async function writeWithHoles(file: FileHandle, path: string, bytes: Uint8Array, position: number): Promise<void> {
  let from = 0
  for (let at = 0; at < bytes.length; at += HOLE_BYTES) {
    const end = Math.min(at + HOLE_BYTES, bytes.length)
    if (!isZero(bytes.subarray(at, end))) continue
    await writeAll(file, path, bytes.subarray(from, at), position + from)
    from = end
  }
  await writeAll(file, path, bytes.subarray(from), position + from)
}

function isZero(bytes: Uint8Array): boolean {
  return ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0
}

/** A write may take less than it was given, when the disk gets full for one. */
async function writeAll(file: FileHandle, path: string, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    if (bytesWritten === 0) throw new NodeError('StorageCorrupt', `${path}: the disk takes no more bytes`)
    written += bytesWritten
  }
}

/** As a `Date`: for negative numbers, which are before 1970, Node takes the time of the moment. */
export function timeOf({ mtime }: Pick<RestoredEntry, 'mtime'>): Date {
  return new Date(mtime)
}

function requireSize({ path, size }: RestoredEntry, total: number): void {
  if (total === size) return
  const more = total > size ? ' or more' : ''
  throw new NodeError('ManifestInvalid', `${path} has ${total} bytes${more}, its manifest says ${size}`, {
    subject: path,
  })
}

function onDisk(path: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    throw diskError(path, error)
  }
}

/** What the disk refuses, in our words; anything else stays as it is. */
export function diskError(path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new NodeError('DiskFull', `no room left to write ${path}; free some space and try again`, {
      cause: error,
      retryable: true,
      subject: path,
    })
  return new NodeError('StorageCorrupt', `${path} cannot be written: ${code}`, { cause: error, subject: path })
}
