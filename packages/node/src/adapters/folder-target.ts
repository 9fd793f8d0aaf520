import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { mkdir, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isBitdustError, randomBytes, toHex } from '@bitdust/crypto'
import { MAX_PATH_DEPTH } from '@bitdust/identity'
import { NodeError } from '../errors.ts'
import { diskError, timeOf, writeRestoredFile } from './restored-file.ts'
import { type AllotName, allotNames, type NameRules, probeNameRules } from './target-names.ts'

/** One thing to restore, as `customer.get(...).walk()` yields it. */
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
  /** Most entries, see `threats.md` A15. @default 1_000_000 */
  readonly maxEntries?: number
  /** Which names the target cannot hold. @default found out by trying */
  readonly names?: NameRules
  readonly signal?: AbortSignal
  readonly onEntry?: (entry: RestoredEntry) => void
}

/** Something that the target could not hold under its own name, or not beside a twin of it. */
export interface RestoredAlias {
  /** Its path in the archive. */
  readonly path: string
  /** Last component of the path under which it was restored. */
  readonly alias: string
}

/** A file whose content could not be had. Everything else was restored. */
export interface RestoreFailure {
  readonly path: string
  readonly code: string
  readonly message: string
}

/** What was restored. */
export interface RestoreSummary {
  readonly files: number
  readonly folders: number
  readonly symlinks: number
  readonly bytes: number
  readonly aliases: readonly RestoredAlias[]
  readonly failed: readonly RestoreFailure[]
}

/** The content is gone or wrong; that of other files may be right all the same. */
const LOST_CODES = new Set([
  'NotEnoughFragments',
  'FragmentCorrupt',
  'FragmentStale',
  'FragmentMissing',
  'BlockAuthFailed',
  'ManifestInvalid',
])
/** The archive itself is not to be trusted: nothing of it is kept. */
const HOSTILE_CODES = new Set(['PathUnsafe', 'LimitExceeded'])
const MAX_ENTRIES = 1_000_000
/** Entries after which other work of the process gets its turn: small ones are written by synchronous calls. */
const ENTRIES_PER_TURN = 16
/** What an earlier restore, ended in the middle, may have left. The number is that of its process. */
const LEFT_BEHIND = /^\.bitdust-(\d+)-[0-9a-f]{8}-[0-9a-z]+\.tmp$/

/** A folder that is being filled. */
interface OpenFolder {
  readonly path: string
  readonly place: string
  readonly entry: RestoredEntry
  /** Made by this restore, so what is in it is ours. */
  readonly isNew: boolean
  readonly allot: AllotName
}

/**
 * Restores a tree to the disk, in the order of a walk: depth first, each folder before what is in it. Each file is written
 * beside its place and moved there when it is whole, so neither a failure nor an abort leaves a partial one, and what a
 * kill leaves is removed by the next restore to the same folder. Everything is put into folders that this call has made or
 * looked at, never through a symlink. A folder gets its mode and time when all that is in it is there.
 *
 * Names that the target cannot hold, or not apart, are given an alias: see `aliases` of the result. What in a folder has
 * content that cannot be had is left out: see `failed`.
 *
 * @throws {NodeError} `TargetExists`: something is there and `overwrite` is off. `PathUnsafe`, `LimitExceeded`: a path
 *   leaves the target, is too deep or out of order, or there are too many; then the target is removed again if it was new.
 *   `DiskFull` (retryable), `StorageCorrupt`: the disk takes no more. What `entries` throws passes through.
 */
export async function restoreTo(
  target: string,
  entries: AsyncIterable<RestoredEntry>,
  options: FolderTargetOptions = {},
): Promise<RestoreSummary> {
  const root = join(await realpath(await parentOf(target)), basename(target))
  const wasThere = statusOf(root) !== null
  try {
    return await restore(root, entries, options)
  } catch (error) {
    const isHostile = isBitdustError(error) && HOSTILE_CODES.has(error.code)
    if (isHostile && !wasThere) await rm(root, { recursive: true, force: true })
    throw error
  }
}

