import { BLOCK_FORM_BYTES, MAX_BLOCK_BYTES } from '@bitdust/records'
import { zstd } from '#zstd'
import { UpkeepError } from './errors.ts'
import { frameSize } from './zstd/frame-size.ts'

// What is sealed as a block:  offset 0: form u8 · 1: bytes.
// Form 0: the bytes as they are. Form 1: one zstd frame (RFC 8878) which names the size of its content.

const AS_IT_IS = 0
const ZSTD = 1

/** Compression is worth it when at least this part is saved; else reading would cost more than it gives. */
const MIN_SAVED = 1 / 16
/** Blocks from this size on are not compressed before three samples of them could be; in bytes. */
const SAMPLED_BYTES = 64 * 1024
const SAMPLE_BYTES = 4 * 1024

/**
 * Gives a block its form before it is sealed, compressed where that saves enough. Data that cannot be compressed costs no
 * more than a sample of 12 KiB. Only Node compresses; every platform reads both forms.
 *
 * @param slot - One byte of any value, then at most 8 MiB of plaintext. It is written to and belongs to the result.
 * @returns The start of `slot`, or all of it.
 * @throws {UpkeepError} `LimitExceeded` above 8 MiB.
 */
export async function encodeBlockForm(slot: Uint8Array): Promise<Uint8Array> {
  const plaintext = slot.subarray(BLOCK_FORM_BYTES)
  if (plaintext.length > MAX_BLOCK_BYTES)
    throw new UpkeepError('LimitExceeded', `block of ${plaintext.length} bytes, limit is ${MAX_BLOCK_BYTES}`)
  const frame = zstd.compress !== null && looksCompressible(plaintext) ? await zstd.compress(plaintext) : null
  if (frame === null || frame.length > mostWorthwhile(plaintext.length)) {
    slot[0] = AS_IT_IS
    return slot
  }
  slot[0] = ZSTD
  slot.set(frame, BLOCK_FORM_BYTES)
  return slot.subarray(0, BLOCK_FORM_BYTES + frame.length)
}

/**
 * The plaintext of an opened block; undoes {@link encodeBlockForm}. Whoever wrote the block is not trusted: however few
 * bytes it has, never more than 8 MiB come of it, nor is more memory than that and the window held for it.
 *
 * @returns A view of `formed`, or a new array.
 * @throws {UpkeepError} `BlockAuthFailed`: no known form, not one whole zstd frame, one without size or with a false one,
 *   more than 8 MiB.
 */
export async function decodeBlockForm(formed: Uint8Array): Promise<Uint8Array> {
  const body = formed.subarray(BLOCK_FORM_BYTES)
  if (formed[0] === AS_IT_IS) {
    if (body.length > MAX_BLOCK_BYTES) throw wrongForm(`${body.length} bytes, limit is ${MAX_BLOCK_BYTES}`)
    return body
  }
  if (formed[0] !== ZSTD) throw wrongForm(`form ${formed[0] ?? 'missing'} is not known`)
  const size = frameSize(body, MAX_BLOCK_BYTES)
  if (size === null || size === 0) throw wrongForm('not one whole zstd frame of 1 byte to 8 MiB')
  const plaintext = await zstd.decompress(body, size).catch((cause: unknown) => {
    throw wrongForm('the zstd frame does not decompress to what it says', cause)
  })
  if (plaintext.length !== size) throw wrongForm(`the zstd frame has ${plaintext.length} bytes, it says ${size}`)
  return plaintext
}

function looksCompressible(plaintext: Uint8Array): boolean {
  if (plaintext.length < SAMPLED_BYTES) return plaintext.length > 0
  const sample = new Uint8Array(3 * SAMPLE_BYTES)
  const last = plaintext.length - SAMPLE_BYTES
  for (const [index, from] of [0, Math.floor(last / 2), last].entries())
    sample.set(plaintext.subarray(from, from + SAMPLE_BYTES), index * SAMPLE_BYTES)
  return zstd.sample(sample) <= mostWorthwhile(sample.length)
}

/** Most bytes of a frame that is worth it. */
function mostWorthwhile(bytes: number): number {
  return bytes * (1 - MIN_SAVED)
}

function wrongForm(problem: string, cause?: unknown): UpkeepError {
  return new UpkeepError('BlockAuthFailed', `block: ${problem}`, cause === undefined ? {} : { cause })
}
