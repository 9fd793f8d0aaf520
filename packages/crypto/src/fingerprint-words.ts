import { fromHex } from './bytes.ts'
import type { Fingerprint } from './fingerprint.ts'
import { wordsOf } from './words.ts'

/** 132 bits: whoever wants another key with the same words has to make about 2^132 keys. */
const WORDS = 12

/**
 * Eight colours that colour-blind people can tell apart too (Okabe and Ito), with grey for black, which a dark terminal
 * would swallow. The order is part of what people compare: never change it.
 */
const COLOURS = ['#999999', '#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const

/** Bits that one of eight colours stands for. */
const COLOUR_BITS = 3

/** A fingerprint as 12 words joined by `-`, for two people to compare: the first 132 bits of its 256. */
export function fingerprintWords(fingerprint: Fingerprint): string {
  return wordsOf(fromHex(fingerprint), WORDS)
}

/**
 * A fingerprint as a row of 12 coloured blocks, `#rrggbb`, to see at a glance that two keys differ. Each colour is 3
 * bits of the first 36 bits: equal colours are a hint, only the words (132 bits) decide.
 */
export function fingerprintColours(fingerprint: Fingerprint): readonly string[] {
  // 9 hex digits are 36 bits: one number, read three bits at a time.
  const bits = Number.parseInt(fingerprint.slice(0, (WORDS * COLOUR_BITS) / 4), 16)
    .toString(2)
    .padStart(WORDS * COLOUR_BITS, '0')
  return Array.from(
    { length: WORDS },
    (_, index) => COLOURS[Number.parseInt(bits.slice(index * COLOUR_BITS, (index + 1) * COLOUR_BITS), 2)] ?? COLOURS[0],
  )
}
