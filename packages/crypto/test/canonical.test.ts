import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CanonicalValue, concatBytes, decodeCanonical, encodeCanonical, fromHex, toHex } from '../src/index.ts'

const RECORD_INVALID = expect.objectContaining({ name: 'CryptoError', code: 'RecordInvalid' })
const LIMIT_EXCEEDED = expect.objectContaining({ name: 'CryptoError', code: 'LimitExceeded' })
const MAX = { maxBytes: 65_536 }

const key = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => text !== '__proto__' && text.isWellFormed())
const { value } = fc.letrec<{ value: CanonicalValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.uint8Array({ maxLength: 80 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}))

describe('laws', () => {
  test('decode undoes encode', () => {
    fc.assert(
      fc.property(value, (input) => {
        expect(decodeCanonical(encodeCanonical(input), MAX)).toEqual(input)
      }),
    )
  })

  test('the order in which a map was filled does not matter', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value, { noNullPrototype: true }), (map) => {
        const reversed = Object.fromEntries(Object.entries(map).toReversed())
        expect(encodeCanonical(reversed)).toEqual(encodeCanonical(map))
      }),
    )
  })

  test('keys stand in the bytewise order of their encodings', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, fc.constant(0)), { selector: ([name]) => name, maxLength: 23 }),
        (entries) => {
          const header = 0xa0 + entries.length
          const keys = entries.map(([name]) => encodeCanonical(name)).sort((a, b) => Buffer.compare(a, b))
          const expected = concatBytes(
            Uint8Array.of(header),
            ...keys.map((name) => concatBytes(name, Uint8Array.of(0))),
          )
          expect(encodeCanonical(Object.fromEntries(entries))).toEqual(expected)
        },
      ),
    )
  })

  test('whatever decodes re-encodes to the same bytes, everything else is a named error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let decoded: CanonicalValue
        try {
          decoded = decodeCanonical(bytes, MAX)
        } catch (error) {
          expect(error).toEqual(expect.objectContaining({ name: 'CryptoError' }))
          return
        }
        expect(encodeCanonical(decoded)).toEqual(bytes)
      }),
      { numRuns: 3_000 },
    )
  })

  test('text with a byte order mark in front comes back with it, short and long', () => {
    for (const text of ['\uFEFF', '\uFEFFname', `\uFEFF${'a'.repeat(100)}`]) {
      expect(decodeCanonical(encodeCanonical({ [text]: text }), MAX)).toEqual({ [text]: text })
    }
  })
})

describe('vectors', () => {
  // Examples of RFC 8949 Appendix A that fall into the subset.
  test.each<[string, CanonicalValue]>([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['190100', 256],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['20', -1],
    ['3903e7', -1_000],
    ['f4', false],
    ['f6', null],
    ['4401020304', Uint8Array.of(1, 2, 3, 4)],
    ['6449455446', 'IETF'],
    ['62c3bc', 'ü'],
    ['64f0908591', '𐅑'],
    ['80', []],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    // §4.2.1: bytewise order of the encoded keys, so shorter keys come first.
    ['a3616101617a02626161' + '03', { aa: 3, z: 2, a: 1 }],
  ])('%s', (hex, decoded) => {
    expect(toHex(encodeCanonical(decoded))).toBe(hex)
    expect(decodeCanonical(fromHex(hex), MAX)).toEqual(decoded)
  })
})

describe('bad inputs', () => {
  test.each([
    ['empty', ''],
    ['trailing bytes', '0000'],
    ['integer not minimal', '1817'],
    ['length not minimal', '580101'],
    ['indefinite array', '9fff'],
    ['indefinite bytes', '5f4101ff'],
    ['indefinite map', 'bfff'],
    ['lone break', 'ff'],
    ['half float', 'f93c00'],
    ['single float', 'fa47c35000'],
    ['double float', 'fb3ff199999999999a'],
    ['undefined', 'f7'],
    ['simple value', 'f0'],
    ['tag', 'c000'],
    ['2^53', '1b0020000000000000'],
    ['-2^53', '3b001fffffffffffff'],
    ['duplicate key', 'a2616101616102'],
    ['keys out of order', 'a2616201616101'],
    ['number as key', 'a10101'],
    ['__proto__ as key', 'a1695f5f70726f746f5f5f01'],
    ['malformed text', '61ff'],
    ['malformed long text', `7820${'ff'.repeat(32)}`],
    ['lone surrogate', '63eda080'],
    ['array without items', '83'],
    ['array of 2^32 - 1 items', '9affffffff'],
    ['map without value', 'a16161'],
    ['bytes of 2^32 - 1', '5affffffff00'],
    ['reserved length', '1c'],
  ])('%s is RecordInvalid', (_, hex) => {
    expect(() => decodeCanonical(fromHex(hex), MAX)).toThrow(RECORD_INVALID)
  })

  test.each<[string, unknown]>([
    ['a fraction', 0.5],
    ['NaN', Number.NaN],
    ['2^53', 2 ** 53],
    ['undefined', undefined],
    ['undefined in a map', { a: undefined }],
    ['a bigint', 1n],
    ['a function', () => 0],
    ['a Map', new Map()],
    ['a Date', new Date(0)],
    ['a Uint16Array', new Uint16Array(1)],
    ['a lone surrogate', '\uD800'],
    ['a lone surrogate as key', { '\uDC00': 1 }],
    ['__proto__ as key', JSON.parse('{"__proto__":1}')],
  ])('%s is not encoded', (_, input) => {
    expect(() => encodeCanonical(input as CanonicalValue)).toThrow(RECORD_INVALID)
  })

  test('32 levels are read and written, 33 are not', () => {
    const nested = (levels: number): CanonicalValue => (levels === 0 ? 0 : [nested(levels - 1)])
    const bytes = (levels: number) => concatBytes(new Uint8Array(levels).fill(0x81), Uint8Array.of(0))
    expect(encodeCanonical(nested(32))).toEqual(bytes(32))
    expect(decodeCanonical(bytes(32), MAX)).toEqual(nested(32))
    expect(() => encodeCanonical(nested(33))).toThrow(LIMIT_EXCEEDED)
    expect(() => decodeCanonical(bytes(33), MAX)).toThrow(LIMIT_EXCEEDED)
    expect(() => decodeCanonical(bytes(60_000), MAX)).toThrow(LIMIT_EXCEEDED)
  })

  test('many empty containers beside each other are not depth', () => {
    const flat = Array.from({ length: 100 }, (_, i): CanonicalValue => (i % 2 === 0 ? [] : {}))
    expect(decodeCanonical(encodeCanonical(flat), MAX)).toEqual(flat)
  })

  test('maxBytes is exact', () => {
    const bytes = encodeCanonical('abc')
    expect(decodeCanonical(bytes, { maxBytes: 4 })).toBe('abc')
    expect(() => decodeCanonical(bytes, { maxBytes: 3 })).toThrow(LIMIT_EXCEEDED)
  })

  test('byte strings of the result are copies', () => {
    const bytes = encodeCanonical([Uint8Array.of(1, 2)])
    for (const input of [bytes.slice(), Buffer.from(bytes)]) {
      const [copy] = decodeCanonical(input, MAX) as [Uint8Array]
      input.fill(0)
      expect(copy).toStrictEqual(Uint8Array.of(1, 2))
    }
  })

  test('results of two calls do not share memory', () => {
    const first = encodeCanonical(new Uint8Array(1_000))
    expect(first.buffer.byteLength).toBe(first.length)
    const kept = first.slice()
    encodeCanonical('other')
    expect(first).toEqual(kept)
  })
})
