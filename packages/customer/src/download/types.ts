import type { CatalogItem } from '../catalog/types.ts'

/** How much of a file is read into memory at once. */
export interface BytesOptions {
  /** Larger files are refused with `LimitExceeded`, before anything is read. @default 64 MiB */
  readonly maxBytes?: number
}

/** A file or symlink whose bytes can be read. Each piece was verified before it is given out; none is to be changed. */
export interface Readable extends AsyncIterable<Uint8Array> {
  /** The whole of it. @throws {CustomerError} `LimitExceeded` and what reading throws. */
  bytes(options?: BytesOptions): Promise<Uint8Array>
  stream(): ReadableStream<Uint8Array>
  /**
   * Bytes `offset` to `offset + length` (excluded), as far as there are so many.
   *
   * @param length - @default to the end
   */
  range(offset: number, length?: number): AsyncIterable<Uint8Array>
}

/** Something in a folder that is walked through. */
export interface WalkItem {
  /** Relative to the folder where the walk began; `''` is that folder itself. */
  readonly path: string
  readonly entry: CatalogItem
  /** The bytes of the file, or of the symlink's target text. Folders have none. */
  open(): Readable
}

/** How a folder is walked through. */
export interface WalkOptions {
  /**
   * Told of each folder whose list of what is in it is lost, with its path and a {@link CustomerError}; the walk goes on
   * behind it. @default the walk ends there
   */
  readonly onUnreadable?: (path: string, error: unknown) => void
}

/**
 * What is at a path: bytes of a file or symlink, or a folder to walk through. Nothing is fetched before it is asked for.
 * Reading throws {@link CustomerError}: `NotEnoughFragments` with what is missing, `ManifestInvalid`, `BlockAuthFailed`,
 * `FragmentCorrupt`, `Timeout`, `Cancelled`; bytes given out before were right.
 */
export interface Reader extends Readable {
  readonly entry: CatalogItem
  /**
   * Everything in a folder, folders before what is in them; a file or symlink is its own only item. In the order in which
   * a put packed it, so that each block is fetched once, the next ones ahead of their turn.
   */
  walk(options?: WalkOptions): AsyncIterable<WalkItem>
}
