import { concatBytes } from '@bitdust/crypto'
import { SupplierError } from '../errors.ts'
import { checkFragmentName, exactly, type FragmentStore } from './fragment-store.ts'

const GIB = 1024 ** 3

/** How large a memory store pretends to be. */
export interface MemoryFragmentStoreOptions {
  /** Bytes of the pretended disk. @default 64 GiB */
  readonly sizeBytes?: number
}

/** A store that forgets everything with its process; for tests and for trying out. */
export function memoryFragmentStore({ sizeBytes = 64 * GIB }: MemoryFragmentStoreOptions = {}): FragmentStore {
  const files = new Map<string, Uint8Array>()
  let used = 0

  function remove(name: string): void {
    used -= files.get(name)?.length ?? 0
    files.delete(name)
  }

  return {
    async put(name, size, source) {
      checkFragmentName(name)
      if (used + size > sizeBytes) throw new SupplierError('DiskFull', `no room for ${size} bytes`)
      // Copied, since pieces belong to the source.
      const pieces: Uint8Array[] = []
      for await (const bytes of exactly(size, source)) pieces.push(bytes.slice())
      remove(name)
      files.set(name, concatBytes(...pieces))
      used += size
    },

    async read(name, range) {
      checkFragmentName(name)
      const file = files.get(name)
      if (file === undefined) return null
      const { offset, length } = range ?? { offset: 0, length: file.length }
      if (offset + length > file.length)
        throw new SupplierError('StorageCorrupt', `${name} ends before byte ${offset + length}`)
      return pieces([file.slice(offset, offset + length)])
    },

    async has(name) {
      checkFragmentName(name)
      return files.has(name)
    },

    async delete(name) {
      checkFragmentName(name)
      remove(name)
    },

    async *list() {
      for (const name of [...files.keys()].toSorted()) {
        const file = files.get(name)
        if (file !== undefined) yield { name, size: file.length }
      }
    },

    free: async () => sizeBytes - used,
    size: async () => sizeBytes,
    sweep: async () => {},
  }
}

async function* pieces(list: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* list
}
