import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Fingerprint, fingerprintColours, fingerprintWords, fromHex, toHex, wordsOf } from '../src/index.ts'

const fingerprints = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes) as Fingerprint)

describe('words', () => {
  test('are those of BIP-39 for its test vectors', () => {
    // https://github.com/trezor/python-mnemonic/blob/master/vectors.json: entropy, then words that need no checksum bits.
    const vectors = [
      ['00000000000000000000000000000000', 'abandon abandon abandon abandon'],
      ['7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f', 'legal winner thank year wave sausage worth useful legal winner thank'],
      ['80808080808080808080808080808080', 'letter advice cage absurd amount doctor acoustic avoid letter advice cage'],
      ['ffffffffffffffffffffffffffffffff', 'zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo'],
      ['9e885d952ad362caeb4efe34a8e91bd2', 'ozone drill grab fiber curtain grace pudding thank cruise elder eight'],
    ] as const
    for (const [hex, words] of vectors) {
      const expected = words.split(' ')
      expect(wordsOf(fromHex(hex), expected.length)).toBe(expected.join('-'))
    }
  })

  test('say the bits they were made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 40 }), (hash) => {
        const count = Math.floor((hash.length * 8) / 11)
        const bits = wordsOf(hash, count)
          .split('-')
          .map((word) => wordlist.indexOf(word).toString(2).padStart(11, '0'))
          .join('')
        const all = [...hash].map((byte) => byte.toString(2).padStart(8, '0')).join('')
        expect(bits).toBe(all.slice(0, count * 11))
      }),
    )
  })

  test('are refused for a hash that is too short, and for a count that is no count', () => {
    expect(() => wordsOf(new Uint8Array(8), 6)).toThrow(TypeError)
    for (const count of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => wordsOf(new Uint8Array(32), count)).toThrow(TypeError)
    }
  })
})

describe('a fingerprint for people', () => {
  test('is the same for everybody, for ever', () => {
    const fingerprint = '7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f0123456789abcdef0123456789abcdef' as Fingerprint
    expect(fingerprintWords(fingerprint)).toBe(
      'legal-winner-thank-year-wave-sausage-worth-useful-legal-winner-thank-wrap',
    )
    // 011 111 110 111 111 101 111 111 011 111 110 111
    expect(fingerprintColours(fingerprint)).toEqual(
      '#009e73 #cc79a7 #d55e00 #cc79a7 #cc79a7 #0072b2 #cc79a7 #cc79a7 #009e73 #cc79a7 #d55e00 #cc79a7'.split(' '),
    )
  })

  test('changes its words with any of the first 132 bits, its colours with any of the first 36', () => {
    fc.assert(
      fc.property(fingerprints, fc.integer({ min: 0, max: 131 }), (fingerprint, bit) => {
        const bytes = fromHex(fingerprint)
        bytes[bit >> 3]! ^= 128 >> (bit & 7)
        const other = toHex(bytes) as Fingerprint
        expect(fingerprintWords(other)).not.toBe(fingerprintWords(fingerprint))
        const colours = [fingerprintColours(other), fingerprintColours(fingerprint)] as const
        if (bit < 36) expect(colours[0]).not.toEqual(colours[1])
        else expect(colours[0]).toEqual(colours[1])
      }),
    )
  })
})
