import { utf8Encode } from '@bitdust/crypto'

/** Order of ASCII texts such as hex ids: by code unit. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Order of any texts by their UTF-8 bytes, which is that of code points; JavaScript compares UTF-16 units instead. */
export function compareUtf8(a: string, b: string): number {
  const [left, right] = [utf8Encode(a), utf8Encode(b)]
  const length = Math.min(left.length, right.length)
  for (let i = 0; i < length; i++) if (left[i] !== right[i]) return left[i]! - right[i]!
  return left.length - right.length
}
