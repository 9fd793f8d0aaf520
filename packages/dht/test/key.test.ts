import { fromHex, parseFingerprint, toHex, utf8Decode } from '@bitdust/crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeDhtKey, encodeDhtKey } from '../src/key.ts'
import { encodeDhtValue } from '../src/value.ts'

const fingerprints = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => parseFingerprint(toHex(bytes)))

test('a key names what and whose, and reads back', () => {
  fc.assert(
    fc.property(fc.constantFrom('identity' as const, 'family' as const), fingerprints, (kind, fingerprint) => {
      expect(decodeDhtKey(encodeDhtKey({ kind, fingerprint }))).toEqual({ kind, fingerprint })
    }),
  )
})

test('the bytes of a key are pinned: old nodes must find what new ones publish', () => {
  const fingerprint = parseFingerprint('0123456789abcdef'.repeat(4))
  expect(utf8Decode(encodeDhtKey({ kind: 'identity', fingerprint }))).toBe(
    `/bd-identity/${'0123456789abcdef'.repeat(4)}`,
  )
  expect(utf8Decode(encodeDhtKey({ kind: 'family', fingerprint }))).toBe(`/bd-family/${'0123456789abcdef'.repeat(4)}`)
})

test('the bytes of a value are pinned, too', () => {
  const fingerprint = parseFingerprint('0123456789abcdef'.repeat(4))
  const [record, ownerKey] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]
  const identity = encodeDhtValue({ kind: 'identity', fingerprint }, { record, ownerKey: null })
  expect(identity).toEqual(fromHex('83 01 68 6964656e74697479 43 010203'.replaceAll(' ', '')))
  const family = encodeDhtValue({ kind: 'family', fingerprint }, { record, ownerKey })
  expect(family).toEqual(fromHex('84 01 66 66616d696c79 43 010203 42 0405'.replaceAll(' ', '')))
})

test('no other bytes are a key', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeDhtKey(bytes)).toThrow('not a key of this network')
    }),
  )
})
