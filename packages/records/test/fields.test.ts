import { type CanonicalValue, decodeCanonical, encodeCanonical, toHex, utf8Encode } from '@bitdust/crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bytes,
  bytesUpTo,
  choice,
  defineMessage,
  type Field,
  fingerprint,
  flag,
  hash32,
  idurl,
  integer,
  list,
  oneOf,
  optional,
  peerId,
  row,
  sortedList,
  struct,
  text,
  uint,
} from '../src/index.ts'

/** What goes over the wire and back. */
function roundTrip<T>(field: Field<T>, value: T): T {
  return field.decode(decodeCanonical(encodeCanonical(field.encode(value, 'f')), { maxBytes: 1e6 }), 'f')
}

const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
const unicode = fc.string({ unit: 'grapheme', maxLength: 5 })

const person = struct({ name: text(20), age: uint(150), nick: optional(text(4)) })
const anyPerson = fc.record({
  name: unicode.filter(fits(20)),
  age: fc.nat(150),
  nick: fc.option(unicode.filter(fits(4))),
})

function fits(maxBytes: number): (value: string) => boolean {
  return (value) => utf8Encode(value).length <= maxBytes
}

const laws: readonly [name: string, field: Field<unknown>, values: fc.Arbitrary<unknown>][] = [
  ['text', text(20), unicode.filter(fits(20))],
  ['integer', integer(-7, 9), fc.integer({ min: -7, max: 9 })],
  ['uint', uint(), fc.maxSafeNat()],
  ['bytes', bytes(5), fc.uint8Array({ minLength: 5, maxLength: 5 })],
  ['bytesUpTo', bytesUpTo(5), fc.uint8Array({ maxLength: 5 })],
  ['flag', flag, fc.boolean()],
  ['choice', choice('a', 'b'), fc.constantFrom('a', 'b')],
  ['optional', optional(uint()), fc.option(fc.nat())],
  ['list', list(uint(), 4), fc.array(fc.nat(), { maxLength: 4 })],
  ['struct', person, anyPerson],
  [
    'row',
    row({ id: hash32, people: list(person, 3) }),
    fc.record({ id: hex32, people: fc.array(anyPerson, { maxLength: 3 }) }),
  ],
  [
    'oneOf',
    oneOf({ left: uint(), right: text(20) }),
    fc.oneof(fc.record({ left: fc.nat() }), fc.record({ right: unicode.filter(fits(20)) })),
  ],
  ['hash32', hash32, hex32],
  ['fingerprint', fingerprint, hex32],
]

test.each(laws)('law: %s gives back what it wrote', (_, field, values) => {
  fc.assert(
    fc.property(values, (value) => {
      expect(roundTrip(field, value)).toEqual(value)
    }),
  )
})

test.each(laws)('law: %s refuses anything else with RecordInvalid, or takes it', (_, field) => {
  const anything = fc.letrec<{ value: CanonicalValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.string(),
      fc.uint8Array({ maxLength: 33 }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('left', 'right', 'name', 'x'), tie('value')),
    ),
  })).value
  fc.assert(
    fc.property(anything, (value) => {
      let decoded: unknown
      try {
        decoded = field.decode(value, 'f')
      } catch (error) {
        expect(error).toMatchObject({ name: 'RecordError', code: 'RecordInvalid' })
        return
      }
      // What was taken is written the same way again: there is one spelling.
      expect(field.encode(decoded, 'f')).toEqual(value)
    }),
  )
})

