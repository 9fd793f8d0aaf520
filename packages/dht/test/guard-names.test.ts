import { type DeviceKey, deviceKeyFromSeed, encodeCanonical, type RsaPrivateKey } from '@bitdust/crypto'
import {
  CLOCK_GRACE_MS,
  enrolmentAddress,
  enrolmentCodeBytes,
  enrolmentLetterRecord,
  MAX_ENROLMENT_ANSWER_BYTES,
  NICKNAME_LIFETIME_MS,
  nicknameId,
  nicknameRecord,
  sealEnrolmentLetter,
} from '@bitdust/records'
import { createVirtualClock, flipBits } from '@bitdust/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { createGuard, type Guard } from '../src/guard.ts'
import { type DhtName, encodeDhtKey } from '../src/key.ts'
import { MAX_HOLDERS, MAX_VALUE_BYTES } from '../src/limits.ts'
import { memorySequenceStore } from '../src/sequences.ts'
import { encodeDhtValue, encodeHolders } from '../src/value.ts'
import { testKey } from './support/keys.ts'
import { answerOf, identityOf, nicknameOf, requestOf } from './support/records.ts'

const HOUR_MS = 3_600_000
const clock = createVirtualClock()
const NOW = clock.now()
const nickname: DhtName = { kind: 'nickname', id: nicknameId('Alice') }
let keys: RsaPrivateKey[]
let device: DeviceKey
let request: Uint8Array
let code: Uint8Array
let asked: DhtName
let answered: DhtName

beforeAll(async () => {
  keys = await Promise.all([0, 1, 2, 3].map(testKey))
  device = await deviceKeyFromSeed(new Uint8Array(32).fill(1))
  request = await requestOf(device, keys[3]!, NOW)
  code = enrolmentCodeBytes(request)
  asked = { kind: 'enrolment-request', id: await enrolmentAddress(code) }
  answered = { kind: 'enrolment-answer', id: asked.id }
})

const newGuard = (at = clock) => createGuard({ sequences: memorySequenceStore(), allowPrivate: true, clock: at })

async function check(name: DhtName, value: Uint8Array, guard: Guard = newGuard()): Promise<string> {
  return guard.check(encodeDhtKey(name), value).then(
    () => 'admitted',
    (error: { name?: string; code?: string }) => (error.name === 'DhtError' ? `${error.code}` : `not ours: ${error}`),
  )
}

const holder = (index: number, change: Parameters<typeof nicknameOf>[1] = {}) =>
  nicknameOf(keys[index]!, { created: NOW, ...change })

async function letter(created: number, purpose: 'request' | 'answer' = 'request', of = code): Promise<Uint8Array> {
  const content = purpose === 'request' ? request : await answerOf(keys[0]!, request, { created: NOW })
  return (await sealEnrolmentLetter(of, { purpose, created, content })).bytes
}

const requestValue = async (created = NOW) => encodeDhtValue('enrolment-request', await letter(created))

describe('T56 nicknames', () => {
  test('several holders stand under one, each with his own key', async () => {
    const value = encodeHolders([await holder(0), await holder(1, { nickname: 'aLICE' })])
    expect(await newGuard().check(encodeDhtKey(nickname), value)).toMatchObject([
      { owner: keys[0]!.publicKey.fingerprint },
      { owner: keys[1]!.publicKey.fingerprint },
    ])
  })

  test('refused: unsigned, signed by another, of another nickname, expired, of the future', async () => {
    const body = nicknameRecord.open(await holder(0)).body
    const unsigned = (await nicknameRecord.sign(body, {})).bytes
    const foreign = await holder(0, { ownerKey: keys[1]!.publicKey.spki })
    expect(await check(nickname, encodeHolders([unsigned]))).toBe('RecordInvalid')
    expect(await check(nickname, encodeHolders([foreign]))).toBe('RecordInvalid')
    expect(await check(nickname, encodeHolders([await holder(0, { nickname: 'Bob' })]))).toBe('RecordInvalid')
    const old = await holder(0, { created: NOW - NICKNAME_LIFETIME_MS - CLOCK_GRACE_MS - 1 })
    expect(await check(nickname, encodeHolders([old]))).toBe('RecordExpired')
    const early = await holder(0, { created: NOW + CLOCK_GRACE_MS + 1 })
    expect(await check(nickname, encodeHolders([early]))).toBe('RecordInvalid')
  })

  test('one who breaks the rule does not hide the others, since they did not choose him', async () => {
    const value = encodeHolders([await holder(0, { nickname: 'Bob' }), await holder(1), new Uint8Array(9)])
    expect(await newGuard().check(encodeDhtKey(nickname), value)).toMatchObject([
      { owner: keys[1]!.publicKey.fingerprint },
    ])
  })

  test('refused: other forms, too many, 16 KiB + 1', async () => {
    const one = await holder(0)
    const refused = [
      encodeCanonical([1, 'nickname', one]),
      encodeCanonical([1, 'nickname', [one], keys[0]!.publicKey.spki]),
      encodeCanonical([2, 'nickname', [one]]),
      encodeCanonical([1, 'nickname', ['text']]),
      encodeHolders([]),
      encodeHolders(Array.from({ length: MAX_HOLDERS + 1 }, () => Uint8Array.of(1))),
      await requestValue(),
      encodeDhtValue('identity', await identityOf(keys[0]!, 1)),
    ]
    for (const value of refused) expect(await check(nickname, value)).toBe('RecordInvalid')
    expect(await check(nickname, new Uint8Array(MAX_VALUE_BYTES + 1))).toBe('LimitExceeded')
  })

  test('with a bit of any byte changed', async () => {
    const value = encodeHolders([await holder(0)])
    const guard = newGuard()
    for (const { index, bit, bytes } of flipBits(value))
      if (bit === index % 8) expect(await check(nickname, bytes, guard), `${index}`).toBe('RecordInvalid')
  })
})

