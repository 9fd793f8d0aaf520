/** Parts below this size are copied together, so that a peer who sends single bytes cannot make us keep a million arrays. */
const SMALL_PART_BYTES = 4096
const STAGING_BYTES = 64 * 1024

/** Gathers parts into one array. Memory stays below twice the bytes added plus 64 KiB, however small the parts. */
export interface ByteCollector {
  /** Keeps a reference to large parts; copies small ones. */
  add(part: Uint8Array): void
  /** Everything added so far. Call once, at the end. */
  join(): Uint8Array
}

export function createByteCollector(): ByteCollector {
  const parts: Uint8Array[] = []
  let staging = new Uint8Array(0)
  let staged = 0
  let total = 0

  function flush(): void {
    if (staged > 0) parts.push(staging.subarray(0, staged))
    staging = staging.subarray(staged)
    staged = 0
  }

  return {
    add(part) {
      total += part.length
      if (part.length >= SMALL_PART_BYTES) {
        flush()
        parts.push(part)
        return
      }
      if (staging.length - staged < part.length) {
        flush()
        staging = new Uint8Array(STAGING_BYTES)
      }
      staging.set(part, staged)
      staged += part.length
    },
    join() {
      flush()
      if (parts.length === 1) return parts[0]!
      const whole = new Uint8Array(total)
      let offset = 0
      for (const part of parts) {
        whole.set(part, offset)
        offset += part.length
      }
      return whole
    },
  }
}
