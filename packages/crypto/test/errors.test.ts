import { expect, test } from 'vitest'
import { BitdustError, CryptoError, isBitdustError } from '../src/index.ts'

test('an error has its code, its facts and its cause', () => {
  const cause = new Error('below')
  const error = new CryptoError('DiskFull', 'no room', { cause, retryable: true, culprit: 'peer', subject: 'file' })
  expect(error).toBeInstanceOf(BitdustError)
  expect(error).toMatchObject({ name: 'CryptoError', message: 'no room', code: 'DiskFull', retryable: true })
  expect(error).toMatchObject({ culprit: 'peer', subject: 'file', cause })
})

test('facts that are not known are absent', () => {
  const error = new CryptoError('KeyMalformed', 'bad')
  expect(error.retryable).toBe(false)
  for (const name of ['cause', 'culprit', 'subject']) expect(name in error, name).toBe(false)
})

test('isBitdustError looks at the shape and the code', () => {
  const error = new CryptoError('KeyMalformed', 'bad')
  // What a second install of the package, or another realm, would give.
  const foreign = Object.assign(new Error('bad'), { code: 'KeyMalformed', retryable: false })
  for (const ours of [error, foreign]) {
    expect(isBitdustError(ours)).toBe(true)
    expect(isBitdustError(ours, 'KeyMalformed')).toBe(true)
    expect(isBitdustError(ours, 'DiskFull')).toBe(false)
  }
  const systemError = Object.assign(new Error('missing'), { code: 'ENOENT' })
  for (const other of [systemError, new Error('x'), null, undefined, 'KeyMalformed', { ...error }]) {
    expect(isBitdustError(other)).toBe(false)
  }
})
