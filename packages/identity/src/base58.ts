const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Base 58 in Bitcoin's alphabet, as multibase calls `base58btc`, without prefix. For short byte strings: time is quadratic. */
export function encodeBase58(bytes: Uint8Array): string {
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  let text = ''
  for (; value > 0n; value /= 58n) text = ALPHABET.charAt(Number(value % 58n)) + text
  return '1'.repeat(leading(bytes, (byte) => byte === 0)) + text
}

/** Reads base 58; undefined for a character outside the alphabet. The caller limits the length. */
export function decodeBase58(text: string): Uint8Array | undefined {
  let value = 0n
  for (const character of text) {
    const digit = ALPHABET.indexOf(character)
    if (digit < 0) return undefined
    value = value * 58n + BigInt(digit)
  }
  const bytes: number[] = []
  for (; value > 0n; value /= 256n) bytes.unshift(Number(value % 256n))
  const zeros = leading([...text], (character) => character === '1')
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes])
}

/** How many items at the start fulfil the condition. */
function leading<T>(items: ArrayLike<T> & Iterable<T>, holds: (item: T) => boolean): number {
  let count = 0
  for (const item of items) {
    if (!holds(item)) break
    count += 1
  }
  return count
}
