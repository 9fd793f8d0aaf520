import { encodeCanonical, type RsaPrivateKey, utf8Encode } from '@bitdust/crypto'
import { createVirtualClock, flipBits } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { createGuard, type Guard } from '../src/guard.ts'
import { type DhtName, encodeDhtKey } from '../src/key.ts'
import { MAX_SEQUENCE_JUMP, MAX_VALUE_BYTES } from '../src/limits.ts'
import { memorySequenceStore, type SequenceStore } from '../src/sequences.ts'
import { encodeDhtValue } from '../src/value.ts'
import { testKey } from './support/keys.ts'
import { familyOf, identityOf, tamper } from './support/records.ts'

const clock = createVirtualClock()
let key: RsaPrivateKey
let stranger: RsaPrivateKey
let identity: DhtName
let family: DhtName

beforeAll(async () => {
  key = await testKey(0)
  stranger = await testKey(1)
  identity = { kind: 'identity', id: key.publicKey.fingerprint }
  family = { kind: 'family', id: key.publicKey.fingerprint }
})

function newGuard(sequences: SequenceStore = memorySequenceStore(), remembered?: number): Guard {
  return createGuard({ sequences, allowPrivate: true, clock, ...(remembered === undefined ? {} : { remembered }) })
}

const identityValue = async (revision: number, owner = key) =>
  encodeDhtValue('identity', await identityOf(owner, revision))

const familyValue = async (revision: number, owner = key, ownerKey = owner.publicKey.spki) =>
  encodeDhtValue('family', await familyOf(owner, revision), ownerKey)

/** CBOR with XML inside, one character for each byte. */
const asciiOf = (bytes: Uint8Array) => String.fromCharCode(...bytes)

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'admitted',
    (error: { name?: string; code?: string }) => (error.name === 'DhtError' ? `${error.code}` : `not ours: ${error}`),
  )
}

const check = async (name: DhtName, value: Uint8Array, guard = newGuard()) =>
  refusal(guard.check(encodeDhtKey(name), value))

describe('T56 what the guard lets pass', () => {
  test('an identity and a family under the fingerprint of their key', async () => {
    const guard = newGuard()
    expect(await guard.check(encodeDhtKey(identity), await identityValue(3))).toMatchObject([{ sequence: 3 }])
    expect(await guard.check(encodeDhtKey(family), await familyValue(1))).toMatchObject([{ sequence: 1 }])
  })

  test('the same sequence again, a higher one, and any as the first', async () => {
    const guard = newGuard()
    for (const revision of [7_000_000, 7_000_000, 7_000_001])
      expect(await check(identity, await identityValue(revision), guard)).toBe('admitted')
  })

  test('what was only checked is remembered by this process; what was admitted, for good', async () => {
    const sequences = memorySequenceStore()
    const before = newGuard(sequences)
    await before.admit(encodeDhtKey(identity), await identityValue(5))
    await before.check(encodeDhtKey(family), await familyValue(5))
    expect(await check(family, await familyValue(4), before)).toBe('RecordRollback')
    const restarted = newGuard(sequences)
    expect(await check(identity, await identityValue(4), restarted)).toBe('RecordRollback')
    expect(await check(family, await familyValue(4), restarted)).toBe('admitted')
  })

  test('an address in a private network only where that is allowed', async () => {
    const strict = createGuard({ sequences: memorySequenceStore(), allowPrivate: false, clock })
    expect(await check(identity, await identityValue(1), strict)).toBe('RecordInvalid')
  })
})

