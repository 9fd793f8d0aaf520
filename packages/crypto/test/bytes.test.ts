import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  concatBytes,
  equalBytes,
  fromBase64,
  fromBase64Url,
  fromHex,
  randomBytes,
  signedBytes,
  toBase64,
  toBase64Url,
  toHex,
  u32be,
  u64be,
  utf8Decode,
  utf8Encode,
} from '../src/index.ts'

const bytes = fc.uint8Array({ maxLength: 300 })
const RECORD_INVALID = expect.objectContaining({ code: 'RecordInvalid' })

describe('text forms', () => {
  test('decode undoes encode, and agrees with the platform', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        expect(fromHex(toHex(input))).toEqual(input)
        expect(fromBase64(toBase64(input))).toEqual(input)
        expect(fromBase64Url(toBase64Url(input))).toEqual(input)
        expect(toHex(input)).toBe(Buffer.from(input).toString('hex'))
        expect(toBase64(input)).toBe(Buffer.from(input).toString('base64'))
        expect(toBase64Url(input)).toBe(Buffer.from(input).toString('base64url'))
      }),
    )
  })

  test('every text that is accepted is the only spelling of its bytes', () => {
    const characters = fc.constantFrom(...'AQgwAZ09+/-_= f')
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 9 }), (text) => {
        for (const [decode, encode] of [
          [fromHex, toHex] as const,
          [fromBase64, toBase64] as const,
          [fromBase64Url, toBase64Url] as const,
        ]) {
          let decoded: Uint8Array
          try {
            decoded = decode(text)
          } catch (error) {
            expect(error).toEqual(RECORD_INVALID)
            continue
          }
          expect(encode(decoded)).toBe(text)
        }
      }),
    )
  })

  test.each(['a', 'AB', '0x', 'zz', ' 00'])('hex %j is refused', (text) => {
    expect(() => fromHex(text)).toThrow(RECORD_INVALID)
  })

  test.each(['A', 'AA', 'AA=', 'AAA', 'AB==', 'AAB=', 'AA==\n', ' AA==', '====', 'AA-_', 'A===', 'é==='])(
    'base64 %j is refused',
    (text) => {
      expect(() => fromBase64(text)).toThrow(RECORD_INVALID)
    },
  )

  test.each(['A', 'AA==', 'AB', 'AA+/', 'AAAA\n'])('base64url %j is refused', (text) => {
    expect(() => fromBase64Url(text)).toThrow(RECORD_INVALID)
  })

  test('UTF-8 round trips, a byte order mark included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Decode(utf8Encode(text))).toBe(text)
      }),
    )
    expect(utf8Decode(utf8Encode('\uFEFFa'))).toBe('\uFEFFa')
  })

  test.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]], [[0xe2, 0x82]]])(
    'malformed UTF-8 %j is refused',
    (malformed) => {
      expect(() => utf8Decode(Uint8Array.from(malformed))).toThrow(RECORD_INVALID)
    },
  )
})

describe('integers', () => {
  test('big-endian at the limits', () => {
    expect(toHex(u32be(0))).toBe('00000000')
    expect(toHex(u32be(0xffff_fffe))).toBe('fffffffe')
    expect(toHex(u64be(0x1_0203_0405))).toBe('0000000102030405')
    expect(toHex(u64be(Number.MAX_SAFE_INTEGER))).toBe('001fffffffffffff')
  })

  test.each([-1, 0.5, 2 ** 32, Number.NaN])('u32be refuses %d', (value) => {
    expect(() => u32be(value)).toThrow(expect.objectContaining({ code: 'LimitExceeded' }))
  })

  test.each([-1, 0.5, 2 ** 53, Number.POSITIVE_INFINITY])('u64be refuses %d', (value) => {
    expect(() => u64be(value)).toThrow(expect.objectContaining({ code: 'LimitExceeded' }))
  })
})

describe('byte strings', () => {
  test('concatBytes joins in order and copies', () => {
    const first = Uint8Array.of(1, 2)
    const joined = concatBytes(first, new Uint8Array(0), Uint8Array.of(3))
    first[0] = 9
    expect(joined).toEqual(Uint8Array.of(1, 2, 3))
    expect(concatBytes()).toEqual(new Uint8Array(0))
  })

  test('equalBytes sees every difference', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (a, at, change) => {
          const b = a.slice()
          expect(equalBytes(a, b)).toBe(true)
          b[at % b.length]! ^= change
          expect(equalBytes(a, b)).toBe(false)
          expect(equalBytes(a, a.subarray(1))).toBe(false)
        },
      ),
    )
  })

  test('randomBytes fills more than the 64 KiB that the platform gives at once', () => {
    const random = randomBytes(200_001)
    expect(random.length).toBe(200_001)
    for (const start of [0, 65_536, 131_072, 196_608]) {
      expect(random.subarray(start, start + 3_000).some((byte) => byte !== 0)).toBe(true)
    }
    expect(randomBytes(32)).not.toEqual(randomBytes(32))
    expect(randomBytes(0)).toEqual(new Uint8Array(0))
  })
})

describe('signedBytes', () => {
  test('shape', () => {
    expect(toHex(signedBytes('ab', Uint8Array.of(7), new Uint8Array(0)))).toBe(
      '00000002' + '6162' + '00000001' + '07' + '00000000',
    )
  })

  test('no bytes can move between label and fields', () => {
    const fields = fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 4 })
    fc.assert(
      fc.property(fc.string({ maxLength: 4 }), fields, fc.string({ maxLength: 4 }), fields, (labelA, a, labelB, b) => {
        const isSame = labelA === labelB && a.length === b.length && a.every((field, i) => equalBytes(field, b[i]!))
        expect(equalBytes(signedBytes(labelA, ...a), signedBytes(labelB, ...b))).toBe(isSame)
      }),
    )
    expect(signedBytes('x', Uint8Array.of(1), Uint8Array.of(2))).not.toEqual(signedBytes('x', Uint8Array.of(1, 2)))
  })
})
