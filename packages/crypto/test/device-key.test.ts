import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  concatBytes,
  deviceKeyFromSeed,
  devicePublicKeyOf,
  fromHex,
  generateDeviceKey,
  importDevicePublicKey,
  parseDeviceId,
  requireSignature,
  toHex,
} from '../src/index.ts'
import vectors from './vectors/keys-v1.json' with { type: 'json' }

const KEY_MALFORMED = expect.objectContaining({ name: 'CryptoError', code: 'KeyMalformed' })
const { label } = vectors
const message = fromHex(vectors.message)

test('vector of another implementation', async () => {
  const key = await deviceKeyFromSeed(fromHex(vectors.deviceSeed))
  expect(key.publicKey.id).toBe(vectors.devicePublicKey)
  expect(toHex(await key.sign(label, message))).toBe(vectors.deviceSignature)
  expect(await key.publicKey.verify(label, message, fromHex(vectors.deviceSignature))).toBe(true)
})

test('a signature holds for its key, label and message only', async () => {
  const [key, other] = await Promise.all([generateDeviceKey(), generateDeviceKey()])
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.uint8Array(), async (anyLabel, anyMessage) => {
      const signature = await key.sign(anyLabel, anyMessage)
      expect(signature.length).toBe(64)
      expect(await key.publicKey.verify(anyLabel, anyMessage, signature)).toBe(true)
      expect(await key.publicKey.verify(`${anyLabel}x`, anyMessage, signature)).toBe(false)
      expect(await key.publicKey.verify(anyLabel, concatBytes(anyMessage, message), signature)).toBe(false)
      expect(await other.publicKey.verify(anyLabel, anyMessage, signature)).toBe(false)
    }),
    { numRuns: 30 },
  )
})

test('every damaged bit and every wrong length of a signature is false', async () => {
  const { publicKey } = await deviceKeyFromSeed(fromHex(vectors.deviceSeed))
  const good = fromHex(vectors.deviceSignature)
  for (let bit = 0; bit < good.length * 8; bit++) {
    const damaged = good.slice()
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    expect(await publicKey.verify(label, message, damaged)).toBe(false)
  }
  for (const bad of [new Uint8Array(0), good.subarray(1), concatBytes(good, good), new Uint8Array(64)]) {
    expect(await publicKey.verify(label, message, bad)).toBe(false)
    await expect(requireSignature(publicKey, label, message, bad)).rejects.toEqual(
      expect.objectContaining({ code: 'SignatureInvalid' }),
    )
  }
})

test('a key comes back from its seed and its id', async () => {
  const key = await generateDeviceKey()
  const copy = await deviceKeyFromSeed(key.seed)
  expect(copy.publicKey.bytes).toEqual(key.publicKey.bytes)
  expect(devicePublicKeyOf(parseDeviceId(key.publicKey.id)).bytes).toEqual(key.publicKey.bytes)
  expect(await key.publicKey.verify(label, message, await copy.sign(label, message))).toBe(true)
})

test('the caller may wipe what it passed in', async () => {
  const seed = Buffer.from(vectors.deviceSeed, 'hex')
  const key = await deviceKeyFromSeed(seed)
  const bytes = Buffer.from(key.publicKey.bytes)
  const publicKey = importDevicePublicKey(bytes)
  seed.fill(0)
  bytes.fill(0)
  expect(toHex(key.seed)).toBe(vectors.deviceSeed)
  expect(toHex(publicKey.bytes)).toBe(vectors.devicePublicKey)
})

describe('refused with KeyMalformed', () => {
  test.each([0, 31, 33, 64])('seed or key of %d bytes', async (bytes) => {
    await expect(deviceKeyFromSeed(new Uint8Array(bytes))).rejects.toEqual(KEY_MALFORMED)
    expect(() => importDevicePublicKey(new Uint8Array(bytes))).toThrow(KEY_MALFORMED)
  })

  // The encodings that "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020), table 6, lists.
  test.each([
    ['small order', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['small order', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['small order', '0000000000000000000000000000000000000000000000000000000000000080'],
    ['small order', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['small order', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['small order', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
    ['small order', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['small order', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
    ['second spelling', '0100000000000000000000000000000000000000000000000000000000000080'],
    ['second spelling', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
    ['second spelling', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['second spelling', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
    ['second spelling', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['second spelling', 'f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
  ])('%s %s', (_, hex) => {
    expect(() => importDevicePublicKey(fromHex(hex))).toThrow(KEY_MALFORMED)
  })

  test.each(['', 'ab', vectors.devicePublicKey.toUpperCase(), `${vectors.devicePublicKey} `])('id %j', (text) => {
    expect(() => parseDeviceId(text)).toThrow(KEY_MALFORMED)
  })
})
