import fc from 'fast-check'
import type { GlobalId } from '../../src/index.ts'
import { formatVersion } from '../../src/index.ts'

const nameCharacter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789_-')
const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz')
const label = fc
  .tuple(letter, fc.array(fc.constantFrom(...'abcxyz019-'), { maxLength: 8 }), letter)
  .map(([first, middle, last]) => first + middle.join('').replaceAll('--', '-') + last)
  .filter((text) => text !== 'localhost' && !text.startsWith('xn-'))

export const userName = fc
  .array(nameCharacter, { minLength: 2, maxLength: 20 })
  .map((characters) => characters.join(''))
export const alias = fc
  .tuple(letter, fc.array(nameCharacter, { minLength: 2, maxLength: 49 }))
  .map(([first, rest]) => first + rest.join(''))
export const hostName = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.')),
  fc.constantFrom('123.45.67.89', '8.8.8.8', '[2606:4700::1111]', 'xn--tst-qla.de'),
)
/** Not 80, which formats leave out. */
export const port = fc.integer({ min: 1, max: 65_535 }).filter((number) => number !== 80)

const pathName = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
    fc
      .array(fc.constantFrom(...'ab:#@$[]. F'), { minLength: 1, maxLength: 12 })
      .map((characters) => characters.join('')),
    fc.constantFrom('a#F20160313043757PM', 'x$', 'bob@[a:b]', 'a#', ':', '#F20160313043757PM-2'),
  )
  .filter((text) => !/[/\p{Cc}]/u.test(text) && text !== '.' && text !== '..' && text.isWellFormed())
export const path = fc.array(pathName, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
export const version = fc
  .tuple(fc.integer({ min: 0, max: 4_102_444_800 }), fc.integer({ min: 1, max: 12 }))
  .map(([seconds, copy]) => formatVersion(seconds * 1000, copy))

const owner: fc.Arbitrary<GlobalId> = fc.oneof(
  fc.constant({}),
  fc.record({ user: userName, host: hostName }),
  fc.record({ user: userName, host: hostName, port }),
)

/** Global ids with any of their parts. */
export const globalId: fc.Arbitrary<GlobalId> = fc
  .tuple(owner, fc.record({ alias, path, version }, { requiredKeys: [] }))
  .map(([who, rest]) => ({ ...who, ...rest }))
