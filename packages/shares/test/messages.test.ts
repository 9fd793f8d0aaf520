import { readFileSync } from 'node:fs'
import { type Fingerprint, fromHex, importRsaPublicKey, toHex } from '@bitdust/crypto'
import { describe, expect, test } from 'vitest'
import { publicKeyProof } from '../src/audit/transcript.ts'
import { filesReply, filesRequest, keyRequest, proveKeyRequest, storedGrant } from '../src/protocol/messages.ts'
import { vectorsText } from './make-vectors.ts'

interface Vectors {
  readonly messages: Readonly<Record<string, { readonly value: unknown; readonly hex: string }>>
  readonly publicKeyProof: { readonly publicKey: string; readonly parties: never; readonly hex: string }
}

const file = readFileSync(new URL('vectors/messages-v1.json', import.meta.url), 'utf8')
const vectors: Vectors = JSON.parse(file, (_, value) =>
  typeof value === 'object' && value !== null && 'bytes' in value ? fromHex(value.bytes) : value,
)
const messages = { proveKeyRequest, keyRequest, filesRequest, filesReply, storedGrant }
const names = Object.keys(messages) as (keyof typeof messages)[]

describe('vectors', () => {
  test('are what their script writes', () => {
    expect(file).toBe(vectorsText)
  })

  test.each(names)('%s is read and written as ever', (name) => {
    const { value, hex } = vectors.messages[name]!
    const message = messages[name] as {
      encode(value: unknown): Uint8Array
      decode(b: Uint8Array, max: number): unknown
    }
    expect(toHex(message.encode(value))).toBe(hex)
    expect(message.decode(fromHex(hex), 65_536)).toEqual(value)
  })

  test('the proof of a public part is as ever', async () => {
    const { publicKey, parties, hex } = vectors.publicKeyProof
    const key = await importRsaPublicKey(publicKey)
    const question = vectors.messages.proveKeyRequest!.value as never
    expect(toHex(publicKeyProof(key, parties, question))).toBe(hex)
  })
})

describe('bad input', () => {
  const question = {
    owner: 'a'.repeat(64) as Fingerprint,
    alias: 'group_abc',
    generation: 1,
    part: 'private' as const,
    nonce: new Uint8Array(32),
    expires: 0,
  }

  test.each([
    ['alias', { alias: '../x' }],
    ['alias', { alias: 'x'.repeat(51) }],
    ['generation', { generation: 0 }],
    ['nonce', { nonce: new Uint8Array(31) }],
    ['part', { part: 'both' as 'public' }],
    ['expires', { expires: -1 }],
  ])('T49 a question with a bad %s is refused', (field, change) => {
    expect(() => proveKeyRequest.encode({ ...question, ...change })).toThrow(new RegExp(`message\\.${field}`))
  })

  test.each(['/etc/passwd', '../x', 'a//b', 'a/./b', '', 'a\u0000b'])('a list with the path %j is refused', (path) => {
    const files = [{ path, kind: 'file', size: 1 } as const]
    expect(() => filesRequest.encode({ alias: 'group_abc', files, complete: true })).toThrow(/files\[0\]\.path/)
  })
})