describe('T56 what the guard refuses', () => {
  test('an unsigned identity or family', async () => {
    const xml = await identityOf(key, 3)
    const refused = [tamper(xml, /<signature>\d+/, '<signature>'), tamper(xml, '<revision>3', '<revision>4')]
    for (const record of refused)
      expect(await check(identity, encodeDhtValue('identity', record))).toBe('RecordInvalid')
    const record = await familyOf(key, 1)
    record.fill(0, record.length - 256)
    const unsigned = encodeDhtValue('family', record, key.publicKey.spki)
    expect(await check(family, unsigned)).toBe('RecordInvalid')
  })

  test('a record of another owner, even with his own key beside it', async () => {
    expect(await check(identity, await identityValue(3, stranger))).toBe('RecordInvalid')
    expect(await check(family, await familyValue(1, stranger))).toBe('RecordInvalid')
    expect(await check(family, await familyValue(1, stranger, key.publicKey.spki))).toBe('RecordInvalid')
    expect(await check(family, await familyValue(1, key, stranger.publicKey.spki))).toBe('RecordInvalid')
  })

  test('a lower sequence', async () => {
    const guard = newGuard()
    await guard.check(encodeDhtKey(identity), await identityValue(5))
    expect(await check(identity, await identityValue(4), guard)).toBe('RecordRollback')
    expect(await check(identity, await identityValue(0), guard)).toBe('RecordRollback')
  })

  test('a jump of more than 2^20 above the highest one, which stays in force', async () => {
    const guard = newGuard()
    await guard.check(encodeDhtKey(identity), await identityValue(5))
    expect(await check(identity, await identityValue(5 + MAX_SEQUENCE_JUMP + 1), guard)).toBe('RecordInvalid')
    expect(await check(identity, await identityValue(Number.MAX_SAFE_INTEGER), guard)).toBe('RecordInvalid')
    expect(await check(identity, await identityValue(6), guard)).toBe('admitted')
    expect(await check(identity, await identityValue(6 + MAX_SEQUENCE_JUMP), guard)).toBe('admitted')
  })

  test('a sequence of 2^53', async () => {
    const record = tamper(await identityOf(key, 3), '<revision>3<', `<revision>${2 ** 53}<`)
    expect(await check(identity, encodeDhtValue('identity', record))).toBe('RecordInvalid')
  })

  test('16 KiB + 1, before it is read; 16 KiB is read', async () => {
    expect(await check(identity, new Uint8Array(MAX_VALUE_BYTES + 1))).toBe('LimitExceeded')
    expect(await check(identity, new Uint8Array(MAX_VALUE_BYTES))).toBe('RecordInvalid')
  })

  test('another type under the same key', async () => {
    const [xml, record, ownerKey] = [await identityOf(key, 3), await familyOf(key, 1), key.publicKey.spki]
    expect(await check(identity, await familyValue(1))).toBe('RecordInvalid')
    expect(await check(family, await identityValue(3))).toBe('RecordInvalid')
    expect(await check(identity, encodeCanonical([1, 'identity', record]))).toBe('RecordInvalid')
    expect(await check(identity, encodeCanonical([1, 'identity', xml, ownerKey]))).toBe('RecordInvalid')
    expect(await check(family, encodeCanonical([1, 'family', xml, ownerKey]))).toBe('RecordInvalid')
    expect(await check(family, encodeCanonical([1, 'family', record]))).toBe('RecordInvalid')
  })

  test('other forms: another version, other types, bytes behind the end, nothing', async () => {
    const xml = await identityOf(key, 3)
    const value = await identityValue(3)
    const refused = [
      encodeCanonical([2, 'identity', xml]),
      encodeCanonical([1, 'identity', 'text']),
      encodeCanonical({ v: 1 }),
      encodeCanonical([1, 'family', await familyOf(key, 1), 7]),
      Uint8Array.of(...value, 0),
      value.subarray(0, -1),
      new Uint8Array(),
    ]
    for (const one of refused) {
      expect(await check(identity, one)).toBe('RecordInvalid')
      expect(await check(family, one)).toBe('RecordInvalid')
    }
  })

  test('keys outside our two name spaces', async () => {
    const { fingerprint } = key.publicKey
    const keys = ['', '/', '/bd-identity', `/bd-identity/${fingerprint}/`, `/bd-identity/${fingerprint.toUpperCase()}`]
    keys.push(
      `/bd-identity/${fingerprint.slice(1)}`,
      `/pk/${fingerprint}`,
      `bd-identity/${fingerprint}`,
      'x'.repeat(200),
    )
    const value = await identityValue(3)
    for (const text of keys) expect(await refusal(newGuard().check(utf8Encode(text), value))).toBe('RecordInvalid')
    expect(await refusal(newGuard().check(Uint8Array.of(0xff, 0xfe), value))).toBe('RecordInvalid')
  })

  test('an identity with a bit of any byte changed, but for the case of letters in its XML declaration, which says nothing', async () => {
    const value = await identityValue(3)
    const declarationEnd = asciiOf(value).indexOf('?>')
    const admitted = await admittedFlips(identity, value)
    expect(admitted.filter(({ index, bit }) => index > declarationEnd || bit !== 5)).toEqual([])
  })

  test('a family with a bit of any byte changed', async () => {
    expect(await admittedFlips(family, await familyValue(1))).toEqual([])
  })

  async function admittedFlips(name: DhtName, value: Uint8Array) {
    const guard = newGuard()
    const admitted: { index: number; bit: number }[] = []
    // One of the eight in turn: each byte once. Packages identity and records try all of theirs.
    for (const { index, bit, bytes } of flipBits(value))
      if (bit === index % 8 && (await check(name, bytes, guard)) !== 'RecordInvalid') admitted.push({ index, bit })
    return admitted
  }
})

describe('T56 law', () => {
  let values: Uint8Array[]

  beforeAll(async () => {
    values = await Promise.all(Array.from({ length: 6 }, (_, revision) => identityValue(revision)))
  })

  /** A store whose answers take a while, each another. */
  function slowSequenceStore(delays: readonly number[]): SequenceStore {
    const inner = memorySequenceStore()
    let call = 0
    return {
      async get(text) {
        for (let turn = delays[call++ % delays.length] ?? 0; turn > 0; turn--) await Promise.resolve()
        return inner.get(text)
      },
      put: inner.put,
    }
  }

  test('in whatever order values arrive, and at once: what passes is never older than what passed', async () => {
    const orders = fc.array(fc.nat({ max: 5 }), { minLength: 2, maxLength: 8 })
    const delays = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(orders, delays, async (order, turns) => {
        const sequences = slowSequenceStore(turns)
        const guard = newGuard(sequences)
        const passed: number[] = []
        await Promise.allSettled(
          order.map(async (revision) => {
            const [admitted] = await guard.admit(encodeDhtKey(identity), values[revision]!)
            passed.push(admitted!.sequence)
          }),
        )
        expect(passed).toEqual(passed.toSorted((a, b) => a - b))
        expect(passed.at(-1)).toBe(Math.max(...order))
        const text = `/bd-identity/${identity.id}`
        expect(await sequences.get(text)).toBe(Math.max(...order))
      }),
      { numRuns: 60 },
    )
  })

  test('what is remembered in memory is bounded: the least recently used is forgotten', async () => {
    const guard = newGuard(memorySequenceStore(), 1)
    await guard.check(encodeDhtKey(identity), values[5]!)
    expect(await check(identity, values[4]!, guard)).toBe('RecordRollback')
    await guard.check(encodeDhtKey(family), await familyValue(5))
    expect(await check(identity, values[4]!, guard)).toBe('admitted')
  })
})
