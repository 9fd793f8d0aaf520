import { type DeviceKey, equalBytes, generateDeviceKey, type RsaPrivateKey } from '@bitdust/crypto'
import { enrolmentAddress, enrolmentCodeBytes, nicknameId, nicknameRecord, sealEnrolmentLetter } from '@bitdust/records'
import { createVirtualClock } from '@bitdust/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeDhtKey } from '../src/key.ts'
import { encodeDhtValue, encodeHolders } from '../src/value.ts'
import { type Attacker, attack } from './support/attacker.ts'
import { testKey } from './support/keys.ts'
import { join, type Member } from './support/network.ts'
import { answerOf, nicknameOf, requestOf } from './support/records.ts'

const HONEST = 6
const HOOK_TIMEOUT_MS = 60_000
const honest: Member[] = []
let probe: Attacker
let liar: Attacker
let keys: RsaPrivateKey[]
let device: DeviceKey

beforeAll(async () => {
  keys = await Promise.all([0, 1, 2, 3].map(testKey))
  device = await generateDeviceKey()
  const seed = await join([])
  honest.push(seed)
  const seeds = seed.carrier.addresses()
  honest.push(...(await Promise.all(Array.from({ length: HONEST - 1 }, () => join(seeds)))))
  await Promise.all(honest.map(({ dht }) => dht.ready({ peers: 1 })))
  liar = await attack(seeds)
  probe = await attack(seeds, { hidden: true })
}, HOOK_TIMEOUT_MS)

afterAll(async () => {
  await Promise.all(honest.map((member) => member.stop()))
  await Promise.all([liar, probe].map(({ carrier }) => carrier.stop()))
}, HOOK_TIMEOUT_MS)

const dhtOf = (index: number) => honest[index]!.dht
const fingerprintsOf = (records: readonly Uint8Array[]) =>
  records.map((record) => nicknameRecord.open(record).body.owner).toSorted()
const fingerprints = (...indexes: number[]) => indexes.map((index) => keys[index]!.publicKey.fingerprint).toSorted()
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { name?: string; code?: string }) => (error.name === 'DhtError' ? `${error.code}` : `not ours: ${error}`),
  )

describe('nicknames', () => {
  test('several holders stand under one, found in whatever case it is asked for', async () => {
    for (const [index, nickname] of ['Alice', 'alice', 'ＡＬＩＣＥ'.normalize('NFKC')].entries()) {
      const { stored } = await dhtOf(index).publishNickname(await nicknameOf(keys[index]!, { nickname }))
      expect(stored).toBeGreaterThanOrEqual(HONEST - 1)
    }
    for (const reader of [0, 1, 4]) {
      const found = await dhtOf(reader).findNickname('aLiCe')
      expect(fingerprintsOf(found)).toEqual(fingerprints(0, 1, 2))
    }
    expect(await dhtOf(3).findNickname('Nobody')).toEqual([])
  })

  test('the newest record of a holder is found, and an older one is refused everywhere', async () => {
    const now = Date.now()
    const nickname = 'Older and newer'
    const [older, newer] = await Promise.all(
      [now - 1_000, now].map((created) => nicknameOf(keys[0]!, { nickname, created })),
    )
    await dhtOf(0).publishNickname(newer!)
    const key = encodeDhtKey({ kind: 'nickname', id: nicknameId(nickname) })
    for (const { carrier } of honest) expect(await probe.put(carrier, key, encodeHolders([older!]))).toBe(false)
    expect(await dhtOf(4).findNickname(nickname)).toEqual([newer])
  })

  test('T56 what is unsigned, of another, expired, or not alone is not stored', async () => {
    const nickname = 'Guarded'
    const key = encodeDhtKey({ kind: 'nickname', id: nicknameId(nickname) })
    const [one, two] = await Promise.all([0, 1].map((index) => nicknameOf(keys[index]!, { nickname })))
    const unsigned = (await nicknameRecord.sign(nicknameRecord.open(one!).body, {})).bytes
    const refused = [
      encodeHolders([unsigned]),
      encodeHolders([await nicknameOf(keys[0]!, { nickname: 'Other' })]),
      encodeHolders([await nicknameOf(keys[0]!, { nickname, created: Date.now() - 40 * 86_400_000 })]),
      encodeHolders([one!, two!]),
      encodeDhtValue('enrolment-request', one!),
      new Uint8Array(16 * 1024 + 1),
    ]
    for (const value of refused) expect(await probe.put(honest[1]!.carrier, key, value)).toBe(false)
    expect(await probe.stored(honest[1]!.carrier, key)).toBeNull()
    expect(await probe.put(honest[1]!.carrier, key, encodeHolders([one!]))).toBe(true)
  })

  test('a liar neither hides those whom others keep nor adds anybody who did not sign', async () => {
    const nickname = 'Carol'
    for (const index of [0, 1]) await dhtOf(index).publishNickname(await nicknameOf(keys[index]!, { nickname }))
    const forged = (await nicknameRecord.sign(nicknameRecord.open(await nicknameOf(keys[3]!, { nickname })).body, {}))
      .bytes
    const real = await nicknameOf(keys[2]!, { nickname })
    liar.claim(() => encodeHolders([forged, real]))
    const found = await dhtOf(3).findNickname(nickname)
    expect(fingerprintsOf(found)).toEqual(fingerprints(0, 1, 2))
    // Whom one node alone keeps comes last.
    expect(found.at(-1)).toEqual(real)
  })

  test('errors have names', async () => {
    expect(await codeOf(dhtOf(0).findNickname('a\u202eb'))).toBe('RecordInvalid')
    expect(await codeOf(dhtOf(0).publishNickname(new Uint8Array(9)))).toBe('RecordInvalid')
    expect(await codeOf(dhtOf(0).publishNickname(new Uint8Array(9_000)))).toBe('LimitExceeded')
    const expired = await nicknameOf(keys[0]!, { created: Date.now() - 40 * 86_400_000 })
    expect(await codeOf(dhtOf(0).publishNickname(expired))).toBe('RecordExpired')
  })
})

