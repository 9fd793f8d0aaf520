import { isBitdustError } from '@bitdust/crypto'
import type { Readable, Reader } from '@bitdust/customer'
import type { RestoredEntry, RestoreFailure } from './folder-target.ts'

/** Bytes after which it is told how far the restore is: a message for each small file would cost as much as the file. */
const TOLD_BYTES = 1024 * 1024

export interface RestoredEntriesOptions {
  /** Bits of the modes that are restored. */
  readonly modes: number
  /** Told of folders whose list is lost, so that nobody knows what was in them. */
  readonly onUnreadable: (failure: RestoreFailure) => void
  /** Told how many bytes were read, from time to time. */
  readonly onBytes: (done: number) => void
}

/** What is at a path of a location, as `restoreTo` takes it. */
export async function* restoredEntries(
  reader: Reader,
  { modes, onUnreadable, onBytes }: RestoredEntriesOptions,
): AsyncGenerator<RestoredEntry> {
  let done = 0
  let told = 0

  async function* counted(bytes: Readable): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      done += chunk.length
      if (done - told >= TOLD_BYTES) {
        told = done
        onBytes(done)
      }
      yield chunk
    }
  }

  const items = reader.walk({
    onUnreadable(path, error) {
      // Only what is lost or wrong may be left out.
      if (!isBitdustError(error)) throw error
      onUnreadable({ path, code: error.code, message: error.message })
    },
  })
  for await (const { path, entry, open } of items) {
    const { kind, mode, mtime, size } = entry
    yield { path, kind, mode: mode & modes, mtime, size, content: () => counted(open()) }
  }
  onBytes(done)
}
