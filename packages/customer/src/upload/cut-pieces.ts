import { hkdfSha256, LABELS, utf8Encode } from '@bitdust/crypto'
import { MAX_BLOCK_BYTES } from '@bitdust/records'
import type { PieceBuffer, PieceBuffers } from './piece-buffers.ts'
import type { UploadMeasure } from './stages.ts'

// Where to cut follows from the content around a place and from nothing else, so that an edit moves no cut but those
// beside it. The places to choose from are those where the gear hash (of the 32 bytes before) begins with 10 zero bits;
// a place is a cut when its rank, the other 22 bits, is the highest within `minBytes` on both sides, the first of equals
// (the local maximum approach of Bjørner, Blass and Gurevich, 2010). Cuts are then more than `minBytes` apart, twice that
// on average. Where none comes for `maxBytes`, three times that, the highest rank of what lies between is taken. There is
// no cut within `minBytes` of either end of the file. So pieces are six tenths of `maxBytes` on average.

const MIB = 1024 * 1024
const TABLE_ENTRIES = 256
/** With more pieces are smaller on average, and each costs requests and writes; with less more cuts are by force. */
const MAX_TO_MIN = 3
/** Bytes that a 32-bit gear hash depends on. */
const HASH_WINDOW_BYTES = 32
const RANK_BITS = 22
const RANK_MASK = 2 ** RANK_BITS - 1

/** How long pieces may be. */
export interface CutBounds {
  /** Only the only piece of a file is shorter than this. */
  readonly minBytes: number
  readonly maxBytes: number
}

/** Bounds for n suppliers: the more of them, the larger a block has to be for fragments of a good size. */
export function cutBounds(n: number): CutBounds {
  const maxBytes = Math.min(MAX_BLOCK_BYTES, n * MIB)
  return { minBytes: Math.floor(maxBytes / MAX_TO_MIN), maxBytes }
}

/** Bytes that must be seen behind the begin of a piece before its end is sure. */
export function bytesAhead({ minBytes, maxBytes }: CutBounds): number {
  return maxBytes + minBytes
}

/**
 * The table of the gear hash of a location, 256 numbers of 32 bits. It is secret, so that lengths of blocks do not tell
 * which known file they are of.
 *
 * @param secret - The FIRST secret of the location: later ones would cut old content elsewhere.
 */
export function createCutTable(secret: Uint8Array): Uint32Array {
  const info = utf8Encode(LABELS.cutTable)
  const bytes = hkdfSha256(secret, { salt: new Uint8Array(0), info, length: 4 * TABLE_ENTRIES })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Uint32Array.from({ length: TABLE_ENTRIES }, (_, index) => view.getUint32(4 * index))
}

/** A part of a file that is stored as one. */
export interface Piece {
  readonly buffer: PieceBuffer
  readonly length: number
}

export interface CutOptions {
  readonly table: Uint32Array
  readonly bounds: CutBounds
  /** Each has room for {@link bytesAhead}. */
  readonly buffers: PieceBuffers
  readonly signal: AbortSignal
  readonly measure: UploadMeasure
}

/**
 * Cuts the bytes of a file into pieces, in the order in which they come; none of an empty file. Whoever takes a piece gives
 * its buffer back. Holds one buffer beside that of the piece it gives.
 */
