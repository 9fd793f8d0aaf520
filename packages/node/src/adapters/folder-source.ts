import { constants, type Stats } from 'node:fs'
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { SourceEntry } from '@bitdust/customer'
import { NodeError } from '../errors.ts'

/** Bytes read from a file at a time. */
const READ_BYTES = 1024 * 1024

export interface FolderSourceOptions {
  /** Told of what is left out: sockets, devices, pipes, names that are not text, and what is removed meanwhile. */
  readonly onSkipped?: (path: string, reason: string) => void
}

/**
 * Walks a file, symlink or folder depth first, in the order of the names, as entries for `customer.put`.
 * Symlinks are kept as they are, never followed. Paths are relative to `root`, with `/`; the root itself is `''`.
 *
 * @throws {NodeError} `NotFound`: no such path. `SourceChanged`: a file became shorter or longer while it was read.
 */
export async function* folderSource(root: string, options: FolderSourceOptions = {}): AsyncGenerator<SourceEntry> {
  const status = await lstat(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new NodeError('NotFound', `${root} does not exist`, { cause: error, subject: root })
    throw error
  })
  yield* walk(root, '', status, options)
}

async function* walk(
  path: string,
  relative: string,
  status: Stats,
  options: FolderSourceOptions,
): AsyncGenerator<SourceEntry> {
  // Rounded, as times of files pass through floating point: a restored tree has the times that it was stored with.
  const common = { path: relative, mode: status.mode & 0o7777, mtime: Math.round(status.mtimeMs) }
  if (status.isFile()) yield { ...common, kind: 'file', size: status.size, open: () => readFile(path, status.size) }
  else if (status.isSymbolicLink()) {
    const target = textOf(await readlink(path, { encoding: 'buffer' }))
    if (target === null) options.onSkipped?.(path, 'the target of the symlink is not UTF-8')
    else yield { ...common, kind: 'symlink', target }
  } else if (status.isDirectory()) {
    yield { ...common, kind: 'folder' }
    for (const name of await namesIn(path, options)) {
      const child = join(path, name)
      const childStatus = await lstat(child).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw error
      })
      if (childStatus === null) options.onSkipped?.(child, 'it was removed meanwhile')
      else yield* walk(child, relative === '' ? name : `${relative}/${name}`, childStatus, options)
    }
  } else options.onSkipped?.(path, 'neither a file, a folder nor a symlink')
}

/** The names in a folder, sorted by their UTF-8 bytes as manifests want them. */
async function namesIn(path: string, options: FolderSourceOptions): Promise<string[]> {
  const raw = await readdir(path, { encoding: 'buffer' })
  const names: string[] = []
  for (const bytes of raw.sort(Buffer.compare)) {
    const name = textOf(bytes)
    if (name !== null) names.push(name)
    else options.onSkipped?.(join(path, bytes.toString('utf8')), 'the name is not UTF-8')
  }
  return names
}

/** Null when the bytes are not the UTF-8 of any text. */
function textOf(bytes: Buffer): string | null {
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : null
}

/** The bytes of a file, which must be as many as the walk saw. */
async function* readFile(path: string, size: number): AsyncGenerator<Uint8Array> {
  // What was a file during the walk may have been replaced since: by a symlink, which is not followed, or by a pipe, on
  // which opening and reading would wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (!(await file.stat()).isFile()) throw changed(path, size, 'something else')
    let total = 0
    for (;;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, Math.max(size - total, 1)))
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) break
      total += bytesRead
      if (total > size) throw changed(path, size, 'longer')
      yield new Uint8Array(buffer.buffer, buffer.byteOffset, bytesRead)
    }
    if (total < size) throw changed(path, size, 'shorter')
  } finally {
    await file.close()
  }
}

function changed(path: string, size: number, how: string): NodeError {
  return new NodeError(
    'SourceChanged',
    `${path} became ${how} while it was read, it had ${size} bytes; store it again when nobody writes to it`,
    {
      subject: path,
      retryable: true,
    },
  )
}
