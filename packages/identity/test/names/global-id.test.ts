import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalGlobalId,
  compareGlobalIds,
  formatGlobalId,
  formatKeyId,
  idurlToUser,
  parseGlobalId,
  parseIdurl,
  parseKeyId,
  parseUser,
  userToIdurl,
} from '../../src/index.ts'
import { codeOf, expectCode } from '../expect-code.ts'
import { alias, globalId, hostName, port, userName } from './arbitraries.ts'

describe('global id', () => {
  test('the examples of the documents', () => {
    expect(parseGlobalId('group_abc$alice@first-machine.com:animals/cat.png#F20160313043757PM')).toEqual({
      alias: 'group_abc',
      user: 'alice',
      host: 'first-machine.com',
      path: 'animals/cat.png',
      version: 'F20160313043757PM',
    })
    expect(parseGlobalId('key_xyz$bob@123.45.67.89_8000:cars/citroen.png#F20160313052124PM')).toEqual({
      alias: 'key_xyz',
      user: 'bob',
      host: '123.45.67.89',
      port: 8000,
      path: 'cars/citroen.png',
      version: 'F20160313052124PM',
    })
  })

  test.each([
    ['', {}],
    ['animals/cat.png', { path: 'animals/cat.png' }],
    ['mail/alice@home.txt', { path: 'mail/alice@home.txt' }],
    [':alice@home', { path: 'alice@home' }],
    ['a:b', { path: 'a:b' }],
    ['share_x$', { alias: 'share_x' }],
    ['share_x$:a/b', { alias: 'share_x', path: 'a/b' }],
    ['alice@first-machine.com', { user: 'alice', host: 'first-machine.com' }],
    ['alice@first-machine.com:', { user: 'alice', host: 'first-machine.com' }],
    ['alice@First-Machine.com_80:a:b@c', { user: 'alice', host: 'first-machine.com', path: 'a:b@c' }],
    ['alice@[2606:4700::1111]_99:a', { user: 'alice', host: '[2606:4700::1111]', port: 99, path: 'a' }],
    ['a#notes', { path: 'a#notes' }],
    ['a#F20160313043757PM#', { path: 'a#F20160313043757PM' }],
    ['#F20160313043757PM', { version: 'F20160313043757PM' }],
  ])('%j is read', (text, id) => {
    expect(parseGlobalId(text)).toEqual(id)
  })

  test('law: parse undoes format, and the canonical form is a fixed point', () => {
    fc.assert(
      fc.property(globalId, (id) => {
        const text = formatGlobalId(id)
        expect(parseGlobalId(text)).toEqual(id)
        expect(formatGlobalId(parseGlobalId(text))).toBe(text)
        expect(canonicalGlobalId(canonicalGlobalId(id))).toBe(canonicalGlobalId(text))
      }),
      { numRuns: 1000 },
    )
  })

  test('law: any text is read, or refused with PathUnsafe', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...'ab@$:#[]_/.F0')).map((parts) => parts.join('')),
    )
    await fc.assert(
      fc.asyncProperty(text, async (input) => {
        const code = await codeOf(() => parseGlobalId(input))
        if (code === undefined)
          expect(parseGlobalId(formatGlobalId(parseGlobalId(input)))).toEqual(parseGlobalId(input))
        else expect(code).toBe('PathUnsafe')
      }),
      { numRuns: 1000 },
    )
  })

  test('what names the same compares as equal', () => {
    expect(compareGlobalIds('master$alice@first-machine.com_80:a', 'alice@FIRST-machine.com:a')).toBe(0)
    expect(compareGlobalIds('alice@first-machine.com:a', 'alice@first-machine.com:b')).toBe(-1)
    expect(compareGlobalIds('alice@first-machine.com:b', 'alice@first-machine.com:a')).toBe(1)
    expect(canonicalGlobalId({ alias: 'share_x', user: 'alice', host: 'first-machine.com' })).toBe(
      'share_x$alice@first-machine.com',
    )
  })

  test.each([
    'x$alice@first-machine.com:a',
    'Share$alice@first-machine.com:a',
    'share$share$alice@first-machine.com:a',
    'alice@:a',
    '@first-machine.com:a',
    'alice@first_machine.com:a',
    'alice@first-machine.com_0:a',
    'alice@first-machine.com_080:a',
    'alice@first-machine.com_70000',
    'alice@[::1:a',
    'alice@bob@first-machine.com',
    'alice@first-machine.com:../a',
    'alice@first-machine.com:/a',
    'alice@first-machine.com:a\0b',
  ])('T47 %j is refused', async (text) => {
    await expectCode('PathUnsafe', () => parseGlobalId(text))
  })
})

describe('key id', () => {
  test('without an alias the master key is meant', () => {
    expect(parseKeyId('alice@first-machine.com')).toEqual({ alias: 'master', user: 'alice', host: 'first-machine.com' })
    expect(formatKeyId(parseKeyId('alice@first-machine.com'))).toBe('master$alice@first-machine.com')
  })

  test('law: parse undoes format', () => {
    fc.assert(
      fc.property(fc.record({ alias, user: userName, host: hostName, port }), (id) => {
        expect(parseKeyId(formatKeyId(id))).toEqual(id)
      }),
    )
  })

  test.each(['', '$', 'share_x$', '$alice@first-machine.com', 'share_x$alice', 'a b$alice@first-machine.com'])(
    'T47 %j is refused',
    async (text) => {
      await expectCode('PathUnsafe', () => parseKeyId(text))
    },
  )
})

describe('user and IDURL', () => {
  test.each([
    ['http://first-machine.com/alice.xml', 'alice@first-machine.com'],
    ['http://123.45.67.89:8000/bob.xml', 'bob@123.45.67.89_8000'],
    ['https://first-machine.com/alice.xml', 'alice@first-machine.com_443'],
    ['http://[2606:4700::1111]:8084/alice.xml', 'alice@[2606:4700::1111]_8084'],
  ])('%s is %s and back', (idurl, user) => {
    expect(idurlToUser(parseIdurl(idurl))).toBe(user)
    expect(userToIdurl(user)).toBe(idurl)
  })

  test('T10 a user on a private host gives no IDURL', async () => {
    await expectCode('IdurlForbidden', () => userToIdurl('alice@127.0.0.1_8084'))
    expect(userToIdurl('alice@127.0.0.1_8084', { allowPrivate: true })).toBe('http://127.0.0.1:8084/alice.xml')
  })

  test('port 80 is the default', () => {
    expect(parseUser('alice@first-machine.com_80')).toEqual({ user: 'alice', host: 'first-machine.com' })
  })
})
