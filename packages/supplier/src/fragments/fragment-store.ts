import { SupplierError } from '../errors.ts'

/** Part of a stored file, in bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** One stored file. */
export interface StoredFile {
  /** 64 lower-case hex digits. */
  readonly name: string
  /** Bytes. */
  readonly size: number
}

/**
 * Where a supplier keeps the files with fragments. Names are hashes, so no text of a remote party becomes a file name.
 * Implementations run `fragmentStoreConformance`.
 *
 * Every method that takes a name throws `PathUnsafe` for one that is not 64 lower-case hex digits. What a broken disk
 * does is `StorageCorrupt`. Reading creates nothing.
 */
export interface FragmentStore {
  /**
   * Stores a file durably: when the promise resolves it survives a crash, before that it is absent, or still the old one.
   * Bytes go to the disk as they arrive. Whatever fails, also `source` itself, leaves nothing behind.
   *
   * @param size - Bytes that `source` gives.
   * @throws What `source` throws; `FragmentCorrupt` when it gives fewer or more bytes; `DiskFull`.
   */
  put(name: string, size: number, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>
  /**
   * @param range - Must lie inside the file. @default the whole file
   * @returns The bytes in pieces, or null when there is no such file. The disk is not touched before the first piece is asked for.
   */
  read(name: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | null>
  has(name: string): Promise<boolean>
  /** A file that is not there is deleted already. */
  delete(name: string): Promise<void>
  /** All files in ascending order of names; those put or deleted meanwhile may be among them or not. */
  list(): AsyncIterable<StoredFile>
  /** Bytes that the disk still takes. */
  free(): Promise<number>
  /** Bytes that the disk has altogether. */
  size(): Promise<number>
  /** Removes what interrupted puts left. To be called while no put runs. */
  sweep(): Promise<void>
}

/** The rule for names. @throws {SupplierError} `PathUnsafe`. */
export function checkFragmentName(name: string): void {
  if (!/^[0-9a-f]{64}$/.test(name)) throw new SupplierError('PathUnsafe', 'a fragment file has a name of 64 hex digits')
}

/** Passes bytes through and holds the source to the size it declared. @throws {SupplierError} `FragmentCorrupt`. */
export async function* exactly(
  size: number,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let given = 0
  for await (const bytes of source) {
    given += bytes.length
    if (given > size) throw new SupplierError('FragmentCorrupt', `more than the ${size} bytes that were declared`)
    yield bytes
  }
  if (given < size) throw new SupplierError('FragmentCorrupt', `${given} bytes, ${size} were declared`)
}
