import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBase32, toBase32, utf8Encode } from '../src/index.ts'

test('read undoes write, also as people type it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = toBase32(bytes)
      expect(text.length).toBe(Math.ceil((bytes.length * 8) / 5))
      expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z]*$/)
      for (const typed of [text, text.toLowerCase(), text.replaceAll('0', 'O').replaceAll('1', 'l')])
        expect(fromBase32(typed)).toEqual(bytes)
    }),
  )
})

test('known values', () => {
  expect(toBase32(utf8Encode('foobar'))).toBe('CSQPYRK1E8')
  expect(toBase32(new Uint8Array(0))).toBe('')
  expect(toBase32(Uint8Array.of(255))).toBe('ZW')
})

test.each(['A', 'AAA', 'AAAAAA', 'U0', '0U', '!0', '00 00', 'Z1', 'é0', 'AAßA', 'ſ0'])('%j is not base32', (text) => {
  expect(() => fromBase32(text)).toThrow(expect.objectContaining({ code: 'RecordInvalid' }))
})
