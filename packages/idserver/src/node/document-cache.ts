/** Bytes by name, in memory, the least recently used forgotten first. */
export interface DocumentCache {
  get(name: string): Uint8Array | undefined
  set(name: string, bytes: Uint8Array): void
  delete(name: string): void
}

/** @param maxBytes - Most bytes that all documents together may have. */
export function createDocumentCache(maxBytes: number): DocumentCache {
  // Kept in the order of use.
  const documents = new Map<string, Uint8Array>()
  let usedBytes = 0

  function remove(name: string): void {
    usedBytes -= documents.get(name)?.length ?? 0
    documents.delete(name)
  }

  return {
    get(name) {
      const bytes = documents.get(name)
      if (bytes === undefined) return undefined
      documents.delete(name)
      documents.set(name, bytes)
      return bytes
    },
    set(name, bytes) {
      remove(name)
      documents.set(name, bytes)
      usedBytes += bytes.length
      for (const oldest of documents.keys()) {
        if (usedBytes <= maxBytes) break
        remove(oldest)
      }
    },
    delete: remove,
  }
}
