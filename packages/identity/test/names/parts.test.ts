import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkAlias,
  checkNewUserName,
  checkPath,
  checkUserName,
  formatVersion,
  isForbiddenAddress,
  isVersion,
  MAX_COMPONENT_BYTES,
  MAX_PATH_BYTES,
  MAX_PATH_DEPTH,
  parseVersion,
} from '../../src/index.ts'
import { codeOf, expectCode } from '../expect-code.ts'
import { path } from './arbitraries.ts'

describe('path', () => {
  test('law: a clean path is returned as it is', () => {
    fc.assert(
      fc.property(path, (text) => {
        expect(checkPath(text)).toBe(text)
      }),
    )
  })

  test('at each limit', async () => {
    const name = `${'é'.repeat(127)}a`
    expect(checkPath(name)).toBe(name)
    expect(MAX_COMPONENT_BYTES).toBe(255)
    await expectCode('PathUnsafe', () => checkPath(`${name}a`))
    const deep = new Array(MAX_PATH_DEPTH).fill('a').join('/')
    expect(checkPath(deep)).toBe(deep)
    await expectCode('PathUnsafe', () => checkPath(`${deep}/a`))
    const long = new Array(17).fill('a'.repeat(240)).join('/').slice(0, MAX_PATH_BYTES)
    expect(checkPath(long)).toBe(long)
    await expectCode('PathUnsafe', () => checkPath(`${long}a`))
    await expectCode('PathUnsafe', () => checkPath('é'.repeat(MAX_PATH_BYTES)))
  })

  test.each([
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    './a',
    'a/..',
    'a\0',
    'a\nb',
    'a\u007f',
    'a\u0085',
    '\ud800',
  ])('T47 %j is unsafe', async (text) => {
    await expectCode('PathUnsafe', () => checkPath(text))
  })
})

describe('alias and user name', () => {
  test('at each limit', async () => {
    for (const text of ['abc', `a${'-'.repeat(49)}`, 'share_0123456789abcdef0123456789abcdef', 'master'])
      expect(checkAlias(text)).toBe(text)
    for (const text of ['ab', `a${'-'.repeat(50)}`, '1abc', '_abc', 'Abc', 'a.bc', '../abc', 'abc\n']) {
      await expectCode('PathUnsafe', () => checkAlias(text))
    }
    for (const text of ['id', '9_', 'a'.repeat(20)]) expect(checkUserName(text)).toBe(text)
    for (const text of ['a', 'a'.repeat(21), 'Al', 'a.b', 'a\n', ''])
      await expectCode('PathUnsafe', () => checkUserName(text))
    expect(checkNewUserName('alice')).toBe('alice')
    await expectCode('PathUnsafe', () => checkNewUserName('9lives'))
  })
})

describe('version name', () => {
  test('the example of the documents', () => {
    expect(formatVersion(Date.UTC(2016, 2, 13, 16, 37, 57, 999))).toBe('F20160313043757PM')
    expect(parseVersion('F20160313043757PM')).toEqual({ time: Date.UTC(2016, 2, 13, 16, 37, 57), copy: 1 })
  })

  test('midnight and noon', () => {
    expect(formatVersion(Date.UTC(2016, 0, 1))).toBe('F20160101120000AM')
    expect(formatVersion(Date.UTC(2016, 0, 1, 12))).toBe('F20160101120000PM')
  })

  test('law: parse undoes format', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), fc.integer({ min: 1, max: 99 }), (seconds, copy) => {
        expect(parseVersion(formatVersion(seconds * 1000, copy))).toEqual({ time: seconds * 1000, copy })
      }),
    )
  })

  test.each([
    'F20160231043757PM',
    'F20160313003757PM',
    'F20160313133757PM',
    'F20160313046057PM',
    'F20160313043757',
    'F20160313043757PM-1',
    'F20160313043757PM-02',
    'F20160313043757PM1',
    'F00000101120000AM',
    'f20160313043757PM',
    'F20160313043757PM\n',
    '',
  ])('%j is none', async (text) => {
    expect(isVersion(text)).toBe(false)
    await expectCode('PathUnsafe', () => parseVersion(text))
  })

  test('a time that has no name', async () => {
    for (const time of [-1, Number.NaN, Date.UTC(10_000, 0), Number.POSITIVE_INFINITY])
      await expectCode('PathUnsafe', () => formatVersion(time))
    await expectCode('PathUnsafe', () => formatVersion(0, 0))
  })
})

describe('address', () => {
  test.each(['8.8.8.8', '123.45.67.89', '2606:4700::1111'])('%s may be connected to', (ip) => {
    expect(isForbiddenAddress(ip)).toBe(false)
  })

  test.each([
    '127.0.0.1',
    '127.1',
    '0',
    '10.0.0.1',
    '::1',
    '::ffff:8.8.8.8',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '',
    'first-machine.com',
    '8.8.8.8 ',
  ])('T10 %j may not', (ip) => {
    expect(isForbiddenAddress(ip)).toBe(true)
  })

  test('law: text that is no address is forbidden, whatever is allowed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await codeOf(() => isForbiddenAddress(text))).toBeUndefined()
        if (!/^[0-9a-f.:]+$/i.test(text)) expect(isForbiddenAddress(text, { allowPrivate: true })).toBe(true)
      }),
    )
  })
})
