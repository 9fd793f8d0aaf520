import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  CLOCK_GRACE_MS,
  foldNickname,
  isRecordError,
  MAX_NICKNAME_RECORD_BYTES,
  NICKNAME_LIFETIME_MS,
  type Nickname,
  nicknameId,
  nicknameRecord,
  parseNickname,
  verifyNickname,
} from '../src/index.ts'
import { type Cast, createCast, createSamples, filled, NOW } from './samples.ts'

let cast: Cast
let body: Nickname

beforeAll(async () => {
  cast = await createCast()
  body = (await createSamples(cast)).find(({ name }) => name === 'nickname')?.body as Nickname
})

const invalid = { name: 'RecordError', code: 'RecordInvalid' }
const sign = async (change: Partial<Nickname>, key = cast.alice) =>
  (await nicknameRecord.sign({ ...body, ...change }, key)).bytes

describe('nicknames', () => {
  test.each([
    ['alice', 'alice'],
    ['  Alice  of   Wonderland ', 'Alice of Wonderland'],
    ['ｂｏｂ', 'bob'],
    ['e\u0301ve', 'éve'],
    ['Жанна 99', 'Жанна 99'],
    ['木蘭 🙂', '木蘭 🙂'],
    ['a\u00a0b', 'a b'],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['🙂'.repeat(64), '🙂'.repeat(64)],
  ])('%j reads as %j', (input, expected) => {
    expect(parseNickname(input)).toBe(expected)
  })

  test.each([
    ['nothing', ''],
    ['white space', ' \t\u3000'],
    ['65 characters', 'x'.repeat(65)],
    ['a lot', 'x'.repeat(100_000)],
    ['what becomes too long', '\ufdfa'.repeat(64)],
    ['a control character', 'a\u0007b'],
    ['an escape sequence', '\u001b[31mred'],
    ['a line break', 'a\nb'],
    ['another line break', 'a\u2028b'],
    ['a turn of direction', 'a\u202egnp.exe'],
    ['an isolate', 'a\u2066b'],
    ['a joiner', 'a\u200db'],
    ['a space of no width', 'a\u200bb'],
    ['a filler', 'a\u3164b'],
    ['a variation selector', 'a\ufe0fb'],
    ['a tag', 'a\u{e0041}b'],
    ['a private character', 'a\ue000b'],
    ['an unassigned character', 'a\u0378b'],
    ['a lone surrogate', 'a\ud800b'],
    ['a mark without a letter', '\u0301a'],
  ])('%s is refused', (_, input) => {
    expect(() => parseNickname(input)).toThrow(expect.objectContaining(invalid))
  })

  test('what is read is read as itself, and folds to what folds to itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (input) => {
        let nickname: string
        try {
          nickname = parseNickname(input)
        } catch (error) {
          if (!isRecordError(error, 'RecordInvalid')) throw error
          return
        }
        expect(parseNickname(nickname)).toBe(nickname)
        const count = [...nickname].length
        expect(count >= 1 && count <= 64 && !/\p{C}/u.test(nickname)).toBe(true)
        const folded = foldNickname(nickname)
        expect(folded.toUpperCase().toLowerCase().normalize('NFKC')).toBe(folded)
        expect(foldNickname(folded)).toBe(folded)
      }),
      { numRuns: 2000 },
    )
  })

  test('those that differ in case or form alone have one id', () => {
    const pairs = [
      ['Alice', 'aLICE'],
      ['straße', 'STRASSE'],
      ['ΟΔΟΣ', 'οδοσ'],
      ['ｂｏｂ', 'Bob'],
      ['e\u0301ve', 'ÉVE'],
    ]
    for (const [a, b] of pairs) expect(nicknameId(a!)).toBe(nicknameId(b!))
    expect(nicknameId('alice')).not.toBe(nicknameId('alicia'))
    expect(nicknameId('аlice')).not.toBe(nicknameId('alice')) // A Cyrillic letter: looks are not compared.
  })

  test('the id is pinned: old nodes must find what new ones publish', () => {
    expect(nicknameId('Alice')).toBe('cc73dcecdf5b819678b2dcd78755a47beb5c4ba152a11c4b6a5d217c0200a998')
  })
})

describe('records', () => {
  test('are verified with the key inside, which must be the owner’s', async () => {
    expect((await verifyNickname(await sign({}), NOW)).body).toEqual(body)
    await expect(sign({}, cast.mallory)).rejects.toMatchObject({ code: 'SignatureInvalid' })
    for (const ownerKey of [cast.mallory.publicKey.spki, filled(9, 1)])
      await expect(verifyNickname(await sign({ ownerKey }), NOW)).rejects.toMatchObject(invalid)
    const unsigned = await nicknameRecord.sign(body, {})
    await expect(verifyNickname(unsigned.bytes, NOW)).rejects.toMatchObject({ code: 'SignatureInvalid' })
  })

  test('count from an hour before they were made to an hour after their end, at most 30 days', async () => {
    const { created, expires } = body
    const bytes = await sign({})
    await verifyNickname(bytes, created - CLOCK_GRACE_MS)
    await expect(verifyNickname(bytes, created - CLOCK_GRACE_MS - 1)).rejects.toMatchObject(invalid)
    await verifyNickname(bytes, expires + CLOCK_GRACE_MS)
    await expect(verifyNickname(bytes, expires + CLOCK_GRACE_MS + 1)).rejects.toMatchObject({ code: 'RecordExpired' })
    await sign({ expires: created + NICKNAME_LIFETIME_MS })
    await expect(sign({ expires: created + NICKNAME_LIFETIME_MS + 1 })).rejects.toMatchObject(invalid)
    await expect(sign({ expires: created })).rejects.toMatchObject(invalid)
  })

  test('hold nicknames in the one form that is read', async () => {
    for (const nickname of [' alice', 'ｂｏｂ', 'a\u202eb', ''])
      await expect(sign({ nickname })).rejects.toMatchObject(invalid)
  })

  test('the largest fits', async () => {
    const nickname = '🙂'.repeat(64)
    const idurl = `http://first-machine.com/${'a'.repeat(20)}.xml` as Nickname['idurl']
    const bytes = await sign({ nickname, idurl })
    // What an RSA 4096 key and the longest IDURL add.
    expect(bytes.length + 256 + 256 + (512 - idurl.length)).toBeLessThanOrEqual(MAX_NICKNAME_RECORD_BYTES)
  })
})
