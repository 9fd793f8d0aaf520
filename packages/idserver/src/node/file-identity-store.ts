import { constants } from 'node:fs'
import { join } from 'node:path'
import { createDurableFiles, type Disk, type DiskFile } from '@bitdust/crypto/files'
import { MAX_IDENTITY_BYTES } from '@bitdust/identity'
import { IdServerError } from '../errors.ts'
import type { IdentityFileStore, StoreUsage } from '../store/identity-file-store.ts'
import { createSortedNames, type SortedNames } from '../store/sorted-names.ts'
import { directDisk } from './direct-disk.ts'
import { createDocumentCache } from './document-cache.ts'
import { sharedFolderSync } from './shared-folder-sync.ts'

export interface FileIdentityStoreOptions {
  /** Most bytes that all documents together may have. @default 1 GiB */
  readonly maxBytes?: number
  /** Most documents; each takes a file, and file systems have only so many. @default 500_000 */
  readonly maxIdentities?: number
  /** Where the folder is. @default the disk of this machine */
  readonly disk?: Disk
}

/** A store that knows its limits. */
export interface FileIdentityStore extends IdentityFileStore {
  /** Also opens the folder, so a program can ask at its start whether it is usable. */
  usage(): Promise<StoreUsage>
}

const GIB = 1024 ** 3

/** As many documents of usual size as fill {@link GIB}. */
const DEFAULT_MAX_IDENTITIES = 500_000

/** Documents kept in memory, in bytes: some thousands of usual size. */
const CACHE_BYTES = 8 * 1024 ** 2

/** File names that are documents; everything else in the folder is left alone. */
const DOCUMENT_FILE = /^([a-z0-9_-]{2,20})\.xml$/

/** How many files are asked for their size at a time when the folder is opened. */
const STATS_AT_ONCE = 32

/** What is known of a folder that was opened. */
interface Contents {
  readonly names: SortedNames
  usedBytes: number
  /** New names that are being written. */
  arriving: number
}

/**
 * Keeps each document as the file `<name>.xml`, byte for byte, in one folder, so that any tool can read and copy it. The
 * folder is made, or looked through, at the first use; what a crash left half-written is removed then. Files that are
 * added, changed or removed by hand are noticed at the next start, since the last ones asked for are kept in memory.
 *
 * Only one store may write to a folder at a time. Failures of the disk are `StorageCorrupt` or `DiskFull`.
 */
export function fileIdentityStore(folder: string, options: FileIdentityStoreOptions = {}): FileIdentityStore {
  const { maxBytes = GIB, maxIdentities = DEFAULT_MAX_IDENTITIES, disk = directDisk } = options
  const files = createDurableFiles(sharedFolderSync(disk))
  const pathOf = (name: string) => join(folder, `${name}.xml`)
  const cache = createDocumentCache(CACHE_BYTES)
  let opening: Promise<Contents> | undefined
  /** Counts starts and ends of writes. */
  let writes = 0

  function open(): Promise<Contents> {
    opening ??= openFolder().catch((error) => {
      opening = undefined // The next use may find the disk back.
      throw error
    })
    return opening
  }

  async function openFolder(): Promise<Contents> {
    await files.makePrivateFolder(folder)
    await files.sweepTemporaryFiles(folder)
    const found = (await disk.readdir(folder)).filter((file) => DOCUMENT_FILE.test(file))
    let usedBytes = 0
    for (let start = 0; start < found.length; start += STATS_AT_ONCE) {
      const some = found.slice(start, start + STATS_AT_ONCE)
      const sizes = await Promise.all(some.map((file) => sizeOf(disk, join(folder, file))))
      usedBytes = sizes.reduce((sum, size) => sum + size, usedBytes)
    }
    return { names: createSortedNames(found.map((file) => file.slice(0, -'.xml'.length))), usedBytes, arriving: 0 }
  }

  return {
    async get(name) {
      const cached = cache.get(name)
      if (cached !== undefined) return { bytes: cached }
      const { names } = await open()
      if (!names.has(name)) return null
      const writesBefore = writes
      const bytes = await readDocument(disk, pathOf(name))
      // What was read while something was written may be older than what stands there now.
      if (bytes !== null && writes === writesBefore) cache.set(name, bytes)
      return bytes === null ? null : { bytes }
    },

    async put(name, bytes) {
      const contents = await open()
      const path = pathOf(name)
      const isNew = !contents.names.has(name)
      const before = isNew ? 0 : await sizeOf(disk, path)
      const more = bytes.length - before
      if (more > 0 && contents.usedBytes + more > maxBytes)
        throw full(`${contents.usedBytes} of ${maxBytes} bytes are used, ${more} more are needed`)
      if (isNew && contents.names.size + contents.arriving >= maxIdentities)
        throw full(`${contents.names.size} of ${maxIdentities} identities are stored`)
      // Counted before it is written, so that writes which run side by side see each other.
      contents.usedBytes += more
      if (isNew) contents.arriving += 1
      writes += 1
      cache.delete(name)
      try {
        await files.writeFileDurable(path, bytes)
      } catch (error) {
        // A write may fail after the new file took its place, when that could not be made durable.
        const after = await sizeOf(disk, path).catch(() => before)
        contents.usedBytes += after - bytes.length
        if (after > 0) contents.names.add(name)
        throw error
      } finally {
        writes += 1
        if (isNew) contents.arriving -= 1
      }
      contents.names.add(name)
    },

    async *list({ after, limit }) {
      const { names } = await open()
      yield* names.page(after, limit)
    },

    async usage() {
      const { names, usedBytes } = await open()
      return { identities: names.size, bytes: usedBytes, maxIdentities, maxBytes }
    },
  }
}

function full(message: string): IdServerError {
  return new IdServerError('DiskFull', message, { retryable: true })
}

async function readDocument(disk: Disk, path: string): Promise<Uint8Array | null> {
  try {
    const file = await disk.open(path, constants.O_RDONLY)
    try {
      return await readWhole(file, path)
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof IdServerError) throw cause
    if (isMissing(cause)) return null
    throw new IdServerError('StorageCorrupt', `cannot read ${path}`, { cause, subject: path })
  }
}

async function readWhole(file: DiskFile, path: string): Promise<Uint8Array> {
  const { size } = await file.stat()
  if (size > MAX_IDENTITY_BYTES)
    throw new IdServerError('StorageCorrupt', `${path} has ${size} bytes, limit is ${MAX_IDENTITY_BYTES}`)
  const bytes = new Uint8Array(size)
  for (let offset = 0; offset < size; ) {
    const { bytesRead } = await file.read(bytes, offset, size - offset, offset)
    if (bytesRead === 0) throw new IdServerError('StorageCorrupt', `${path} ends after ${offset} of ${size} bytes`)
    offset += bytesRead
  }
  return bytes
}

/** In bytes; 0 for a file that is not there. */
async function sizeOf(disk: Disk, path: string): Promise<number> {
  try {
    return (await disk.stat(path)).size
  } catch (cause) {
    if (isMissing(cause)) return 0
    throw new IdServerError('StorageCorrupt', `cannot read ${path}`, { cause, subject: path })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
