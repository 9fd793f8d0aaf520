/** Where a key ring keeps its key files: one text under one name. Names hold only `a-z 0-9 . _ -`, at most 130 characters. */
export interface KeyStore {
  /** The text last put under the name, or null. */
  get(name: string): Promise<string | null>
  /** Replaces what is under the name, atomically and durably before it resolves. The text is secret. */
  put(name: string, text: string): Promise<void>
  /** Forgets a name; does nothing when it is unknown. */
  remove(name: string): Promise<void>
  /** All names, in no order. */
  list(): AsyncIterable<string>
}

/** A store that lives as long as the process. */
export function memoryKeyStore(): KeyStore {
  const texts = new Map<string, string>()
  return {
    get: async (name) => texts.get(name) ?? null,
    put: async (name, text) => void texts.set(name, text),
    remove: async (name) => void texts.delete(name),
    async *list() {
      yield* [...texts.keys()]
    },
  }
}