describe('enrolments', () => {
  test('a request is found by its code, and its answer by the device that shows it', async () => {
    const request = await requestOf(device, keys[3]!)
    const code = enrolmentCodeBytes(request)
    expect((await dhtOf(0).publishEnrolment(request)).stored).toBeGreaterThanOrEqual(HONEST - 1)
    expect(await dhtOf(4).findEnrolment(code)).toEqual(request)
    expect(await dhtOf(0).findEnrolmentAnswer(code)).toEqual([])
    const answer = await answerOf(keys[0]!, request)
    expect((await dhtOf(4).publishEnrolmentAnswer(code, answer)).stored).toBeGreaterThanOrEqual(HONEST - 1)
    expect(await dhtOf(0).findEnrolmentAnswer(code)).toEqual([answer])
    expect(await dhtOf(5).findEnrolment(new Uint8Array(13))).toBeNull()
  })

  test('who knows the code can answer too, and hides no answer that some node has', async () => {
    const request = await requestOf(device, keys[3]!)
    const code = enrolmentCodeBytes(request)
    const now = Date.now()
    const truth = await answerOf(keys[0]!, request, { created: now })
    const other = await answerOf(keys[1]!, request, { created: now + 1_000 })
    await dhtOf(1).publishEnrolmentAnswer(code, truth)
    const lies = await Promise.all(
      [other, new Uint8Array(50)].map((content) =>
        sealEnrolmentLetter(code, { purpose: 'answer', created: now + 1_000, content }),
      ),
    )
    for (const lie of lies) {
      liar.claim(() => encodeDhtValue('enrolment-answer', lie.bytes))
      const found = await dhtOf(2).findEnrolmentAnswer(code)
      expect(found).toContainEqual(truth)
      if (lie === lies[0]) expect(found).toEqual([other, truth])
    }
  })

  test('T56 nobody without the code can write where an answer is looked for', async () => {
    const request = await requestOf(device, keys[3]!)
    const code = enrolmentCodeBytes(request)
    const key = encodeDhtKey({ kind: 'enrolment-answer', id: await enrolmentAddress(code) })
    const content = await answerOf(keys[1]!, request)
    const [ours, letter] = await Promise.all(
      [code, new Uint8Array(13)].map((of) =>
        sealEnrolmentLetter(of, { purpose: 'answer', created: Date.now(), content }),
      ),
    )
    expect(await probe.put(honest[2]!.carrier, key, encodeDhtValue('enrolment-answer', letter!.bytes))).toBe(false)
    expect(await probe.put(honest[2]!.carrier, key, encodeDhtValue('enrolment-request', ours!.bytes))).toBe(false)
    expect(await probe.put(honest[2]!.carrier, key, encodeDhtValue('enrolment-answer', ours!.bytes))).toBe(true)
  })

  test('T56 an earlier letter does not replace a later one', async () => {
    const request = await requestOf(device, keys[3]!)
    const code = enrolmentCodeBytes(request)
    const now = Date.now()
    const key = encodeDhtKey({ kind: 'enrolment-answer', id: await enrolmentAddress(code) })
    const [later, earlier] = await Promise.all(
      [now, now - 1].map(async (created) => {
        const content = await answerOf(keys[1]!, request, { created })
        const { bytes } = await sealEnrolmentLetter(code, { purpose: 'answer', created, content })
        return encodeDhtValue('enrolment-answer', bytes)
      }),
    )
    const { carrier } = honest[3]!
    expect(await probe.put(carrier, key, later!)).toBe(true)
    expect(await probe.put(carrier, key, earlier!)).toBe(false)
    expect(await probe.put(carrier, key, later!)).toBe(true)
    expect(equalBytes((await probe.stored(carrier, key))!, later!)).toBe(true)
  })

  test('errors have names', async () => {
    const hours = 3_600_000
    expect(await codeOf(dhtOf(0).findEnrolment(new Uint8Array(12)))).toBe('RecordInvalid')
    expect(await codeOf(dhtOf(0).findEnrolmentAnswer(new Uint8Array(99)))).toBe('RecordInvalid')
    expect(await codeOf(dhtOf(0).publishEnrolment(new Uint8Array(9)))).toBe('RecordInvalid')
    const old = await requestOf(device, keys[3]!, Date.now() - 3 * hours)
    expect(await codeOf(dhtOf(0).publishEnrolment(old))).toBe('RecordExpired')
    const code = enrolmentCodeBytes(old)
    expect(await codeOf(dhtOf(0).publishEnrolmentAnswer(code, new Uint8Array(16_000)))).toBe('LimitExceeded')
    expect(await codeOf(dhtOf(0).publishEnrolmentAnswer(new Uint8Array(3), await answerOf(keys[0]!, old)))).toBe(
      'RecordInvalid',
    )
  })
})

test('what expired is not published any more, and that is no failure', async () => {
  const failures: unknown[] = []
  const clock = createVirtualClock({ start: Date.now() })
  const node = await join([], { clock, onError: (error) => failures.push(error) })
  const publishing = codeOf(node.dht.publishEnrolment(await requestOf(device, keys[3]!)))
  expect(await publishing).toBe('Timeout')
  clock.jump(3 * 3_600_000)
  const other = await join(node.carrier.addresses())
  await other.dht.ready()
  for (let step = 0; step < 100; step++) await clock.advance(1_000)
  expect(failures.filter((error) => !String(error).includes('seed'))).toEqual([])
  await Promise.all([node.stop(), other.stop()])
})
