import { type RsaPrivateKey, toHex, utf8Encode } from '@bitdust/crypto'
import { flipBits } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  CLOCK_GRACE_MS,
  ENROLMENT_ANSWER_LIFETIME_MS,
  ENROLMENT_REQUEST_LIFETIME_MS,
  type EnrolmentAnswer,
  type EnrolmentGift,
  enrolmentAddress,
  enrolmentAnswerRecord,
  enrolmentCode,
  enrolmentCodeBytes,
  enrolmentHash,
  enrolmentLetterRecord,
  enrolmentRequestRecord,
  enrolmentWordsHash,
  isRecordError,
  MAX_ENROLLED_KEYS,
  MAX_ENROLMENT_ANSWER_BYTES,
  MAX_ENROLMENT_LETTER_BYTES,
  openEnrolmentGift,
  openEnrolmentLetter,
  parseEnrolmentCode,
  requireFreshLetter,
  sealEnrolmentGift,
  sealEnrolmentLetter,
  verifyEnrolmentAnswer,
  verifyEnrolmentRequest,
} from '../src/index.ts'
import { type Cast, createCast, createSamples, filled, NOW } from './samples.ts'

let cast: Cast
let request: Uint8Array

const invalid = { name: 'RecordError', code: 'RecordInvalid' }
const expired = { name: 'RecordError', code: 'RecordExpired' }
const unsigned = { name: 'RecordError', code: 'SignatureInvalid' }

beforeAll(async () => {
  cast = await createCast()
  request = await requestOf({})
})

async function requestOf(change: object): Promise<Uint8Array> {
  const body = { device: cast.laptop.publicKey.id, encryptionKey: cast.share.publicKey.spki, label: 'laptop' }
  return (await enrolmentRequestRecord.sign({ ...body, created: NOW, ...change }, cast.laptop)).bytes
}

async function answerOf(change: Partial<EnrolmentAnswer> = {}, key: RsaPrivateKey = cast.alice): Promise<Uint8Array> {
  const samples = await createSamples(cast)
  const body = samples.find(({ name }) => name === 'enrolment-answer')?.body as EnrolmentAnswer
  return (await enrolmentAnswerRecord.sign({ ...body, ...change }, key)).bytes
}

describe('codes', () => {
  const requests = fc.uint8Array({ maxLength: 300 })

  test('a code is 100 bits of the hash of the request, and reads back however it is typed', () => {
    const separators = fc.constantFrom('', ' ', '-', ' - ')
    fc.assert(
      fc.property(requests, separators, fc.boolean(), (bytes, separator, lower) => {
        const code = enrolmentCode(bytes)
        expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/)
        const typed = code.replaceAll('-', separator).replaceAll('0', 'O').replaceAll('1', 'l')
        const parsed = parseEnrolmentCode(lower ? typed.toLowerCase() : typed)
        expect(parsed).toEqual(enrolmentCodeBytes(bytes))
        expect(toHex(parsed)).toBe(`${enrolmentHash(bytes).slice(0, 25)}0`)
      }),
    )
  })

  test('I and L are 1, O is 0, also in lower case', () => {
    const expected = parseEnrolmentCode('11111-00000-11111-00000')
    expect(parseEnrolmentCode(' iIlL1 oO0-oO 1lLiI 00000 ')).toEqual(expected)
    expect(toHex(parseEnrolmentCode('ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ'))).toBe(`${'f'.repeat(25)}0`)
  })

  test('everything else is refused, and not repeated', () => {
    const wrong = [
      '',
      'ABCDE-FGHJK-MNPQR-STVW',
      'ABCDE-FGHJK-MNPQR-STVWXY',
      'ABCDE-FGHJK-MNPQR-STVWU',
      'x'.repeat(10_000),
    ]
    wrong.push(
      'ABCDE_FGHJK_MNPQR_STVWX',
      'ÀBCDE-FGHJK-MNPQR-STVWX',
      '٠٠٠٠٠-00000-00000-00000',
      'ﬀﬀﬀﬀﬀ-00000-00000-00000',
    )
    for (const text of wrong) expect(() => parseEnrolmentCode(text)).toThrow(expect.objectContaining(invalid))
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          expect(parseEnrolmentCode(text)).toHaveLength(13)
        } catch (error) {
          expect(isRecordError(error, 'RecordInvalid')).toBe(true)
        }
      }),
    )
  })

  test('words differ for another request and another owner', () => {
    const [owner, other] = [cast.alice.publicKey.fingerprint, cast.mallory.publicKey.fingerprint]
    const hashes = [
      enrolmentWordsHash({ request: enrolmentHash(request), owner }),
      enrolmentWordsHash({ request: enrolmentHash(request), owner: other }),
      enrolmentWordsHash({ request: enrolmentHash(filled(9, 1)), owner }),
    ]
    expect(new Set(hashes.map(toHex)).size).toBe(3)
    expect(hashes.every((hash) => hash.length === 32)).toBe(true)
  })
})

