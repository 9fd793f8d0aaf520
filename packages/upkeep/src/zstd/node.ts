import { promisify } from 'node:util'
import { constants, type ZstdOptions, zstdCompress, zstdCompressSync, zstdDecompress } from 'node:zlib'
import type { Zstd } from './zstd.ts'

/** The fastest one: a block waits for it before anything else can be done with it. */
const LEVEL = { [constants.ZSTD_c_compressionLevel]: 1 }
/** Largest window that is held while decompressing, as a power of two: a whole block. */
const WINDOW = { [constants.ZSTD_d_windowLogMax]: 23 }

const compress = promisify<Uint8Array, ZstdOptions, Uint8Array>(zstdCompress)
const decompress = promisify<Uint8Array, ZstdOptions, Uint8Array>(zstdDecompress)

/** node:zlib, on its thread pool. */
export const zstd: Zstd = {
  async compress(bytes) {
    return plain(await compress(bytes, { params: LEVEL, pledgedSrcSize: bytes.length }))
  },
  sample: (bytes) => zstdCompressSync(bytes, { params: LEVEL }).length,
  async decompress(frame, size) {
    return plain(await decompress(frame, { params: WINDOW, maxOutputLength: size, chunkSize: chunkFor(size) }))
  },
}

/** One chunk holds the whole content, so that it need not be put together. node:zlib takes no chunk below 64 bytes. */
function chunkFor(size: number): number {
  return Math.max(64, size)
}

function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
