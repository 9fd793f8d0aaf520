/**
 * Products of 16 bytes with one constant. `table` is the address of the constant's products with 0..15 and, 16 bytes
 * further, with 0, 16 .. 240. `low` is 15 in every byte: as an argument and not as a constant, because V8 would make
 * the vector anew for every use.
 */
export function times(x: v128, table: usize, low: v128): v128 {
  // Not i8x16.shr_u: processors have no such instruction, so it would cost one more.
  const high = v128.and(i16x8.shr_u(x, 4), low)
  return v128.xor(lookUp(v128.load(table), v128.and(x, low)), lookUp(v128.load(table, 16), high))
}

/** The bytes of `table` at the places `indexes`, all below 16: then the relaxed instruction, which is faster, does the same. */
export function lookUp(table: v128, indexes: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, indexes)
  return i8x16.swizzle(table, indexes)
}
