import { toHex, utf8Decode, utf8Encode } from '@bitdust/crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DhtKind, decodeDhtKey, encodeDhtKey, NAMESPACES } from '../src/key.ts'
import { encodeDhtValue, encodeHolders } from '../src/value.ts'

const kinds = Object.keys(NAMESPACES) as DhtKind[]
const ids = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)

test('a key names what and whose, and reads back', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), ids, (kind, id) => {
      expect(decodeDhtKey(encodeDhtKey({ kind, id }))).toEqual({ kind, id })
    }),
  )
})

test('the bytes of a key are pinned: old nodes must find what new ones publish', () => {
  const id = '0123456789abcdef'.repeat(4)
  expect(kinds.map((kind) => utf8Decode(encodeDhtKey({ kind, id })))).toEqual([
    `/bd-identity/${id}`,
    `/bd-family/${id}`,
    `/bd-nickname/${id}`,
    `/bd-enrolment-request/${id}`,
    `/bd-enrolment-answer/${id}`,
  ])
})

test('the bytes of a value are pinned, too', () => {
  const [record, ownerKey] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]
  expect(toHex(encodeDhtValue('identity', record))).toBe('8301686964656e7469747943010203')
  expect(toHex(encodeDhtValue('family', record, ownerKey))).toBe('84016666616d696c7943010203420405')
  expect(toHex(encodeHolders([record, ownerKey]))).toBe('8301686e69636b6e616d658243010203420405')
  expect(toHex(encodeDhtValue('enrolment-request', record))).toBe(
    `830171${toHex(utf8Encode('enrolment-request'))}43010203`,
  )
})

test('no other bytes are a key', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeDhtKey(bytes)).toThrow('not a key of this network')
    }),
  )
})
