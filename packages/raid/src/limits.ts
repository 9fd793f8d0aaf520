/** Most fragments of one block, data and parity together: GF(2^8) has that many points. */
export const MAX_FRAGMENTS = 256

/** Most bytes of one call, data and parity together. A block has at most 8 MiB, so this is ample; the arena of the library takes it all. */
export const MAX_CODED_BYTES = 128 * 1024 * 1024