describe('T56 enrolments', () => {
  test('letters lie where their code leads', async () => {
    expect(await check(asked, await requestValue())).toBe('admitted')
    expect(await check(answered, encodeDhtValue('enrolment-answer', await letter(NOW, 'answer')))).toBe('admitted')
  })

  test('refused: unsigned, by who does not know the code, of the other purpose, under another type', async () => {
    const { body } = enrolmentLetterRecord.open(await letter(NOW))
    const unsigned = await enrolmentLetterRecord.sign(body, {})
    expect(await check(asked, encodeDhtValue('enrolment-request', unsigned.bytes))).toBe('RecordInvalid')
    const ownAddress = await enrolmentLetterRecord.sign({ ...body, address: device.publicKey.id }, device)
    expect(await check(asked, encodeDhtValue('enrolment-request', ownAddress.bytes))).toBe('RecordInvalid')
    const otherCode = await letter(NOW, 'request', new Uint8Array(13))
    expect(await check(asked, encodeDhtValue('enrolment-request', otherCode))).toBe('RecordInvalid')
    const answer = await letter(NOW, 'answer')
    expect(await check(asked, encodeDhtValue('enrolment-request', answer))).toBe('RecordInvalid')
    expect(await check(asked, encodeDhtValue('enrolment-answer', answer))).toBe('RecordInvalid')
    expect(await check(answered, await requestValue())).toBe('RecordInvalid')
    expect(await check(asked, encodeDhtValue('enrolment-request', request))).toBe('RecordInvalid')
  })

  test('a point of small order is no address', async () => {
    const zero = { ...enrolmentLetterRecord.open(await letter(NOW)).body, address: '0'.repeat(64) as never }
    const { bytes } = await enrolmentLetterRecord.sign(zero, {})
    const name = { ...asked, id: zero.address }
    expect(await check(name, encodeDhtValue('enrolment-request', bytes))).toBe('RecordInvalid')
  })

  test('refused: an expired one, one of the future', async () => {
    expect(await check(asked, await requestValue(NOW + HOUR_MS))).toBe('admitted')
    expect(await check(asked, await requestValue(NOW - HOUR_MS - CLOCK_GRACE_MS - 1))).toBe('RecordExpired')
    expect(await check(asked, await requestValue(NOW + CLOCK_GRACE_MS + 1))).toBe('RecordInvalid')
    const answer = async (created: number) => encodeDhtValue('enrolment-answer', await letter(created, 'answer'))
    expect(await check(answered, await answer(NOW - 24 * HOUR_MS))).toBe('admitted')
    expect(await check(answered, await answer(NOW - 24 * HOUR_MS - CLOCK_GRACE_MS - 1))).toBe('RecordExpired')
  })

  test('the largest answer fits; 16 KiB + 1 is refused before it is read', async () => {
    const content = new Uint8Array(MAX_ENROLMENT_ANSWER_BYTES)
    const { bytes } = await sealEnrolmentLetter(code, { purpose: 'answer', created: NOW, content })
    expect(await check(answered, encodeDhtValue('enrolment-answer', bytes))).toBe('admitted')
    expect(await check(answered, new Uint8Array(MAX_VALUE_BYTES + 1))).toBe('LimitExceeded')
    expect(await check(answered, encodeDhtValue('enrolment-answer', new Uint8Array(16_000)))).toBe('RecordInvalid')
  })

  test('with a bit of any byte changed', async () => {
    const guard = newGuard()
    for (const { index, bit, bytes } of flipBits(await requestValue()))
      if (bit === index % 8) expect(await check(asked, bytes, guard), `${index}`).toBe('RecordInvalid')
  })
})