async function restore(
  root: string,
  entries: AsyncIterable<RestoredEntry>,
  options: FolderTargetOptions,
): Promise<RestoreSummary> {
  const { overwrite = false, maxEntries = MAX_ENTRIES, signal, onEntry } = options
  const prefix = `.bitdust-${process.pid}-${toHex(randomBytes(4))}`
  const summary = { files: 0, folders: 0, symlinks: 0, bytes: 0 }
  const aliases: RestoredAlias[] = []
  const failed: RestoreFailure[] = []
  const open: OpenFolder[] = []
  let rules = options.names
  let count = 0

  const temporaryIn = (folder: string) => join(folder, `${prefix}-${count.toString(36)}.tmp`)

  /** The folder which an entry is in, which is the one that is being filled; null for the target itself. */
  function folderOf({ path }: RestoredEntry, names: readonly string[]): OpenFolder | null {
    const parent = path.slice(0, Math.max(path.length - (names.at(-1) ?? '').length - 1, 0))
    while (open.length > 0 && (path === '' || open.at(-1)!.path !== parent)) close()
    const folder = open.at(-1) ?? null
    if (folder === null && path !== '') throw unsafe(root, path)
    return folder
  }

  function close(): void {
    const { place, entry } = open.pop()!
    onDisk(place, () => {
      chmodSync(place, entry.mode)
      utimesSync(place, timeOf(entry), timeOf(entry))
    })
  }

  /** Where an entry goes, under an alias if need be. */
  function placeOf({ path }: RestoredEntry, folder: OpenFolder, name: string): string {
    const alias = folder.allot(name)
    if (alias !== name) aliases.push({ path, alias })
    return join(folder.place, alias)
  }

  async function enter(entry: RestoredEntry, place: string): Promise<void> {
    const isNew = makeFolder(place, overwrite)
    const names: NameRules = rules ?? (await namesHeldBy(place, prefix))
    rules = names
    if (!isNew) removeLeftBehind(place)
    open.push({ path: entry.path, place, entry, isNew, allot: allotNames(names) })
    summary.folders++
  }

  async function place(entry: RestoredEntry): Promise<void> {
    const names = namesOf(root, entry.path)
    const folder = folderOf(entry, names)
    const path = folder === null ? root : placeOf(entry, folder, names.at(-1)!)
    if (entry.kind === 'folder') return enter(entry, path)
    if (folder === null) removeLeftBehind(dirname(root))
    if (folder?.isNew !== true) requireFree(path, overwrite)
    const temporary = temporaryIn(dirname(path))
    if (entry.kind === 'symlink') {
      await makeLink(entry, path, temporary)
      summary.symlinks++
    } else {
      await writeRestoredFile(entry, { path, temporary, ...(signal === undefined ? {} : { signal }) })
      summary.files++
      summary.bytes += entry.size
    }
  }

  for await (const entry of entries) {
    signal?.throwIfAborted()
    count += 1
    if (count > maxEntries)
      throw new NodeError('LimitExceeded', `more than ${maxEntries} entries`, { subject: entry.path })
    if (count % ENTRIES_PER_TURN === 0) await setImmediate()
    try {
      await place(entry)
    } catch (error) {
      const isOneOfMany = entry.path !== '' && entry.kind !== 'folder'
      if (!isOneOfMany || !isBitdustError(error) || !LOST_CODES.has(error.code)) throw error
      failed.push({ path: entry.path, code: error.code, message: error.message })
    }
    onEntry?.(entry)
  }
  while (open.length > 0) close()
  return { ...summary, aliases, failed }
}

async function parentOf(target: string): Promise<string> {
  const parent = dirname(target)
  await mkdir(parent, { recursive: true })
  return parent
}

async function namesHeldBy(folder: string, prefix: string): Promise<NameRules> {
  try {
    return await probeNameRules(folder, prefix)
  } catch (error) {
    throw diskError(folder, error)
  }
}

/** Manifests are checked before they get here; this is the last door, and it does not trust them. */
function namesOf(root: string, path: string): readonly string[] {
  if (path === '') return []
  const names = path.split('/')
  const isUnsafe = (name: string) => name === '' || name === '.' || name === '..' || name.includes('\0')
  if (names.length > MAX_PATH_DEPTH || names.some(isUnsafe)) throw unsafe(root, path)
  return names
}

function unsafe(root: string, path: string): NodeError {
  const problem = `${JSON.stringify(path)} is no path in the folder ${root}; nothing was written there`
  return new NodeError('PathUnsafe', problem, { subject: path })
}

/** @returns Whether it was not there before. */
function makeFolder(place: string, overwrite: boolean): boolean {
  const status = statusOf(place)
  if (status?.isDirectory() === true) return false
  if (status !== null) {
    if (!overwrite) throw exists(place)
    onDisk(place, () => rmSync(place))
  }
  // Writable for us until everything is in it; its own mode comes at the end.
  onDisk(place, () => mkdirSync(place, { mode: 0o700 }))
  return true
}

function requireFree(place: string, overwrite: boolean): void {
  const status = statusOf(place)
  if (status === null || (overwrite && !status.isDirectory())) return
  throw exists(place)
}

/** Partial files of a process that is no more. */
function removeLeftBehind(folder: string): void {
  for (const name of readdirSync(folder)) {
    const owner = LEFT_BEHIND.exec(name)?.[1]
    if (owner !== undefined && !isRunning(Number(owner))) rmSync(join(folder, name), { force: true })
  }
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0)
  } catch (error) {
    // There is one, of somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function makeLink(entry: RestoredEntry, place: string, temporary: string): Promise<void> {
  const parts: Uint8Array[] = []
  for await (const bytes of entry.content()) parts.push(bytes)
  try {
    symlinkSync(Buffer.concat(parts).toString('utf8'), temporary)
    lutimesSync(temporary, timeOf(entry), timeOf(entry))
    renameSync(temporary, place)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw diskError(place, error)
  }
}

function statusOf(place: string) {
  return lstatSync(place, { throwIfNoEntry: false }) ?? null
}

function onDisk(place: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    throw diskError(place, error)
  }
}

function exists(place: string): NodeError {
  return new NodeError('TargetExists', `${place} is already there; restore somewhere else or add --overwrite`, {
    subject: place,
  })
}
