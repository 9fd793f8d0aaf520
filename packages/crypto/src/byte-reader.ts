/** Reads a stream of bytes in pieces of the reader's choice. Holds at most one chunk of the stream. */
export interface ByteReader {
  /** The next `size` bytes as a new array; fewer only at the end of the stream. */
  take(size: number): Promise<Uint8Array>
  /** Whether nothing is left. */
  isAtEnd(): Promise<boolean>
  /** Gives the stream up. Idempotent. */
  close(): Promise<void>
}

/** Reads from a stream, which must not change a chunk after it handed it over. */
export function createByteReader(stream: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = stream[Symbol.asyncIterator]()
  let chunk: Uint8Array = new Uint8Array(0)

  /** Brings bytes into `chunk`; when there are none after that, the stream is at its end. */
  async function fill(): Promise<void> {
    while (chunk.length === 0) {
      const next = await chunks.next()
      if (next.done === true) return
      chunk = next.value
    }
  }

  return {
    async take(size) {
      const bytes = new Uint8Array(size)
      let taken = 0
      while (taken < size) {
        await fill()
        if (chunk.length === 0) return bytes.subarray(0, taken)
        const part = chunk.subarray(0, size - taken)
        bytes.set(part, taken)
        taken += part.length
        chunk = chunk.subarray(part.length)
      }
      return bytes
    },
    async isAtEnd() {
      await fill()
      return chunk.length === 0
    },
    async close() {
      await chunks.return?.()
    },
  }
}
