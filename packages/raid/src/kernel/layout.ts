/**
 * Where things are in the memory of a kernel. The source of the WebAssembly kernels is generated with these numbers, so
 * they are made again (`pnpm --filter @bitdust/raid kernel`) after a change.
 *
 *     0       products: 256 tables of 32 bytes
 *     8192    addresses of the rows that a matrix is multiplied with, u32 each
 *     9216    addresses of the rows that this gives, u32 each
 *     10240   the matrix: addresses of products, u16 each, column by column
 *     43008   constants of the WebAssembly module
 *     51200   rows: strips of fragments
 */
import { MAX_FRAGMENTS } from '../limits.ts'

/**
 * The table of c has its products with 0, 1 .. 15, then those with 0, 16 .. 240: the sum of one of either half is the
 * product with any byte.
 */
export const PRODUCTS = 0

/** Length of a table. */
export const PRODUCT_BYTES = 32

export const INPUT_ADDRESSES = 8192
export const OUTPUT_ADDRESSES = INPUT_ADDRESSES + 4 * MAX_FRAGMENTS
export const MATRIX = OUTPUT_ADDRESSES + 4 * MAX_FRAGMENTS

/** The largest matrix is that of 128 + 128 fragments. */
const MAX_COEFFICIENTS = (MAX_FRAGMENTS / 2) ** 2

export const MODULE_CONSTANTS = MATRIX + 2 * MAX_COEFFICIENTS

/**
 * In the middle of a page, because some processors copy ten times slower between addresses that are nearly equal modulo
 * 4096, and large arrays begin near the start of a page.
 */
export const ROWS = 51_200

/** Bytes that the rows of one code should not exceed, so that they stay in the second level cache of the processor. */
const CACHED_BYTES = 256 * 1024

/** Longest and shortest strip, in bytes. Longer ones save nothing, shorter ones cost more in calls than in arithmetic. */
const MAX_STRIP_BYTES = 16 * 1024
const MIN_STRIP_BYTES = 1024

/** Bytes between the strips of two rows: without them all rows would compete for the same places of the cache. */
const ROW_GAP_BYTES = 64

/** Bytes of each fragment that are in memory at one time, by the number of fragments of the code. */
export function stripBytes(fragments: number): number {
  const most = 2 ** Math.floor(Math.log2(CACHED_BYTES / fragments))
  return Math.max(MIN_STRIP_BYTES, Math.min(MAX_STRIP_BYTES, most))
}

/** Bytes from one row to the next, by the number of fragments of the code. */
export function pitchBytes(fragments: number): number {
  return stripBytes(fragments) + ROW_GAP_BYTES
}

/** A page of WebAssembly. */
export const PAGE_BYTES = 65_536

/** A kernel's memory: enough for the rows of any code and one aside, or 64 aside with 64 + 64. */
export const MEMORY_PAGES = 7