describe('requests', () => {
  test('are verified with their keys', async () => {
    const verified = await verifyEnrolmentRequest(request, NOW)
    expect(verified.deviceKey.id).toBe(cast.laptop.publicKey.id)
    expect(verified.encryptionKey.fingerprint).toBe(cast.share.publicKey.fingerprint)
  })

  test('count for an hour, give or take one', async () => {
    const end = NOW + ENROLMENT_REQUEST_LIFETIME_MS + CLOCK_GRACE_MS
    await verifyEnrolmentRequest(request, end)
    await expect(verifyEnrolmentRequest(request, end + 1)).rejects.toMatchObject(expired)
    await verifyEnrolmentRequest(request, NOW - CLOCK_GRACE_MS)
    await expect(verifyEnrolmentRequest(request, NOW - CLOCK_GRACE_MS - 1)).rejects.toMatchObject(invalid)
  })

  test('of others, with bad keys or with labels that do not print are refused', async () => {
    await expect(requestOf({ device: cast.server.publicKey.id })).rejects.toMatchObject(unsigned)
    for (const label of ['x'.repeat(65), 'a\nb', 'a\u202eb', 'a\u0000'])
      await expect(requestOf({ label })).rejects.toMatchObject(invalid)
    const broken = await requestOf({ encryptionKey: filled(40, 8) })
    await expect(verifyEnrolmentRequest(broken, NOW)).rejects.toMatchObject(invalid)
    const zero = { device: '0'.repeat(64) }
    const { bytes } = await enrolmentRequestRecord.sign(
      { ...enrolmentRequestRecord.open(request).body, ...zero } as never,
      {},
    )
    await expect(verifyEnrolmentRequest(bytes, NOW)).rejects.toMatchObject(invalid)
  })
})

describe('answers', () => {
  test('are verified with the key inside, which must be the owner’s', async () => {
    const verified = await verifyEnrolmentAnswer(await answerOf(), NOW)
    expect(verified.ownerKey.fingerprint).toBe(cast.alice.publicKey.fingerprint)
    const wrongKey = await answerOf({ ownerKey: cast.mallory.publicKey.spki })
    await expect(verifyEnrolmentAnswer(wrongKey, NOW)).rejects.toMatchObject(invalid)
    await expect(verifyEnrolmentAnswer(await answerOf({ ownerKey: filled(9, 1) }), NOW)).rejects.toMatchObject(invalid)
    await expect(answerOf({}, cast.mallory)).rejects.toMatchObject(unsigned)
  })

  test('count for a day, give or take an hour', async () => {
    const answer = await answerOf()
    const end = NOW + ENROLMENT_ANSWER_LIFETIME_MS + CLOCK_GRACE_MS
    await verifyEnrolmentAnswer(answer, end)
    await expect(verifyEnrolmentAnswer(answer, end + 1)).rejects.toMatchObject(expired)
  })
})

