import { constants } from 'node:fs'
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { randomBytes, toHex } from '@bitdust/crypto'
import { NodeError } from '../errors.ts'

export interface WriteNewFileOptions {
  /** Replace a file that is there; a symbolic link is replaced, not followed. @default false */
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
}

/**
 * Writes a file that only its owner can read (0600 from the first system call), all or nothing: beside its place, synced,
 * and moved there when it is whole. What is already there, even a dangling link, stays unless `overwrite` says otherwise.
 *
 * @param path - Absolute.
 * @returns Bytes written.
 * @throws {NodeError} `TargetExists`, as early as it is known; `NotFound` when there is no such folder; `DiskFull` (retryable);
 *   `StorageCorrupt` for what else the disk refuses. What `content` throws passes through. Nothing is left behind then.
 */
export async function writeNewFile(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { overwrite = false, signal }: WriteNewFileOptions = {},
): Promise<number> {
  if (!overwrite && (await isThere(path))) throw exists(path)
  const temporary = join(dirname(path), `.bitdust-${toHex(randomBytes(16))}.tmp`)
  const file = await onDisk(path, () =>
    open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600),
  )
  try {
    let written = 0
    try {
      for await (const bytes of content) {
        signal?.throwIfAborted()
        await onDisk(path, () => file.appendFile(bytes))
        written += bytes.length
      }
      await onDisk(path, () => file.sync())
    } finally {
      await file.close()
    }
    await onDisk(path, () => (overwrite ? rename(temporary, path) : moveToFree(temporary, path)))
    await onDisk(path, () => syncFolder(dirname(path)))
    return written
  } finally {
    await rm(temporary, { force: true })
  }
}

/** A hard link fails where something is, in one step; some file systems, such as those of memory sticks, have none. */
async function moveToFree(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    await (await open(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)).close()
    await rename(from, to).catch(async (failed: unknown) => {
      await rm(to)
      throw failed
    })
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'])

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and needs no sync of them.
  const handle: FileHandle | null = await open(folder, constants.O_RDONLY).catch(() => null)
  await handle?.sync().finally(() => handle.close())
}

async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw diskError(path, cause)
  }
}

function diskError(path: string, cause: unknown): NodeError {
  const options = { cause, subject: path }
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'EEXIST':
      return exists(path, cause)
    case 'ENOENT':
    case 'ENOTDIR':
      return new NodeError('NotFound', `there is no folder ${dirname(path)}`, options)
    case 'ENOSPC':
    case 'EDQUOT':
      return new NodeError('DiskFull', `no room left to write ${path}; free some space and try again`, {
        ...options,
        retryable: true,
      })
    default: {
      const reason = cause instanceof Error ? cause.message : String(cause)
      return new NodeError('StorageCorrupt', `${path} cannot be written: ${reason}`, options)
    }
  }
}

function exists(path: string, cause?: unknown): NodeError {
  return new NodeError('TargetExists', `${path} is already there; name another file`, {
    subject: path,
    ...(cause === undefined ? {} : { cause }),
  })
}