describe('refusals name the field', () => {
  const team = struct({ members: list(person, 2), leader: oneOf({ name: text(3), number: uint(9) }) })
  const ada = { name: 'Ada', age: 36, nick: null }
  const good = { members: [ada], leader: { number: 1 } }
  const cases: [unknown, string][] = [
    [{ ...good, members: [ada, { ...ada, age: 151 }] }, 'team.members[1].age: got 151, expected 0 to 150'],
    [{ ...good, members: [{ ...ada, age: 1.5 }] }, 'team.members[0].age: got number, expected a whole number'],
    [{ ...good, members: [{ ...ada, nick: 'five!' }] }, 'team.members[0].nick: text of 5 bytes, limit is 4'],
    [{ ...good, members: [{ ...ada, nick: 'ééé' }] }, 'team.members[0].nick: text of 6 bytes, limit is 4'],
    [{ ...good, members: [{ ...ada, name: '\ud800' }] }, 'team.members[0].name: text is not well-formed Unicode'],
    [{ ...good, members: [ada, ada, ada] }, 'team.members: 3 items, limit is 2'],
    [{ ...good, leader: { number: 1, name: 'Bo' } }, 'team.leader: expected exactly one of name, number'],
    [{ ...good, leader: {} }, 'team.leader: expected exactly one of name, number'],
    [{ ...good, leader: { number: 10 } }, 'team.leader.number: got 10, expected 0 to 9'],
  ]

  test.each(cases)('both when written and when read: %#', (value, message) => {
    const refusal = expect.objectContaining({ code: 'RecordInvalid', message })
    expect(() => team.encode(value as typeof good, 'team')).toThrow(refusal)
    expect(() => team.decode(value as CanonicalValue, 'team')).toThrow(refusal)
  })

  test.each([
    [{ members: [] }, 'team.leader: missing'],
    [{ ...good, extra: 1 }, 'team: unknown field "extra"'],
    [{ ...good, members: [{ name: 'Ada', age: 36 }] }, 'team.members[0].nick: missing'],
    [[], 'team: got a list, expected a map'],
    [{ ...good, members: {} }, 'team.members: got object, expected a list'],
  ] as [CanonicalValue, string][])('when read: %#', (value, message) => {
    expect(() => team.decode(value, 'team')).toThrow(expect.objectContaining({ code: 'RecordInvalid', message }))
  })

  test('a property of every object is no field', () => {
    expect(() => struct({ toString: uint() }).decode({}, 'f')).toThrow('f.toString: missing')
    expect(() => oneOf({ toString: uint(), a: uint() }).decode({}, 'f')).toThrow('exactly one')
  })
})

test('a sorted list has one order: writing makes it, reading demands it', () => {
  const set = sortedList(uint(), 4, (a, b) => a - b)
  expect(set.encode([3, 1, 2], 'f')).toEqual([1, 2, 3])
  expect(() => set.decode([1, 3, 2], 'f')).toThrow('f: item 2 is a repetition or out of order')
  expect(() => set.decode([1, 1], 'f')).toThrow('item 1')
  expect(() => set.encode([1, 1], 'f')).toThrow('item 1')
})

test('names of people and devices have one spelling', () => {
  expect(roundTrip(idurl, idurl.decode('http://first-machine.com/alice.xml', 'f'))).toBe(
    'http://first-machine.com/alice.xml',
  )
  expect(idurl.decode('http://127.0.0.1:8084/alice.xml', 'f')).toBe('http://127.0.0.1:8084/alice.xml')
  for (const other of ['HTTP://a.com/alice.xml', 'http://a.com:80/alice.xml', 'ftp://a.com/alice.xml', 'alice']) {
    expect(() => idurl.decode(other, 'f')).toThrow(expect.objectContaining({ code: 'RecordInvalid' }))
  }
  expect(() => peerId.decode('12D3KooW', 'f')).toThrow(expect.objectContaining({ code: 'RecordInvalid' }))
  expect(() => hash32.encode('AB'.repeat(32) as never, 'f')).toThrow('64 lower-case hex digits')
})

describe('messages', () => {
  const message = defineMessage(person, 'person')
  const ada = { name: 'Ada', age: 36, nick: null }

  test('have limits before syntax', () => {
    const encoded = message.encode(ada)
    expect(message.decode(encoded, encoded.length)).toEqual(ada)
    expect(() => message.decode(encoded, encoded.length - 1)).toThrow(
      expect.objectContaining({ code: 'LimitExceeded' }),
    )
  })

  test('are canonical CBOR and nothing else', () => {
    const encoded = message.encode(ada)
    const trailing = new Uint8Array([...encoded, 0])
    for (const bad of [trailing, encoded.subarray(1), new Uint8Array(0), Uint8Array.of(0x9f, 0xff)]) {
      expect(() => message.decode(bad, 1000)).toThrow(
        expect.objectContaining({ name: 'RecordError', code: 'RecordInvalid' }),
      )
    }
  })
})
