import type { IdentityFileStore } from './identity-file-store.ts'
import { createSortedNames } from './sorted-names.ts'

/** Keeps documents in memory: for tests, for trying out, and as a pattern for stores of one's own. */
export function memoryIdentityFileStore(): IdentityFileStore {
  const files = new Map<string, Uint8Array>()
  const names = createSortedNames()
  return {
    async get(name) {
      const bytes = files.get(name)
      return bytes === undefined ? null : { bytes }
    },
    async put(name, bytes) {
      files.set(name, bytes.slice())
      names.add(name)
    },
    async *list({ after, limit }) {
      yield* names.page(after, limit)
    },
    async usage() {
      return { identities: files.size, bytes: files.values().reduce((sum, bytes) => sum + bytes.length, 0) }
    },
  }
}
