import { brotliCompressSync, zstdCompressSync } from 'node:zlib'
import { BLOCK_FORM_BYTES, MAX_BLOCK_BYTES } from '@bitdust/records'
import { seededRandom } from '@bitdust/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBlockForm, encodeBlockForm, isUpkeepError } from '../src/index.ts'
import { zstd as web } from '../src/zstd/web.ts'

const MIB = 1024 * 1024
const random = seededRandom('block form')

function slotOf(plaintext: Uint8Array): Uint8Array {
  const slot = new Uint8Array(BLOCK_FORM_BYTES + plaintext.length).fill(0xee)
  slot.set(plaintext, BLOCK_FORM_BYTES)
  return slot
}

function formOf(form: number, body: Uint8Array): Uint8Array {
  return Uint8Array.of(form, ...body)
}

const text = (bytes: number) => new Uint8Array(Buffer.alloc(bytes, 'a line of text that comes again and again\n'))

describe('laws', () => {
  test('reading undoes writing, on every platform', async () => {
    const part = fc.oneof(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 0, max: 9000 }).map(text))
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        const plaintext = new Uint8Array(Buffer.concat(parts))
        const formed = await encodeBlockForm(slotOf(plaintext))
        expect(formed.length).toBeLessThanOrEqual(BLOCK_FORM_BYTES + plaintext.length)
        expect(Buffer.compare(await decodeBlockForm(formed), plaintext)).toBe(0)
        if (formed[0] === 1)
          expect(Buffer.compare(await web.decompress(formed.subarray(1), plaintext.length), plaintext)).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  test('compresses what can be, and leaves the rest as it is', async () => {
    expect((await encodeBlockForm(slotOf(text(4 * MIB)))).length).toBeLessThan(64 * 1024)
    const noise = random(MIB)
    const slot = slotOf(noise)
    const formed = await encodeBlockForm(slot)
    expect([formed[0], formed.length, formed.buffer === slot.buffer]).toEqual([0, MIB + 1, true])
    const fullest = await encodeBlockForm(slotOf(text(MAX_BLOCK_BYTES)))
    expect((await decodeBlockForm(fullest)).length).toBe(MAX_BLOCK_BYTES)
    await expect(encodeBlockForm(new Uint8Array(MAX_BLOCK_BYTES + 2))).rejects.toMatchObject({ code: 'LimitExceeded' })
  })
})

describe('T27 a writer that lies about the form', () => {
  const small = text(5000)
  const frame = new Uint8Array(zstdCompressSync(small))

  test.each<[string, Uint8Array]>([
    ['nothing at all', new Uint8Array(0)],
    ['an unknown form', formOf(2, small)],
    ['form 255', formOf(255, small)],
    ['more than a block', new Uint8Array(MAX_BLOCK_BYTES + 2)],
    ['no frame', formOf(1, small)],
    ['another compression', formOf(1, brotliCompressSync(small))],
    ['an empty frame', formOf(1, zstdCompressSync(new Uint8Array(0)))],
    ['two frames', formOf(1, Uint8Array.of(...frame, ...frame))],
    ['bytes behind the frame', formOf(1, Uint8Array.of(...frame, 0))],
    ['a bomb of 64 MiB', formOf(1, zstdCompressSync(new Uint8Array(64 * MIB)))],
    ['one byte too many', formOf(1, zstdCompressSync(new Uint8Array(MAX_BLOCK_BYTES + 1)))],
  ])('%s is refused', async (_, formed) => {
    await expect(decodeBlockForm(formed)).rejects.toMatchObject({ name: 'UpkeepError', code: 'BlockAuthFailed' })
  })

  test('a frame that says less than it has gives no byte more than it says', async () => {
    const bomb = new Uint8Array(zstdCompressSync(new Uint8Array(4 * MIB)))
    // Descriptor 0x80: the content size is a u32 behind the window byte.
    expect(bomb[4]).toBe(0x80)
    for (const said of [1, 300, MIB, 4 * MIB - 1]) {
      const lying = bomb.slice()
      new DataView(lying.buffer).setUint32(6, said, true)
      await expect(decodeBlockForm(formOf(1, lying))).rejects.toMatchObject({ code: 'BlockAuthFailed' })
    }
  })

  test('a window larger than a block is refused before anything is decompressed', async () => {
    const frameOf = (windowLog: number) =>
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x80, (windowLog - 10) << 3, 1, 0, 0, 0, 0b1001, 0, 0, 0x61)
    expect(await decodeBlockForm(formOf(1, frameOf(23)))).toEqual(Uint8Array.of(0x61))
    const lying = frameOf(27)
    await expect(decodeBlockForm(formOf(1, lying))).rejects.toMatchObject({ code: 'BlockAuthFailed' })
  })

  test('every cut, and every flip of one bit, is refused by name or gives as many bytes as it says', async () => {
    const formed = formOf(1, frame)
    for (let length = 0; length < formed.length; length++)
      await expect(decodeBlockForm(formed.subarray(0, length))).rejects.toMatchObject({ code: 'BlockAuthFailed' })
    for (let bit = 0; bit < 8 * formed.length; bit++) {
      const flipped = formed.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const outcome = await decodeBlockForm(flipped).catch((error: unknown) => error)
      if (outcome instanceof Uint8Array) expect(outcome.length).toBeLessThanOrEqual(MAX_BLOCK_BYTES)
      else expect(isUpkeepError(outcome, 'BlockAuthFailed')).toBe(true)
    }
  })
})
