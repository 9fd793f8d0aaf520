/** Adds the bytes at `from` to those at `to`. Up to 15 more are touched. */
export function add(to: usize, from: usize, length: usize): void {
  for (let at: usize = 0; at < length; at += 16) {
    v128.store(to + at, v128.xor(v128.load(to + at), v128.load(from + at)))
  }
}

/** Whether the bytes at two addresses are the same. */
export function same(a: usize, b: usize, length: usize): bool {
  let at: usize = 0
  for (; at + 16 <= length; at += 16) {
    if (v128.any_true(v128.xor(v128.load(a + at), v128.load(b + at)))) return false
  }
  for (; at < length; at++) if (load<u8>(a + at) !== load<u8>(b + at)) return false
  return true
}
