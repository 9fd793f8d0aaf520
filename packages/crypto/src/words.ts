import { wordlist } from '@scure/bip39/wordlists/english.js'

/** Each of the 2048 words stands for this many bits. */
const WORD_BITS = 11

/**
 * The first bits of a hash as words that two people can read to each other.
 *
 * @param hash - At least `count` · 11 bits.
 * @param count - How many words, 11 bits each; an attacker must find another input that agrees in all of them.
 * @returns `count` words of the English list of BIP-39, joined by `-`.
 * @throws {TypeError} if `count` is not a whole number from 1, or the hash is shorter than that.
 */
export function wordsOf(hash: Uint8Array, count: number): string {
  if (!Number.isSafeInteger(count) || count < 1) throw new TypeError(`count of words must be 1 or more, not ${count}`)
  if (hash.length * 8 < count * WORD_BITS) {
    throw new TypeError(`${count} words need ${Math.ceil((count * WORD_BITS) / 8)} bytes, the hash has ${hash.length}`)
  }
  return Array.from({ length: count }, (_, index) => wordlist[bitsAt(hash, index * WORD_BITS)]).join('-')
}

/** 11 bits from bit `start`, most significant bit first. They touch at most three bytes. */
function bitsAt(bytes: Uint8Array, start: number): number {
  const first = start >> 3
  const window = ((bytes[first] ?? 0) << 16) | ((bytes[first + 1] ?? 0) << 8) | (bytes[first + 2] ?? 0)
  return (window >> (24 - WORD_BITS - (start & 7))) & ((1 << WORD_BITS) - 1)
}
