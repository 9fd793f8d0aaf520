import { type RsaPrivateKey, utf8Encode } from '@bitdust/crypto'
import { nicknameRecord } from '@bitdust/records'
import { createVirtualClock } from '@bitdust/testing'
import { Record as KadRecord } from '@libp2p/kad-dht'
import { Key } from 'interface-datastore'
import { beforeAll, describe, expect, test } from 'vitest'
import { LimitedDatastore } from '../src/limited-datastore.ts'
import { MAX_HOLDERS, MAX_VALUE_BYTES, REQUEST_LIFETIME_MS, VALUE_LIFETIME_MS } from '../src/limits.ts'
import { mostHeld } from '../src/nickname.ts'
import { decodeHolders, encodeHolders } from '../src/value.ts'
import { testKey } from './support/keys.ts'
import { nicknameOf } from './support/records.ts'

const NAME = `/bd-nickname/${'a'.repeat(64)}`
const HOUR_MS = 3_600_000
let key: RsaPrivateKey

beforeAll(async () => {
  key = await testKey(0)
})

/** The record of somebody; signatures are not looked at where records are stored, for the guard did it. */
async function holder(index: number, created = 1_000, padding = 0): Promise<Uint8Array> {
  const { bytes } = await nicknameRecord.sign(
    {
      ...nicknameRecord.open(await nicknameOf(key)).body,
      owner: index.toString(16).padStart(64, '0') as never,
      ownerKey: new Uint8Array(300 + padding),
      created,
      expires: created + 1,
    },
    {},
  )
  return bytes
}

function setup() {
  const clock = createVirtualClock()
  const store = new LimitedDatastore({ clock, prefix: '/dht/record' })
  const place = new Key('/dht/record/x', false)
  const put = (value: Uint8Array, name = NAME) =>
    store.put(place, new KadRecord(utf8Encode(name), value, new Date(0)).serialize())
  return {
    clock,
    store,
    put,
    own(record: Uint8Array) {
      store.keepOwn(NAME)
      put(encodeHolders([record]))
    },
    bring: (peer: string, ...records: Uint8Array[]) =>
      store
        .bring({ name: NAME, peer }, async () => put(encodeHolders(records)))
        .then(
          () => 'kept',
          (error: { code?: string }) => `${error.code}`,
        ),
    owners() {
      if (!store.has(place)) return []
      const { value } = KadRecord.deserialize(store.get(place) as Uint8Array)
      expect(value.length).toBeLessThanOrEqual(MAX_VALUE_BYTES)
      return decodeHolders(value).map((record) => {
        const { owner, created } = nicknameRecord.open(record).body
        return [Number.parseInt(owner, 16), created]
      })
    },
  }
}

