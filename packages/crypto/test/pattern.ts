/** The data of the vectors: byte i is i * 7 mod 251. */
export function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 7) % 251)
}
