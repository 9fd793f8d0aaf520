import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  concatBytes,
  createSha256,
  fromHex,
  hkdfSha256,
  hmacSha256,
  scrypt,
  sha256,
  sha256Bulk,
  toHex,
  utf8Encode,
} from '../src/index.ts'

const LIMIT_EXCEEDED = expect.objectContaining({ name: 'CryptoError', code: 'LimitExceeded' })

describe('vectors', () => {
  test('SHA-256 of "abc" (FIPS 180-4)', () => {
    expect(toHex(sha256(utf8Encode('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test('SHA-256 of nothing', () => {
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    expect(toHex(sha256())).toBe(empty)
    expect(toHex(sha256(new Uint8Array(0)))).toBe(empty)
    expect(toHex(createSha256().digest())).toBe(empty)
  })

  test('HMAC-SHA-256 (RFC 4231 case 2)', () => {
    const mac = hmacSha256(utf8Encode('Jefe'), utf8Encode('what do ya want '), utf8Encode('for nothing?'))
    expect(toHex(mac)).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  })

  test('HKDF-SHA-256 (RFC 5869 case 1)', () => {
    const key = hkdfSha256(new Uint8Array(22).fill(0x0b), {
      salt: fromHex('000102030405060708090a0b0c'),
      info: fromHex('f0f1f2f3f4f5f6f7f8f9'),
      length: 42,
    })
    expect(toHex(key)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865')
  })

  test('scrypt (RFC 7914 §12)', async () => {
    const key = await scrypt('password', utf8Encode('NaCl'), { N: 1024, r: 8, p: 16, length: 64 })
    expect(toHex(key)).toBe(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    )
  })
})

test('all ways to hash agree, however the bytes are split', async () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(parts, async (input) => {
      const whole = sha256(concatBytes(...input))
      expect(sha256(...input)).toEqual(whole)
      expect(await sha256Bulk(concatBytes(...input))).toEqual(whole)
      const hasher = createSha256()
      for (const part of input) hasher.update(part)
      expect(hasher.digest()).toEqual(whole)
    }),
  )
})

test('a hash is not overwritten by the next one', () => {
  const first = sha256(Uint8Array.of(1), Uint8Array.of(2))
  const kept = first.slice()
  sha256(Uint8Array.of(3), Uint8Array.of(4))
  expect(first).toEqual(kept)
})

test('HKDF gives at most 8160 bytes', () => {
  const options = { salt: new Uint8Array(0), info: new Uint8Array(0) }
  expect(hkdfSha256(new Uint8Array(32), { ...options, length: 8_160 }).length).toBe(8_160)
  expect(() => hkdfSha256(new Uint8Array(32), { ...options, length: 8_161 })).toThrow(LIMIT_EXCEEDED)
})

test.each([
  { N: 2 ** 30, r: 8, p: 1 },
  { N: 2 ** 21, r: 1, p: 1 },
  { N: 2 ** 20, r: 9, p: 1 },
  { N: 2 ** 20, r: 8, p: 2 },
  { N: 2, r: 2 ** 22, p: 2 },
  { N: 2, r: 1, p: 2 ** 30 },
  { N: 1, r: 8, p: 1 },
  { N: 1_000, r: 8, p: 1 },
  { N: 1_024, r: 0, p: 1 },
  { N: 1_024, r: 8, p: 0.5 },
  { N: Number.NaN, r: 8, p: 1 },
])('scrypt with $N, $r, $p is refused at once', async (cost) => {
  const start = performance.now()
  await expect(scrypt('x', new Uint8Array(16), { ...cost, length: 32 })).rejects.toEqual(LIMIT_EXCEEDED)
  expect(performance.now() - start).toBeLessThan(100)
})

test('a passphrase is the same however a keyboard composed it', async () => {
  const cost = { N: 16, r: 1, p: 1, length: 32 }
  const salt = new Uint8Array(16)
  expect(await scrypt('\u00e9', salt, cost)).toEqual(await scrypt('e\u0301', salt, cost))
  expect(await scrypt('\u00e9', salt, cost)).not.toEqual(await scrypt('e', salt, cost))
})
