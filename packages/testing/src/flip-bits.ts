/** A copy of a message in which one bit is wrong. */
export interface FlippedBit {
  /** Offset of the damaged byte. */
  readonly index: number
  /** Which bit of it, 0 is the lowest. */
  readonly bit: number
  /** The damaged copy; the caller owns it. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Every copy of `bytes` with exactly one bit flipped: `8 * bytes.length` of them. The input is not changed. */
export function* flipBits(bytes: Uint8Array): Generator<FlippedBit, void, undefined> {
  for (let index = 0; index < bytes.length; index++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Uint8Array.from(bytes)
      damaged[index]! ^= 1 << bit
      yield { index, bit, bytes: damaged }
    }
  }
}
