import { MAX_COMPONENT_BYTES } from '@bitdust/identity'
import { compareUtf8 } from './compare.ts'
import { isRecordError, RecordError } from './errors.ts'
import {
  bytes,
  bytesUpTo,
  choice,
  type Field,
  integer,
  list,
  oneOf,
  refine,
  row,
  sortedList,
  text,
  uint,
} from './fields.ts'
import { blockId } from './id-fields.ts'
import type { BlockId } from './ids.ts'
import {
  MAX_BLOCK_BYTES,
  MAX_EXTENT_LIST_BYTES,
  MAX_INLINE_BYTES,
  MAX_INLINE_EXTENTS,
  MAX_NODE_BYTES,
  MAX_TARGET_BYTES,
} from './limits.ts'
import { defineMessage } from './message.ts'

/** A run of plaintext bytes inside a block. */
export interface Extent {
  readonly block: BlockId
  /** The block's content key, 32 bytes. Secret: manifests are always encrypted. */
  readonly key: Uint8Array
  /** Where the run begins in the block's plaintext, in bytes. */
  readonly offset: number
  /** Bytes of the run, at least 1. */
  readonly length: number
}

/** Bytes that are read without reading a list first. */
export type FlatContent = { readonly inline: Uint8Array } | { readonly extents: readonly Extent[] }

/**
 * Where the bytes of an entry are: inline up to 16 KiB, up to 512 extents, or a list of extents which is too long for
 * that and stands in blocks itself ({@link decodeExtents}).
 */
export type Content = FlatContent | { readonly list: FlatContent }

/**
 * One file, folder or symlink. The content of a folder is the canonical list of its entries ({@link decodeNode}); the
 * content of a symlink is its target, inline.
 */
export interface Entry {
  /** One component of a path, at most 255 bytes of UTF-8. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'symlink'
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number
  /** Milliseconds since the Unix epoch; negative before it. */
  readonly mtime: number
  /** Bytes of the file or target; of a folder, the sum of everything below. */
  readonly size: number
  /** Files and symlinks below; 1 for a file or symlink itself. */
  readonly files: number
  readonly content: Content
}

const extentField = refine(
  row<Extent>({
    block: blockId,
    key: bytes(32),
    offset: uint(MAX_BLOCK_BYTES),
    length: integer(1, MAX_BLOCK_BYTES),
  }),
  ({ offset, length }) => (offset + length <= MAX_BLOCK_BYTES ? null : 'ends behind the largest block'),
)

const flatForms = {
  inline: bytesUpTo(MAX_INLINE_BYTES),
  extents: list(extentField, MAX_INLINE_EXTENTS),
}

const contentField: Field<Content> = oneOf({ ...flatForms, list: oneOf(flatForms) })

/** Refuses what would leave the folder or name nothing. Names that a target disk cannot hold are for whoever restores. */
const nameField = refine(
  text(MAX_COMPONENT_BYTES),
  (name) => {
    if (name === '' || name === '.' || name === '..') return `the name ${JSON.stringify(name)} is no name`
    return /[/\0]/.test(name) ? 'the name holds a slash or NUL' : null
  },
  (path, problem) => {
    throw new RecordError('PathUnsafe', `${path}: ${problem}`, { subject: path })
  },
)

/** Codec of {@link Entry}. */
export const entryField: Field<Entry> = refine(
  row<Entry>({
    name: nameField,
    kind: choice('file', 'folder', 'symlink'),
    mode: uint(0o7777),
    mtime: integer(-8.64e15, 8.64e15),
    size: uint(),
    files: uint(),
    content: contentField,
  }),
  (entry) => {
    if (entry.kind === 'folder') return null
    if (entry.files !== 1) return `${entry.files} files in a ${entry.kind}`
    const length = lengthOf(entry.content)
    if (length !== null && length !== entry.size) return `content of ${length} bytes, size says ${entry.size}`
    return entry.kind === 'symlink' ? symlinkProblem(entry.content) : null
  },
)

const nodeMessage = defineMessage(
  sortedList(entryField, Number.MAX_SAFE_INTEGER, (a, b) => compareUtf8(a.name, b.name)),
  'node',
)
const extentsMessage = defineMessage(list(extentField, Number.MAX_SAFE_INTEGER), 'extents')

/**
 * The bytes of a folder: its entries, sorted by the bytes of their names.
 *
 * @throws {RecordError} `PathUnsafe` for a name that is not one component, `ManifestInvalid` for everything else:
 *   repeated names, numbers that contradict each other, more than 32 MiB.
 */
export function encodeNode(entries: readonly Entry[]): Uint8Array {
  return asManifest(() => requireSize(nodeMessage.encode(entries), MAX_NODE_BYTES))
}

/** Reads what {@link encodeNode} wrote. Throws the same. */
export function decodeNode(bytes: Uint8Array): readonly Entry[] {
  return asManifest(() => nodeMessage.decode(bytes, MAX_NODE_BYTES))
}

/** The bytes to which a `list` content refers. @throws {RecordError} `ManifestInvalid`, also above 32 MiB. */
export function encodeExtents(extents: readonly Extent[]): Uint8Array {
  return asManifest(() => requireSize(extentsMessage.encode(extents), MAX_EXTENT_LIST_BYTES))
}

/** Reads what {@link encodeExtents} wrote. Throws the same. */
export function decodeExtents(bytes: Uint8Array): readonly Extent[] {
  return asManifest(() => extentsMessage.decode(bytes, MAX_EXTENT_LIST_BYTES))
}

/** Bytes of a content, or null where only its list knows. */
function lengthOf(content: Content): number | null {
  if ('inline' in content) return content.inline.length
  return 'extents' in content ? content.extents.reduce((sum, { length }) => sum + length, 0) : null
}

function symlinkProblem(content: Content): string | null {
  if (!('inline' in content)) return 'the target of a symlink is not inline'
  const target = content.inline
  if (target.length === 0 || target.length > MAX_TARGET_BYTES) return `a target of ${target.length} bytes`
  return target.includes(0) ? 'the target holds NUL' : null
}

function requireSize(bytes: Uint8Array, limit: number): Uint8Array {
  if (bytes.length <= limit) return bytes
  throw new RecordError('LimitExceeded', `${bytes.length} bytes, limit is ${limit}`)
}

/** Nodes come out of blocks, where the reader needs one code for "this tree is broken". */
function asManifest<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!isRecordError(cause) || cause.code === 'PathUnsafe') throw cause
    throw new RecordError('ManifestInvalid', cause.message, {
      cause,
      ...(cause.subject === undefined ? {} : { subject: cause.subject }),
    })
  }
}