describe('holders of a nickname', () => {
  test('join those who are there; the newest record of each counts', async () => {
    const { bring, owners } = setup()
    expect(await bring('a', await holder(1))).toBe('kept')
    expect(await bring('b', await holder(2))).toBe('kept')
    expect(await bring('a', await holder(1, 2_000))).toBe('kept')
    expect(await bring('a', await holder(1, 2_000))).toBe('kept')
    expect(await bring('c', await holder(1, 1_999))).toBe('RecordRollback')
    expect(owners()).toEqual([
      [1, 2_000],
      [2, 1_000],
    ])
  })

  test('are brought one at a time, and two by one peer', async () => {
    const { bring, owners } = setup()
    expect(await bring('a', await holder(1), await holder(2))).toBe('RecordInvalid')
    expect(owners()).toEqual([])
    for (const [index, expected] of [
      [1, 'kept'],
      [2, 'kept'],
      [3, 'LimitExceeded'],
      [1, 'kept'],
    ] as const)
      expect(await bring('a', await holder(index, 2_000))).toBe(expected)
    expect(await bring('b', await holder(3))).toBe('kept')
    expect(owners()).toHaveLength(3)
  })

  test('cannot be pushed out by newcomers, however many', async () => {
    const { bring, owners } = setup()
    expect(await bring('honest', await holder(1))).toBe('kept')
    const others = await Promise.all(Array.from({ length: 30 }, (_, index) => holder(index + 2)))
    const answers = []
    for (const [index, record] of others.entries()) answers.push(await bring(`sybil-${index}`, record))
    expect(answers.filter((answer) => answer === 'kept')).toHaveLength(MAX_HOLDERS - 1)
    expect(owners()[0]).toEqual([1, 1_000])
    expect(await bring('honest', await holder(1, 2_000))).toBe('kept')
    expect(owners()[0]).toEqual([1, 2_000])
  })

  test('fit into a value together: with large keys there are fewer', async () => {
    const { bring, owners } = setup()
    for (let index = 1; index <= MAX_HOLDERS; index++) await bring(`peer-${index}`, await holder(index, 1_000, 700))
    expect(owners().length).toBeGreaterThan(8)
    expect(owners().length).toBeLessThan(MAX_HOLDERS)
  })

  test('cannot grow at the cost of others', async () => {
    const { bring, owners } = setup()
    for (let index = 1; index <= MAX_HOLDERS; index++) await bring(`peer-${index}`, await holder(index))
    const answers = []
    for (let index = 1; index <= MAX_HOLDERS; index++)
      answers.push(await bring(`peer-${index}`, await holder(index, 2_000, 700)))
    expect(new Set(answers)).toEqual(new Set(['kept', 'LimitExceeded']))
    expect(owners()).toHaveLength(MAX_HOLDERS)
  })

  test('are forgotten 48 h after they were brought last, which makes room', async () => {
    const { bring, owners, clock } = setup()
    for (let index = 1; index <= MAX_HOLDERS; index++) await bring(`peer-${index}`, await holder(index))
    await clock.advance(47 * HOUR_MS)
    expect(await bring('new', await holder(99))).toBe('LimitExceeded')
    expect(await bring('peer-5', await holder(5))).toBe('kept')
    await clock.advance(HOUR_MS)
    expect(await bring('new', await holder(99))).toBe('kept')
    expect(owners().map(([owner]) => owner)).toEqual([5, 99])
    await clock.advance(VALUE_LIFETIME_MS)
    expect(await bring('later', await holder(7))).toBe('kept')
    expect(owners().map(([owner]) => owner)).toEqual([7])
  })

  test('are never more than we are: our own finds room, and joins others', async () => {
    const { bring, own, owners } = setup()
    for (let index = 1; index <= MAX_HOLDERS; index++) await bring(`peer-${index}`, await holder(index))
    own(await holder(50))
    expect(owners()).toHaveLength(MAX_HOLDERS)
    expect(owners().map(([owner]) => owner)).toContain(50)
    expect(owners().map(([owner]) => owner)).toContain(1)
    own(await holder(50, 2_000))
    expect(owners().at(-1)).toEqual([50, 2_000])
  })
})

test('what lives shorter is forgotten earlier, whatever was stored before it', async () => {
  const { clock, store } = setup()
  const put = (name: string) =>
    store.put(
      new Key(`/dht/record${name}`, false),
      new KadRecord(utf8Encode(name), new Uint8Array(9), new Date(0)).serialize(),
    )
  const has = (name: string) => store.has(new Key(`/dht/record${name}`, false))
  put('/bd-identity/1')
  put('/bd-enrolment-request/1')
  put('/bd-enrolment-answer/1')
  await clock.advance(REQUEST_LIFETIME_MS)
  put('/bd-identity/2')
  expect([has('/bd-identity/1'), has('/bd-enrolment-request/1'), has('/bd-enrolment-answer/1')]).toEqual([
    true,
    false,
    true,
  ])
  await clock.advance(24 * HOUR_MS)
  put('/bd-identity/2')
  expect([has('/bd-identity/1'), has('/bd-enrolment-answer/1')]).toEqual([true, false])
})

test('a find returns the newest of each, whom most have first, and no more than 64', () => {
  const one = (owner: string, sequence: number) => ({ owner, sequence, record: utf8Encode(`${owner}${sequence}`) })
  const found = [one('b', 1), one('a', 1), one('c', 3), one('c', 2), one('b', 1), one('c', 2)]
  expect(mostHeld(found).map((bytes) => new TextDecoder().decode(bytes))).toEqual(['c3', 'b1', 'a1'])
  expect(mostHeld(Array.from({ length: 100 }, (_, index) => one(`${index}`, 1)))).toHaveLength(64)
})
