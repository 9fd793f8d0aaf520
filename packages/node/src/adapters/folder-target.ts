import { constants } from 'node:fs'
import { chmod, lstat, lutimes, mkdir, open, realpath, rename, rm, symlink, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { randomBytes, toHex } from '@bitdust/crypto'
import { NodeError } from '../errors.ts'

/** One thing to restore, as `customer.get(...).walk()` yields it: folders before what is in them. */
export interface RestoredEntry {
  /** Relative to the target, `/` separated; `''` is the target itself. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'symlink'
  readonly mode: number
  /** Ms since the epoch. */
  readonly mtime: number
  /** Plaintext bytes of a file. */
  readonly size: number
  /** The bytes of a file, or of a symlink's target text. */
  content(): AsyncIterable<Uint8Array>
}

export interface FolderTargetOptions {
  /** Replace files and symlinks that are already there. Folders are merged either way. @default false */
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
  readonly onEntry?: (entry: RestoredEntry) => void
}

/** What was restored. */
export interface RestoreSummary {
  readonly files: number
  readonly folders: number
  readonly symlinks: number
  readonly bytes: number
}

/**
 * Restores a tree to the disk. Each file is written beside its place and renamed when it is whole, so a failure leaves
 * no partial file. Symlinks and the modes and times of folders come last: nothing can be written through a link, and a
 * read-only folder does not stop its own contents.
 *
 * @throws {NodeError} `TargetExists`: something is there and `overwrite` is off. `PathUnsafe`: a path leaves the target.
 */
export async function restoreTo(
  target: string,
  entries: AsyncIterable<RestoredEntry>,
  options: FolderTargetOptions = {},
): Promise<RestoreSummary> {
  const folders: RestoredEntry[] = []
  const links: RestoredEntry[] = []
  const checked = new Set<string>()
  const summary = { files: 0, folders: 0, symlinks: 0, bytes: 0 }
  const root = join(await realpath(await parentOf(target)), basename(target))

  for await (const entry of entries) {
    options.signal?.throwIfAborted()
    const place = placeOf(root, entry.path)
    if (entry.kind === 'folder') {
      await makeFolder(place, options)
      checked.add(place)
      folders.push(entry)
      summary.folders++
    } else {
      await requireRealFolder(root, dirname(place), checked)
      await requireFree(place, options)
      if (entry.kind === 'symlink') links.push(entry)
      else {
        await writeFile(place, entry, options)
        summary.files++
        summary.bytes += entry.size
      }
    }
    options.onEntry?.(entry)
  }
  for (const link of links) {
    await makeLink(placeOf(root, link.path), link, options)
    summary.symlinks++
  }
  for (const folder of folders.reverse()) {
    const place = placeOf(root, folder.path)
    await chmod(place, folder.mode)
    await utimes(place, folder.mtime / 1000, folder.mtime / 1000)
  }
  return summary
}

async function parentOf(target: string): Promise<string> {
  const parent = dirname(target)
  await mkdir(parent, { recursive: true })
  return parent
}

/** Manifests are checked before they get here; this is the last door, and it does not trust them. */
function placeOf(root: string, path: string): string {
  if (path === '') return root
  const parts = path.split('/')
  const unsafe = parts.find((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))
  if (unsafe === undefined) return join(root, ...parts)
  throw new NodeError(
    'PathUnsafe',
    `${JSON.stringify(path)} would leave the folder ${root}; nothing was written there`,
    { subject: path },
  )
}

async function makeFolder(place: string, { overwrite = false }: FolderTargetOptions): Promise<void> {
  const status = await statusOf(place)
  if (status?.isDirectory()) return
  if (status !== null) {
    if (!overwrite) throw exists(place)
    await rm(place)
  }
  // Writable for us until everything is in it; its own mode comes at the end.
  await mkdir(place, { recursive: true, mode: 0o700 })
}

/** Every folder on the way must be a real one: a symlink that was there before would lead outside. */
async function requireRealFolder(root: string, folder: string, checked: Set<string>): Promise<void> {
  if (checked.has(folder) || folder.length < root.length) return
  await requireRealFolder(root, dirname(folder), checked)
  const status = await statusOf(folder)
  if (status === null) await mkdir(folder, { mode: 0o700 })
  else if (!status.isDirectory())
    throw new NodeError('PathUnsafe', `${folder} is not a folder; remove it or restore somewhere else`, {
      subject: folder,
    })
  checked.add(folder)
}

async function requireFree(place: string, { overwrite = false }: FolderTargetOptions): Promise<void> {
  const status = await statusOf(place)
  if (status === null || (overwrite && !status.isDirectory())) return
  throw exists(place)
}

async function writeFile(place: string, entry: RestoredEntry, { signal }: FolderTargetOptions): Promise<void> {
  const temporary = join(dirname(place), `.${toHex(randomBytes(8))}.bitdust-tmp`)
  const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    let written = 0
    for await (const bytes of entry.content()) {
      signal?.throwIfAborted()
      await file.writev([bytes])
      written += bytes.length
    }
    if (written !== entry.size)
      throw new NodeError('StorageCorrupt', `${entry.path} has ${written} bytes, its manifest says ${entry.size}`, {
        subject: entry.path,
      })
    await file.chmod(entry.mode)
    await file.utimes(entry.mtime / 1000, entry.mtime / 1000)
    await file.close()
    await rename(temporary, place)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(temporary, { force: true })
    throw diskError(place, error)
  }
}

async function makeLink(
  place: string,
  entry: RestoredEntry,
  { overwrite = false }: FolderTargetOptions,
): Promise<void> {
  const parts: Uint8Array[] = []
  for await (const bytes of entry.content()) parts.push(bytes)
  if (overwrite) await rm(place, { force: true })
  await symlink(Buffer.concat(parts).toString('utf8'), place)
  await lutimes(place, entry.mtime / 1000, entry.mtime / 1000)
}

async function statusOf(place: string) {
  return lstat(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

function exists(place: string): NodeError {
  return new NodeError('TargetExists', `${place} is already there; restore somewhere else or add --overwrite`, {
    subject: place,
  })
}

function diskError(place: string, error: unknown): unknown {
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC'
  return full
    ? new NodeError('DiskFull', `no room left to write ${place}; free some space and try again`, {
        cause: error,
        retryable: true,
        subject: place,
      })
    : error
}
