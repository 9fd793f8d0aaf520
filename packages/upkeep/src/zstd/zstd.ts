/** Compression by what the platform has. */
export interface Zstd {
  /** One frame (RFC 8878) which names the size of its content; null where nothing compresses. */
  compress: ((bytes: Uint8Array) => Promise<Uint8Array>) | null
  /** How few bytes a sample becomes, at once. */
  sample(bytes: Uint8Array): number
  /** The content of a frame that says to have `size` bytes, which is also the most that are ever made of it. */
  decompress(frame: Uint8Array, size: number): Promise<Uint8Array>
}
