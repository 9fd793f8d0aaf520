import { flipBits, testKeys } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  decryptEntry,
  ENTRY_OVERHEAD_BYTES,
  encryptEntry,
  fromHex,
  importRsaPrivateKey,
  isBitdustError,
  openSealed,
  type RsaPrivateKey,
  sealOverhead,
  sealTo,
} from '../src/index.ts'
import keyVectors from './vectors/keys-v1.json' with { type: 'json' }
import vectors from './vectors/secret-box-v1.json' with { type: 'json' }

const { label } = vectors
const context = fromHex(vectors.context)
const plaintext = fromHex(vectors.plaintext)

const failure = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return isBitdustError(error) ? error.code : String(error)
}

describe('sealing to a public key', () => {
  let key: RsaPrivateKey
  let other: RsaPrivateKey

  beforeAll(async () => {
    key = await importRsaPrivateKey(testKeys[2048][0])
    other = await importRsaPrivateKey(testKeys[2048][1])
  })

  test('vector of another implementation', async () => {
    expect(await openSealed(key, label, fromHex(keyVectors.sealed), context)).toEqual(plaintext)
  })

  test('open undoes seal, and the size is known beforehand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2_000 }),
        fc.string(),
        fc.uint8Array(),
        async (input, anyLabel, anyContext) => {
          const sealed = await sealTo(key.publicKey, anyLabel, input, anyContext)
          expect(sealed.length).toBe(input.length + sealOverhead(2048))
          expect(await openSealed(key, anyLabel, sealed, anyContext)).toEqual(input)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('two seals of the same bytes have nothing in common', async () => {
    const [a, b] = await Promise.all([sealTo(key.publicKey, label, plaintext), sealTo(key.publicKey, label, plaintext)])
    expect(a.slice(3)).not.toEqual(b.slice(3))
    expect(a.slice(-plaintext.length - 16)).not.toEqual(b.slice(-plaintext.length - 16))
  })

  test('another key, label or context is KeyUnlockFailed', async () => {
    const sealed = await sealTo(key.publicKey, label, plaintext, context)
    expect(await failure(openSealed(other, label, sealed, context))).toBe('KeyUnlockFailed')
    expect(await failure(openSealed(key, 'bitdust/other/v1', sealed, context))).toBe('KeyUnlockFailed')
    expect(await failure(openSealed(key, label, sealed))).toBe('KeyUnlockFailed')
  })

  test('every damaged byte and every length is refused', async () => {
    const sealed = await sealTo(key.publicKey, label, plaintext, context)
    for (let i = 0; i < sealed.length; i++) {
      const damaged = sealed.map((byte, at) => (at === i ? byte ^ 1 : byte))
      const code = i === 0 ? 'VersionUnsupported' : 'KeyUnlockFailed'
      expect(await failure(openSealed(key, label, damaged, context)), `byte ${i}`).toBe(code)
    }
    for (let length = 0; length < sealed.length; length += 9) {
      expect(await failure(openSealed(key, label, sealed.subarray(0, length), context)), `${length} bytes`).toBe(
        'KeyUnlockFailed',
      )
    }
  })

  test('a wrapped key of another length is KeyUnlockFailed', async () => {
    const short = { wrap: async () => key.publicKey.wrap(label, new Uint8Array(16)) }
    const sealed = await sealTo(short, label, plaintext)
    expect(await failure(openSealed(key, label, sealed))).toBe('KeyUnlockFailed')
  })
})

describe('entries under a shared secret', () => {
  const secret = fromHex(vectors.secret)

  test('vector of another implementation', async () => {
    expect(await decryptEntry(secret, label, fromHex(vectors.entry), context)).toEqual(plaintext)
  })

  test('decrypt undoes encrypt, and the size is known beforehand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2_000 }),
        fc.string(),
        fc.uint8Array(),
        async (input, anyLabel, anyContext) => {
          const entry = await encryptEntry(secret, anyLabel, input, anyContext)
          expect(entry.length).toBe(input.length + ENTRY_OVERHEAD_BYTES)
          expect(await decryptEntry(secret, anyLabel, entry, anyContext)).toEqual(input)
        },
      ),
    )
  })

  test('two entries of the same bytes have nothing in common', async () => {
    const [a, b] = await Promise.all([encryptEntry(secret, label, plaintext), encryptEntry(secret, label, plaintext)])
    expect(a.slice(1, 33)).not.toEqual(b.slice(1, 33))
    expect(a.slice(33)).not.toEqual(b.slice(33))
  })

  test('another secret, label or context is BlockAuthFailed', async () => {
    const entry = await encryptEntry(secret, label, plaintext, context)
    expect(await failure(decryptEntry(new Uint8Array(32), label, entry, context))).toBe('BlockAuthFailed')
    expect(await failure(decryptEntry(secret, 'bitdust/other/v1', entry, context))).toBe('BlockAuthFailed')
    expect(await failure(decryptEntry(secret, label, entry))).toBe('BlockAuthFailed')
  })

  test('every damaged bit and every length is refused', async () => {
    const entry = fromHex(vectors.entry)
    for (const { index, bytes } of flipBits(entry)) {
      const code = index === 0 ? 'VersionUnsupported' : 'BlockAuthFailed'
      expect(await failure(decryptEntry(secret, label, bytes, context))).toBe(code)
    }
    for (let length = 0; length < entry.length; length++) {
      expect(await failure(decryptEntry(secret, label, entry.subarray(0, length), context))).toBe('BlockAuthFailed')
    }
  })
})
