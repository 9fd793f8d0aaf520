/**
 * Remembers the highest sequence number of every key that this node published or found, across restarts.
 * What others bring is not written here, so that they cannot make it grow.
 */
export interface SequenceStore {
  /** Null: never seen. */
  get(key: string): Promise<number | null>
  /** Writes take effect in the order of the calls. */
  put(key: string, sequence: number): Promise<void>
}

/** A store that lives as long as the process. */
export function memorySequenceStore(): SequenceStore {
  const highest = new Map<string, number>()
  return {
    get: async (key) => highest.get(key) ?? null,
    put: async (key, sequence) => void highest.set(key, sequence),
  }
}

/** Sequence numbers in memory, the most recently used of them: its size is bounded, whoever fills it. */
export class RecentSequences {
  readonly #highest = new Map<string, number>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: string): number | null {
    return this.#highest.get(key) ?? null
  }

  set(key: string, sequence: number): void {
    this.#highest.delete(key)
    this.#highest.set(key, sequence)
    const [leastUsed] = this.#highest.keys()
    if (this.#highest.size > this.#capacity && leastUsed !== undefined) this.#highest.delete(leastUsed)
  }
}
