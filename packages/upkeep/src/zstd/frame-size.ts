const MAGIC = 0xfd2f_b528
const RESERVED_BIT = 0b0000_1000
const CHECKSUM_BIT = 0b0000_0100
const DICTIONARY_BITS = 0b0000_0011
const SINGLE_SEGMENT_BIT = 0b0010_0000
const CHECKSUM_BYTES = 4
/** Most bytes of one block of a frame, before and after compression (RFC 8878 §3.1.1.2.3). */
const MAX_FRAME_BLOCK_BYTES = 128 * 1024
/** Bytes of the content size by the two highest bits of the descriptor; with 0 it is there for single segments only. */
const SIZE_BYTES = [0, 2, 4, 8] as const

/**
 * Bytes of content that a zstd frame (RFC 8878 §3.1.1) says to have; null unless the bytes are one whole frame, without
 * dictionary, which says so and needs a window of at most `maxBytes`. Nothing is decompressed: this is what is asked
 * before, because decoders differ in what they do with bytes behind a frame, with a missing end and with huge windows.
 */
export function frameSize(frame: Uint8Array, maxBytes: number): number | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  try {
    const descriptor = view.getUint8(4)
    const isSingle = (descriptor & SINGLE_SEGMENT_BIT) !== 0
    if (view.getUint32(0, true) !== MAGIC || (descriptor & (RESERVED_BIT | DICTIONARY_BITS)) !== 0) return null
    const sizeAt = isSingle ? 5 : 6
    const sizeBytes = descriptor >> 6 === 0 && isSingle ? 1 : SIZE_BYTES[(descriptor >> 6) as 0 | 1 | 2 | 3]
    const size = contentSize(view, sizeAt, sizeBytes)
    const window = isSingle ? size : windowSize(view.getUint8(5))
    if (size === null || window === null || size > maxBytes || window > maxBytes) return null
    const end = endOfBlocks(view, sizeAt + sizeBytes)
    const checksum = (descriptor & CHECKSUM_BIT) === 0 ? 0 : CHECKSUM_BYTES
    return end !== null && end + checksum === frame.length ? size : null
  } catch (error) {
    // A field that begins or ends behind the last byte.
    if (error instanceof RangeError) return null
    throw error
  }
}

function contentSize(view: DataView, at: number, bytes: number): number | null {
  if (bytes === 1) return view.getUint8(at)
  if (bytes === 2) return view.getUint16(at, true) + 256
  if (bytes === 4) return view.getUint32(at, true)
  return bytes === 8 ? Number(view.getBigUint64(at, true)) : null
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** Where the last block ends, from header to header; null when one is of no known kind or too large. */
function endOfBlocks(view: DataView, start: number): number | null {
  for (let at = start; ; ) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    const kind = (header >> 1) & 3
    const size = header >> 3
    if (kind === 3 || size > MAX_FRAME_BLOCK_BYTES) return null
    at += 3 + (kind === 1 ? 1 : size)
    if ((header & 1) === 1) return at
  }
}
