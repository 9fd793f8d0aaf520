import { utf8Encode } from '@bitdust/crypto'
import { checkPath } from '@bitdust/identity'
import { type Content, type Entry, type Extent, encodeNode, MAX_INLINE_BYTES, MAX_TARGET_BYTES } from '@bitdust/records'
import { joinPath, namesOf } from '../catalog/path-tree.ts'
import { MAX_TREE_ENTRIES } from '../download/walk.ts'
import { CustomerError } from '../errors.ts'
import { handledLater } from '../handled-later.ts'
import type { Piece } from './cut-pieces.ts'
import type { Packers } from './packers.ts'
import type { PreparedSource } from './source.ts'
import type { SourceEntry } from './types.ts'

/** In folders only very small files stand inline: nodes would grow, and every look into a folder would read them all. */
const MAX_INLINE_IN_FOLDER_BYTES = 512
const PERMISSION_BITS = 0o7777
/** Mode of folders that the source left out. */
const IMPLICIT_MODE = 0o755

export interface BuildTreeOptions {
  /** Where the tree will be; its last component names the root. */
  readonly path: string
  readonly packers: Packers
  /** Cuts the bytes of a file into pieces. */
  cut(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Piece>
  /** Only a piece that is all of its file is shorter. */
  readonly minPieceBytes: number
  /** Time of folders that the source left out, in ms since the Unix epoch. */
  readonly now: number
  readonly signal: AbortSignal
  /** Told how many bytes of files were read so far. */
  readonly onRead: (bytes: number) => void
}

/** What was read. The tree itself is known when its blocks are sealed. */
export interface BuiltTree {
  readonly root: Promise<Entry>
  readonly files: number
  readonly folders: number
  /** Bytes of files. */
  readonly bytes: number
}

/** A folder whose content is still coming. */
interface OpenFolder {
  readonly entry: SourceEntry
  readonly children: Promise<Entry>[]
  /** 1 more than the highest folder inside. */
  height: number
}

/** Reads a source to its end, packs the bytes and describes the tree, folder by folder as they end. */
export async function buildTree(source: PreparedSource, options: BuildTreeOptions): Promise<BuiltTree> {
  const { path, packers, cut, minPieceBytes, now, signal, onRead } = options
  const open: OpenFolder[] = []
  const count = { files: 0, folders: 0, bytes: 0 }
  let root: Promise<Entry> | undefined

  /** The last one in `open` is the folder in which the next entry stands. */
  function enter(entry: SourceEntry): void {
    count.folders += 1
    open.push({ entry, children: [], height: 0 })
  }

  function leave(): void {
    const folder = open.pop()
    if (folder === undefined) return
    const around = open.at(-1)
    if (around !== undefined) around.height = Math.max(around.height, folder.height + 1)
    add(folderEntry(folder))
  }

  function add(entry: Promise<Entry>): void {
    const folder = open.at(-1)
    if (folder === undefined) root = handledLater(entry)
    else folder.children.push(handledLater(entry))
  }

  function goTo(entry: SourceEntry): void {
    const folder = entry.path.slice(0, Math.max(entry.path.lastIndexOf('/'), 0))
    while (open.length > 0 && !isInside(folder, open.at(-1)!.entry.path)) leave()
    if (root !== undefined) throw outOfOrder(entry)
    if (open.length === 0) enter(implicitFolder(''))
    const from = namesOf(open.at(-1)!.entry.path).length
    for (const name of namesOf(folder).slice(from)) enter(implicitFolder(joinPath(open.at(-1)!.entry.path, name)))
  }

  function implicitFolder(folder: string): SourceEntry {
    return { path: folder, kind: 'folder', mode: IMPLICIT_MODE, mtime: now }
  }

  async function folderEntry({ entry, children, height }: OpenFolder): Promise<Entry> {
    const known = Promise.all(children)
    const maxInlineBytes = entry.path === '' ? MAX_INLINE_BYTES : MAX_INLINE_IN_FOLDER_BYTES
    const content = handledLater(packers.folderContent(known.then(encodeNode), height, maxInlineBytes))
    const inside = await known
    return {
      ...attributesOf(entry),
      size: inside.reduce((sum, { size }) => sum + size, 0),
      files: inside.reduce((sum, { files }) => sum + files, 0),
      content: await content,
    }
  }

  /** What `stat` gives holds type bits and parts of milliseconds, too. */
  function attributesOf({ path: own, kind, mode, mtime }: SourceEntry) {
    const name = namesOf(own === '' ? path : own).at(-1) ?? ''
    return { name, kind, mode: mode & PERMISSION_BITS, mtime: Math.trunc(mtime) }
  }

  async function* counted(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      signal.throwIfAborted()
      count.bytes += chunk.length
      yield chunk
      onRead(count.bytes)
    }
  }

  /** The promise is wrapped: awaiting that the file is read must not await that its blocks are sealed. */
  async function readFile(entry: SourceEntry): Promise<{ readonly described: Promise<Entry> }> {
    const maxInlineBytes = entry.path === '' ? MAX_INLINE_BYTES : MAX_INLINE_IN_FOLDER_BYTES
    const extents: Promise<Extent>[] = []
    let inline = new Uint8Array(0)
    let size = 0
    for await (const piece of cut(counted(entry.open?.() ?? []))) {
      size += piece.length
      if (piece.length <= maxInlineBytes && piece.length < minPieceBytes) {
        inline = piece.buffer.bytes.slice(0, piece.length)
        piece.buffer.release()
      } else extents.push((await packers.addPiece(piece)).extent)
    }
    const content: Promise<Content> =
      extents.length > 0 ? packers.fileContent(handledLater(Promise.all(extents))) : Promise.resolve({ inline })
    return { described: content.then((known) => ({ ...attributesOf(entry), size, files: 1, content: known })) }
  }

  function symlinkEntry(entry: SourceEntry): Entry {
    const target = utf8Encode(entry.target ?? '')
    if (target.length === 0 || target.length > MAX_TARGET_BYTES)
      throw new CustomerError('PathUnsafe', `${entry.path}: a target of ${target.length} bytes`, {
        subject: entry.path,
      })
    return { ...attributesOf(entry), size: target.length, files: 1, content: { inline: target } }
  }

  for await (const entry of source.entries) {
    signal.throwIfAborted()
    if (count.files + count.folders >= MAX_TREE_ENTRIES)
      throw new CustomerError('LimitExceeded', `more than ${MAX_TREE_ENTRIES} entries in one put`, { subject: path })
    if (entry.path !== '') {
      checkPath(joinPath(path, entry.path))
      goTo(entry)
    } else if (root !== undefined || open.length > 0) throw outOfOrder(entry)
    if (entry.kind === 'folder') {
      enter(entry)
      continue
    }
    count.files += 1
    if (entry.kind === 'file') add((await readFile(entry)).described)
    else add(Promise.resolve(symlinkEntry(entry)))
  }
  while (open.length > 0) leave()
  if (root === undefined) throw new CustomerError('NotFound', 'the source is empty', { subject: path })
  return { root, ...count }
}

/** Whether `folder` is `above`, or somewhere in it. */
function isInside(folder: string, above: string): boolean {
  return above === '' || folder === above || folder.startsWith(`${above}/`)
}

function outOfOrder({ path }: SourceEntry): CustomerError {
  return new CustomerError('PathUnsafe', `${path}: entries do not come depth first`, { subject: path })
}