export async function* cutPieces(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { table, bounds, buffers, signal, measure }: CutOptions,
): AsyncGenerator<Piece, void, undefined> {
  const ahead = bytesAhead(bounds)
  const scanner = createScanner(table, bounds)
  let buffer: PieceBuffer | null = null
  let filled = 0

  /** Gives the first bytes as a piece and goes on with what is behind them. */
  async function take(length: number): Promise<Piece> {
    const piece = { buffer: buffer!, length }
    buffer = null
    const rest = piece.buffer.bytes.subarray(length, filled)
    filled = 0
    if (rest.length > 0) {
      buffer = await buffers.acquire(signal).catch((error) => {
        piece.buffer.release()
        throw error
      })
      buffer.bytes.set(rest)
      filled = rest.length
    }
    scanner.next(length)
    return piece
  }

  try {
    for await (const chunk of chunks) {
      for (let rest = chunk; rest.length > 0; ) {
        buffer ??= await buffers.acquire(signal)
        const part = rest.subarray(0, ahead - filled)
        buffer.bytes.set(part, filled)
        filled += part.length
        rest = rest.subarray(part.length)
        const { bytes } = buffer
        const length = measure('cut', part.length, () => scanner.scan(bytes, filled))
        if (length !== null) yield await take(length)
        else if (filled === ahead) yield await take(scanner.force(bytes))
        // What was behind the cut may be scanned no further yet than to where that became sure.
        for (let next = scanRest(); next !== null; next = scanRest()) yield await take(next)
      }
    }
    while (filled > bounds.maxBytes) yield await take(scanner.force(buffer!.bytes))
    if (filled > 0) yield await take(filled)
  } finally {
    // Whoever reads has given up.
    buffer?.release()
  }

  function scanRest(): number | null {
    return buffer === null ? null : scanner.scan(buffer.bytes, filled)
  }
}

/** Looks for cuts in bytes that come bit by bit; all lengths are counted from the begin of the piece. */
interface Scanner {
  /** Looks at the bytes up to `filled`, each once. @returns Where the piece ends, or null while that is not known. */
  scan(bytes: Uint8Array, filled: number): number | null
  /** Where a piece of too many bytes is cut. */
  force(bytes: Uint8Array): number
  /** The piece ended: the bytes behind its first `length` are those of the next. */
  next(length: number): void
}

function createScanner(table: Uint32Array, { minBytes, maxBytes }: CutBounds): Scanner {
  // Places in the order of the file, counted from its begin. What can still outrank something, in falling ranks.
  let ranked: { readonly at: number; readonly rank: number }[] = []
  /** The place that is a cut unless a higher one follows within `minBytes`. */
  let pending: { readonly at: number; readonly rank: number } | null = null
  /** Begin of the piece. */
  let start = 0
  let scanned = 0
  let hash = 0

  function meet(at: number, rank: number): void {
    let isEqualled = false
    for (let last = ranked.at(-1); last !== undefined && last.rank <= rank; last = ranked.at(-1)) {
      if (last.rank === rank && at - last.at <= minBytes) isEqualled = true
      ranked.pop()
    }
    const higher = ranked.at(-1)
    const isHighest = !isEqualled && (higher === undefined || at - higher.at > minBytes)
    ranked.push({ at, rank })
    if (ranked[0]!.at < at - minBytes) ranked = ranked.filter((place) => place.at >= at - minBytes)
    if (pending !== null && rank > pending.rank) pending = null
    if (isHighest && at >= minBytes) pending = { at, rank }
  }

  return {
    scan(bytes, filled) {
      const end = start + filled
      while (scanned < end) {
        const stop = Math.min(end, pending === null ? end : pending.at + minBytes)
        let state = hash
        let index = scanned - start
        const last = stop - start
        let found = false
        // The one loop that sees every byte.
        while (index < last) {
          state = ((state << 1) + table[bytes[index]!]!) | 0
          index += 1
          if (state >>> RANK_BITS === 0) {
            found = true
            break
          }
        }
        hash = state
        scanned = start + index
        if (found) meet(scanned, state & RANK_MASK)
        if (pending !== null && scanned >= pending.at + minBytes) {
          const length = pending.at - start
          pending = null
          if (length >= minBytes) return length
        }
      }
      return null
    },

    force(bytes) {
      const from = minBytes
      const to = maxBytes - minBytes
      let best = { at: to, rank: -1 }
      let state = 0
      for (let index = from - HASH_WINDOW_BYTES; index < to; index++) {
        state = ((state << 1) + table[bytes[index]!]!) | 0
        const rank = state & RANK_MASK
        if (index + 1 >= from && state >>> RANK_BITS === 0 && rank > best.rank) best = { at: index + 1, rank }
      }
      return best.at
    },

    next(length) {
      start += length
    },
  }
}
