/** Random bytes that are the same in every run. Not for secrets. */
export interface SeededRandom {
  /** The next `size` bytes. */
  (size: number): Uint8Array<ArrayBuffer>
  /** A whole number from 0 up to, not including, `max` (1 to 2^32). */
  int(max: number): number
}

const UINT32_VALUES = 2 ** 32

/** Generator `sfc32` (PractRand), started from `seed`: any number or text. Equal seeds give equal sequences. */
export function seededRandom(seed: number | string): SeededRandom {
  const next = sfc32(String(seed))

  function bytes(size: number): Uint8Array<ArrayBuffer> {
    const output = new Uint8Array(size)
    const words = new DataView(output.buffer)
    let offset = 0
    for (; offset + 4 <= size; offset += 4) words.setUint32(offset, next(), true)
    for (let rest = offset < size ? next() : 0; offset < size; offset++, rest >>>= 8) output[offset] = rest
    return output
  }

  function int(max: number): number {
    if (!Number.isInteger(max) || max < 1 || max > UINT32_VALUES)
      throw new RangeError(`int: max is ${max}, expected 1 to 2^32`)
    // Values of the incomplete last round are drawn again, or small results would come too often.
    const limit = UINT32_VALUES - (UINT32_VALUES % max)
    for (;;) {
      const value = next()
      if (value < limit) return value % max
    }
  }

  return Object.assign(bytes, { int })
}

function sfc32(seed: string): () => number {
  let [a, b, c, counter] = [fnv1a(`a${seed}`), fnv1a(`b${seed}`), fnv1a(`c${seed}`), 1]
  function next(): number {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + result) | 0
    return result >>> 0
  }
  for (let round = 0; round < 16; round++) next() // Lets similar seeds drift apart.
  return next
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash | 0
}
