import { type CanonicalValue, decodeCanonical, encodeCanonical, equalBytes, isBitdustError } from '@bitdust/crypto'
import { flipBits } from '@bitdust/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { isRecordError, type Opened } from '../src/index.ts'
import { createCast, createSamples, type Sample } from './samples.ts'

const names = [
  'layout',
  'layout-by-owner',
  'header',
  'members',
  'manifest',
  'journal-entry-first',
  'journal-entry',
  'family',
  'contract',
  'offer',
  'receipt',
  'grant',
  'access-proof',
  'key-audit',
  'nickname',
  'enrolment-request',
  'enrolment-answer',
  'enrolment-letter',
]
/** `pnpm test:long` verifies every flipped bit. */
const LONG = process.env.BITDUST_LONG === '1'
let samples: ReadonlyMap<string, Sample>

beforeAll(async () => {
  const all = await createSamples(await createCast())
  samples = new Map(all.map((sample) => [sample.name, sample]))
})

it('has a sample of every kind', () => {
  expect([...samples.keys()]).toEqual(names)
})

describe.each(names)('%s', (name) => {
  const sampleOf = () => samples.get(name)!

  it('opens what was signed, with the same body', async () => {
    const { kind, body, signers } = sampleOf()
    const signed = await kind.sign(body, signers)
    const opened = kind.open(signed.bytes)
    expect(opened.body).toEqual(body)
    expect(opened).toEqual(signed)
    for (const [role, key] of Object.entries(signers)) await kind.verify(opened, role, key.publicKey)
  })

  it('is refused under any other key', async () => {
    const { kind, body, signers, strangers } = sampleOf()
    const signed = await kind.sign(body, signers)
    for (const [role, key] of Object.entries(strangers)) {
      await expect(kind.verify(signed, role, key)).rejects.toMatchObject({ code: 'SignatureInvalid' })
    }
  })

  it('is refused without a signature', async () => {
    const { kind, body, signers } = sampleOf()
    const unsigned = await kind.sign(body, {})
    for (const [role, key] of Object.entries(signers)) {
      await expect(kind.verify(unsigned, role, key.publicKey)).rejects.toMatchObject({ code: 'SignatureInvalid' })
      const signed = await kind.addSignature(unsigned, role, key)
      await kind.verify(signed, role, key.publicKey)
    }
  })

  it('flip-all never verifies and never throws anything but our errors', { timeout: 120_000 }, async () => {
    const { kind, body, signers } = sampleOf()
    const original = await kind.sign(body, signers)
    for (const { bytes: damaged, index, bit } of flipBits(original.bytes)) {
      const opened = openOrNull(() => kind.open(damaged))
      if (opened === null) continue
      const where = `byte ${index}, bit ${bit}`
      // No bit is outside of what is signed and the signatures themselves ...
      if (sameSigned(opened, original)) expect.unreachable(where)
      // ... and one bit of each byte is put to the test; all of them take longer than a unit test may.
      if (LONG || bit === index % 8) expect(await allVerify(sampleOf(), opened), where).toBe(false)
    }
  })

  it('truncated at every length is refused', async () => {
    const { kind, body, signers } = sampleOf()
    const { bytes } = await kind.sign(body, signers)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => kind.open(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'RecordInvalid' }))
    }
  })

  it('refuses other kinds, versions and fields, and what is too long', async () => {
    const { kind, body, signers } = sampleOf()
    const { bytes } = await kind.sign(body, signers)
    const [, version, fields, signatures] = decodeCanonical(bytes, { maxBytes: kind.maxBytes }) as CanonicalValue[]
    const rewritten = (...items: CanonicalValue[]) => encodeCanonical(items)
    const extra = { ...(fields as Record<string, CanonicalValue>), extra: null }
    const bad: [Uint8Array, string][] = [
      [rewritten('other', version!, fields!, signatures!), 'RecordInvalid'],
      [rewritten(kind.kind, 99, fields!, signatures!), 'VersionUnsupported'],
      [rewritten(kind.kind, '1', fields!, signatures!), 'RecordInvalid'],
      [rewritten(kind.kind, version!, extra, signatures!), 'RecordInvalid'],
      [rewritten(kind.kind, version!, {}, signatures!), 'RecordInvalid'],
      [rewritten(kind.kind, version!, fields!, []), 'RecordInvalid'],
      [rewritten(kind.kind, version!, fields!, signatures!, null), 'RecordInvalid'],
      [new Uint8Array(kind.maxBytes + 1), 'LimitExceeded'],
    ]
    for (const [damaged, code] of bad) expect(() => kind.open(damaged)).toThrow(expect.objectContaining({ code }))
  })
})

function openOrNull(open: () => Opened<object>): Opened<object> | null {
  try {
    return open()
  } catch (error) {
    if (!isRecordError(error) && !isBitdustError(error)) throw error
    return null
  }
}

function sameSigned(a: Opened<object>, b: Opened<object>): boolean {
  const [left, right] = [a, b].map(({ signedContent, signatures }) => [signedContent, ...signatures])
  return left!.every((bytes, i) => bytes !== null && right![i] != null && equalBytes(bytes, right![i]))
}

async function allVerify({ kind, signers }: Sample, opened: Opened<object>): Promise<boolean> {
  try {
    for (const [role, key] of Object.entries(signers)) await kind.verify(opened, role, key.publicKey)
    return true
  } catch (error) {
    if (!isRecordError(error, 'SignatureInvalid')) throw error
    return false
  }
}
