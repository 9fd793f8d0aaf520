import { testKeys } from '@bitdust/testing'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  fingerprintWords,
  formatPaperKey,
  importRsaPrivateKey,
  isBitdustError,
  isPaperKey,
  type KeyFile,
  parseFingerprint,
  type RsaPrivateKey,
  readPaperKey,
} from '../src/index.ts'

const names = { keyId: 'group_abc$alice@first-machine.com', creator: parseFingerprint('ab'.repeat(32)), generation: 3 }
let key: RsaPrivateKey
let text: string
let numbered: string[]

beforeAll(async () => {
  key = await importRsaPrivateKey(testKeys[2048][0])
  text = await formatPaperKey({ ...names, kind: 'private', key })
  numbered = text.split('\n').filter((line) => /^ ?\d/.test(line))
})

const failure = async (typed: string): Promise<string> =>
  readPaperKey(typed).then(
    () => 'was read',
    (error: unknown) => (isBitdustError(error) ? `${error.code}: ${error.message}` : String(error)),
  )

describe('read undoes write', () => {
  test.each([2048, 3072, 4096] as const)('%i bits', async (bits) => {
    const original = await importRsaPrivateKey(testKeys[bits][0]!)
    for (const names of [{ keyId: 'master$alice@first-machine.com' }, { keyId: 'key_xyz', generation: 2 }]) {
      const file = { ...names, kind: 'private', key: original } satisfies KeyFile
      const { key: copy, ...rest } = await readPaperKey(await formatPaperKey(file))
      expect(rest).toEqual({ ...names, kind: 'private' })
      expect(copy.publicKey.fingerprint).toBe(original.publicKey.fingerprint)
      const message = Uint8Array.of(1, 2, 3)
      expect(await original.publicKey.verify('test', message, await copy.sign('test', message))).toBe(true)
    }
  })

  test('with all names', async () => {
    expect(await readPaperKey(text)).toMatchObject(names)
  })

  test('as a person types it: the numbered lines alone, any case, look-alikes, odd spaces', async () => {
    const typed = numbered.map((line, index) =>
      line
        .replace(/^\s*(\d+)\s+/, `${index + 1}${['.', ':', ')', ''][index % 4]} `)
        .toLowerCase()
        .replace(/(?<=\D)0(?=[a-z])/g, 'o')
        .replaceAll('  ', '   '),
    )
    for (const all of [typed.join('\n'), typed.join('\r\n'), typed.join('\n').replaceAll(/(?<=[a-z]) (?=[a-z])/g, '')])
      expect(await readPaperKey(all)).toMatchObject(names)
  })
})

test('the paper tells people what it is', () => {
  expect(text).toContain('group_abc$alice@first-machine.com, RSA 2048 bits')
  expect(text).toContain(fingerprintWords(key.publicKey.fingerprint))
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(112)
  expect(numbered.length).toBeLessThanOrEqual(18)
  expect(isPaperKey(text)).toBe(true)
  expect(isPaperKey(numbered.join('\n'))).toBe(true)
  expect(isPaperKey('{"format":"bitdust-key"}')).toBe(false)
  expect(isPaperKey(testKeys[2048][0])).toBe(false)
})

test('a name that is too long for paper is refused when it is written', async () => {
  const keyId = '€'.repeat(512)
  await expect(formatPaperKey({ kind: 'private', key, keyId })).rejects.toMatchObject({ code: 'LimitExceeded' })
})

describe('a mistake is found and its line named', () => {
  test('one wrong character', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: numbered.length - 1 }),
        fc.nat(),
        fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'),
        async (line, at, wrong) => {
          const [number, ...groups] = numbered[line]!.trim().split(/ +/)
          const characters = [...groups.join('')]
          const position = at % characters.length
          fc.pre(characters[position] !== wrong)
          characters[position] = wrong
          const typed = numbered.with(line, `${number} ${characters.join('')}`).join('\n')
          const message = await failure(typed)
          // One in 1024 slips through the check of its line; the check of all lines finds it.
          expect(message).toMatch(/^KeyMalformed: .*(line \d+ is mistyped|lines are missing at the end)/)
          if (message.includes('mistyped')) expect(message).toContain(`line ${line + 1} `)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('lines left out, swapped, typed twice', async () => {
    expect(await failure(numbered.toSpliced(4, 1).join('\n'))).toContain('line 5 is missing')
    expect(await failure(numbered.slice(0, -1).join('\n'))).toContain('lines are missing at the end')
    expect(await failure(numbered.toSpliced(3, 0, numbered[2]!).join('\n'))).toContain('line 4 is missing')
    const swapped = numbered.with(1, numbered[2]!.replace(' 3', ' 2')).with(2, numbered[1]!.replace(' 2', ' 3'))
    expect(await failure(swapped.join('\n'))).toContain('line 2 is mistyped')
    expect(await failure('')).toContain('lines are missing')
    expect(await failure(numbered[0]!)).toContain('KeyMalformed')
  })

  test('too much of it', async () => {
    expect(await failure('1 AAAAA\n'.repeat(65))).toContain('LimitExceeded')
    expect(await failure('x'.repeat(16_385))).toContain('LimitExceeded')
  })

  test('any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (typed) => {
        expect(await failure(typed)).toMatch(/^(KeyMalformed|VersionUnsupported|LimitExceeded)/)
      }),
    )
  })
})