describe('what is given', () => {
  const place = () => ({
    device: cast.laptop.publicKey.id,
    request: enrolmentHash(request),
    owner: cast.alice.publicKey.fingerprint,
  })
  const giftOf = (count: number, bytes = 1800): EnrolmentGift => ({
    idurl: 'http://first-machine.com/alice.xml' as EnrolmentGift['idurl'],
    keys: Array.from({ length: count }, (_, i) => ({
      keyId: `share_${i}$alice@first-machine.com`,
      creator: cast.alice.publicKey.fingerprint,
      generation: 1,
      label: '',
      privateKey: filled(bytes, i),
    })),
  })

  test('opens with the encryption key of the device, in its place', async () => {
    const gift = giftOf(3)
    const sealed = await sealEnrolmentGift(cast.share.publicKey, place(), gift)
    const answer = enrolmentAnswerRecord.open(await answerOf({ ...place(), sealed })).body
    expect(await openEnrolmentGift(cast.share, answer)).toEqual(gift)
    const locked = { name: 'CryptoError', code: 'KeyUnlockFailed' }
    await expect(openEnrolmentGift(cast.bob, answer)).rejects.toMatchObject(locked)
    const moved: Partial<EnrolmentAnswer>[] = [
      { device: cast.server.publicKey.id },
      { request: enrolmentHash(filled(3, 3)) },
      { owner: cast.bob.publicKey.fingerprint },
    ]
    for (const change of moved)
      await expect(openEnrolmentGift(cast.share, { ...answer, ...change })).rejects.toMatchObject(locked)
  })

  test('no bit of it can be changed', async () => {
    const sealed = await sealEnrolmentGift(cast.share.publicKey, place(), giftOf(0))
    const answer = enrolmentAnswerRecord.open(await answerOf({ ...place(), sealed })).body
    for (const { bytes, index, bit } of flipBits(sealed)) {
      if (bit !== index % 8) continue
      await expect(openEnrolmentGift(cast.share, { ...answer, sealed: bytes })).rejects.toMatchObject({
        name: 'CryptoError',
      })
    }
  })

  test('seven keys of 3072 bits fit into an answer and its letter; too many are LimitExceeded', async () => {
    const sealed = await sealEnrolmentGift(cast.share.publicKey, place(), giftOf(6))
    const answer = await answerOf({ ...place(), sealed })
    const letter = await sealEnrolmentLetter(filled(13, 1), { purpose: 'answer', created: NOW, content: answer })
    expect(letter.bytes.length).toBeLessThanOrEqual(MAX_ENROLMENT_LETTER_BYTES)
    const limit = { name: 'RecordError', code: 'LimitExceeded' }
    const tooMany = [giftOf(9), giftOf(MAX_ENROLLED_KEYS + 1, 10)]
    for (const gift of tooMany)
      await expect(sealEnrolmentGift(cast.share.publicKey, place(), gift)).rejects.toMatchObject(limit)
  })

  test('the largest answer fits into a letter', async () => {
    const content = filled(MAX_ENROLMENT_ANSWER_BYTES, 1)
    const { bytes } = await sealEnrolmentLetter(filled(13, 1), { purpose: 'answer', created: NOW, content })
    expect(bytes.length).toBeLessThanOrEqual(MAX_ENROLMENT_LETTER_BYTES)
  })
})

describe('letters', () => {
  const code = filled(13, 0xa0)
  const seal = () => sealEnrolmentLetter(code, { purpose: 'request', created: NOW, content: request })

  test('are opened by those who know the code', async () => {
    const letter = enrolmentLetterRecord.open((await seal()).bytes)
    expect(letter.body.address).toBe(await enrolmentAddress(code))
    expect(await openEnrolmentLetter(code, letter.body)).toEqual(request)
    const refused = { name: 'CryptoError', code: 'BlockAuthFailed' }
    await expect(openEnrolmentLetter(filled(13, 0xb0), letter.body)).rejects.toMatchObject(refused)
    await expect(openEnrolmentLetter(code, { ...letter.body, purpose: 'answer' })).rejects.toMatchObject(refused)
  })

  test('tell nothing of what is inside to others', async () => {
    const { bytes } = await seal()
    for (const secret of [cast.laptop.publicKey.bytes, utf8Encode('laptop'), code])
      expect(toHex(bytes)).not.toContain(toHex(secret))
  })

  test('each purpose counts for its time', async () => {
    const { body } = await seal()
    const answer = { ...body, purpose: 'answer' as const }
    const [hour, day] = [ENROLMENT_REQUEST_LIFETIME_MS, ENROLMENT_ANSWER_LIFETIME_MS].map((ms) => NOW + ms)
    requireFreshLetter(body, hour! + CLOCK_GRACE_MS)
    expect(() => requireFreshLetter(body, hour! + CLOCK_GRACE_MS + 1)).toThrow(expect.objectContaining(expired))
    requireFreshLetter(answer, day!)
    expect(() => requireFreshLetter(answer, day! + CLOCK_GRACE_MS + 1)).toThrow(expect.objectContaining(expired))
    expect(() => requireFreshLetter(body, NOW - CLOCK_GRACE_MS - 1)).toThrow(expect.objectContaining(invalid))
  })

  test('codes of another length are refused', async () => {
    await expect(enrolmentAddress(filled(12, 1)).catch((error) => error)).resolves.toMatchObject(invalid)
  })
})
