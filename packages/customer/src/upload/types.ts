import type { CallOptions } from '../ports.ts'

/** One thing of a tree that is stored. */
export interface SourceEntry {
  /** Relative to the path of the put, components separated by `/`; `''` is the root of the tree. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'symlink'
  /** Permission bits; others are cut off. */
  readonly mode: number
  /** Milliseconds since the Unix epoch; parts of them are cut off. */
  readonly mtime: number
  /** Bytes of a file, when known. Only for progress: what `open` gives is stored. */
  readonly size?: number
  /** The bytes of a file; called once, when its turn has come. Pieces are copied before the next one is asked for. */
  open?(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** Where a symlink points to, 1 to 4096 bytes of UTF-8. Kept as it is, never followed. */
  readonly target?: string
}

/** Bytes of one file. A `Uint8Array` must not change until it was read. */
export type FileSource =
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>

/**
 * A tree, depth first: a folder before what is in it, all of that before anything else. With siblings in the order of the
 * bytes of their names, blocks are read one after another when the tree is restored. Folders that are left out are made.
 */
export interface TreeSource {
  readonly entries: AsyncIterable<SourceEntry> | Iterable<SourceEntry>
}

/** What can be stored. */
export type PutSource = FileSource | TreeSource

/** How far a put has come. */
export interface PutProgress {
  /**
   * `reading`: bytes read of the source. `placing`: bytes that H suppliers have, of those read. `recording`: the entry
   * goes to the journal. `completing`: the remaining suppliers get their fragments.
   */
  readonly step: 'reading' | 'placing' | 'recording' | 'completing'
  /** Bytes of files and folders. */
  readonly done: number
  /** Bytes in all, where they are known. */
  readonly total?: number
}

export interface PutOptions extends CallOptions {
  /** Permission bits of a single file. @default 0o644 */
  readonly mode?: number
  /** Its time, in ms since the Unix epoch. @default now */
  readonly mtime?: number
  readonly onProgress?: (progress: PutProgress) => void
}

/** A put that is acknowledged. */
export interface PutResult {
  readonly path: string
  /** Name of the version that it made. */
  readonly version: string
  /** Files and symlinks. */
  readonly files: number
  readonly folders: number
  /** Bytes of the files. */
  readonly bytes: number
  /** Blocks that were sent for it: what the suppliers had already is not sent again. */
  readonly blocks: number
  /** Blocks that the suppliers had before and to which it refers. */
  readonly reused: number
  /** Bytes of fragments of the blocks that were sent, at all suppliers together that hold them now. */
  readonly storedBytes: number
  /**
   * `stored`: H suppliers hold everything, floor(n/4) of them may be lost. `complete`: all n do, floor(n/2) may be lost.
   * Repair makes the one into the other as suppliers come back.
   */
  readonly state: 'stored' | 'complete'
}
