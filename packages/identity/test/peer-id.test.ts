import { deviceKeyFromSeed, toHex } from '@bitdust/crypto'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase58, encodeBase58 } from '../src/base58.ts'
import { deviceIdOfPeerId, deviceOfPeerId, peerIdOfDevice } from '../src/index.ts'
import { codeOf, expectCode } from './expect-code.ts'

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('peer id', () => {
  test('is the one that libp2p computes', async () => {
    await fc.assert(
      fc.asyncProperty(seed, async (bytes) => {
        const { publicKey } = await deviceKeyFromSeed(bytes)
        const peerId = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', bytes)).toString()
        expect(peerIdOfDevice(publicKey.bytes)).toBe(peerId)
        expect(deviceOfPeerId(peerId)).toEqual(publicKey.bytes)
        expect(deviceIdOfPeerId(peerId)).toBe(publicKey.id)
      }),
      { numRuns: 30 },
    )
  })

  test('of a fixed key', async () => {
    const { publicKey } = await deviceKeyFromSeed(new Uint8Array(32))
    expect(toHex(publicKey.bytes)).toBe('3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29')
    expect(peerIdOfDevice(publicKey.bytes)).toBe('12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN')
  })

  test.each([
    'QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC',
    '16Uiu2HAmTxRvPxbh7cnC6TwtcJZTJYfNj6pTwvXwvr5nKrY1JqXo',
    '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXT',
    '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTNa',
    '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXT0',
    '',
    'a'.repeat(10_000),
  ])('%s is refused', async (text) => {
    await expectCode('KeyMalformed', () => deviceOfPeerId(text))
  })

  test('38 bytes that are not the key of a device are refused', async () => {
    for (const at of [0, 1, 2, 3, 4, 5]) {
      const bytes = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...new Uint8Array(32).fill(7))
      bytes[at] = (bytes[at] ?? 0) ^ 1
      await expectCode('KeyMalformed', () => deviceOfPeerId(encodeBase58(bytes)))
    }
  })

  test('a key of another length is refused', async () => {
    await expectCode('KeyMalformed', () => peerIdOfDevice(new Uint8Array(31)))
    await expectCode('KeyMalformed', () => peerIdOfDevice(new Uint8Array(33)))
  })

  test('law: any text is a peer id that is written the same, or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60 }), async (text) => {
        const code = await codeOf(() => expect(peerIdOfDevice(deviceOfPeerId(text))).toBe(text))
        expect([undefined, 'KeyMalformed']).toContain(code)
      }),
    )
  })
})

describe('base 58', () => {
  test('law: decode undoes encode, leading zeros included', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(3), (bytes, zeros) => {
        const padded = Uint8Array.of(...new Uint8Array(zeros), ...bytes)
        expect(decodeBase58(encodeBase58(padded))).toEqual(padded)
      }),
    )
  })

  test('vectors of the base58 internet draft', () => {
    expect(encodeBase58(new TextEncoder().encode('Hello World!'))).toBe('2NEpo7TZRRrLZSi2U')
    expect(encodeBase58(Uint8Array.of(0, 0, 0x28, 0x7f, 0xb4, 0xcd))).toBe('11233QC4')
  })
})
