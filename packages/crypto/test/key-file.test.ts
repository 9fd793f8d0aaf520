import { flipBits, testKeys } from '@bitdust/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  importRsaPrivateKey,
  inspectKeyFile,
  isBitdustError,
  type KeyFile,
  parseFingerprint,
  type RsaPrivateKey,
  readKeyFile,
  utf8Encode,
  writeKeyFile,
} from '../src/index.ts'
import vectors from './vectors/key-file-v1.json' with { type: 'json' }
import keyVectors from './vectors/keys-v1.json' with { type: 'json' }

/** Cheap, so that thousands of guesses fit into a test. */
const COST = { N: 2, r: 1, p: 1 }
const passphrase = 'correct horse'
const names = {
  keyId: 'share_0123$alice@example.com',
  creator: parseFingerprint('ab'.repeat(32)),
  label: 'holiday photos',
}
let key: RsaPrivateKey
let privateFile: KeyFile
let publicFile: KeyFile

beforeAll(async () => {
  key = await importRsaPrivateKey(testKeys[2048][0])
  privateFile = { ...names, kind: 'private', key }
  publicFile = { ...names, kind: 'public', key: key.publicKey }
})

const failure = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return isBitdustError(error) ? error.code : String(error)
}

/** Changes fields of a key file; `undefined` removes one. */
const edit = (text: string, change: object): string => JSON.stringify({ ...JSON.parse(text), ...change })

test('vector of another implementation, with the passphrase composed either way', async () => {
  for (const spelling of [vectors.passphrase, vectors.passphraseDecomposed]) {
    const file = await readKeyFile(vectors.text, { passphrase: spelling })
    expect(file).toMatchObject({ ...names, kind: 'private' })
    expect(file.kind === 'private' && file.key.publicKey.fingerprint).toBe(keyVectors.fingerprint)
  }
})

describe('read undoes write', () => {
  test.each([
    ['protected', { passphrase, cost: COST }],
    ['open', {}],
  ])('private, %s', async (_, options) => {
    for (const file of [
      privateFile,
      { keyId: 'master', kind: 'private', key } as const,
      { ...privateFile, generation: 7 } as KeyFile,
    ]) {
      const { key: copy, ...rest } = await readKeyFile(await writeKeyFile(file, options), { passphrase })
      const { key: original, ...expected } = file
      expect(rest).toEqual(expected)
      expect('unwrap' in copy && (await copy.exportPkcs8())).toEqual(
        'unwrap' in original && (await original.exportPkcs8()),
      )
    }
  })

  test('public', async () => {
    const { key: copy, ...rest } = await readKeyFile(await writeKeyFile(publicFile))
    expect(rest).toEqual({ ...names, kind: 'public' })
    expect(copy).toMatchObject({ fingerprint: keyVectors.fingerprint })
  })
})

test('the first generation is not written, so that a key has one spelling', async () => {
  for (const generation of [1, 0, -1, 1.5]) {
    expect(await failure(writeKeyFile({ ...privateFile, generation }))).toBe('KeyMalformed')
    expect(await failure(readKeyFile(edit(await writeKeyFile(privateFile), { generation })))).toBe('KeyMalformed')
  }
})

test('a protected file shows its header and nothing of the key', async () => {
  const text = await writeKeyFile(privateFile, { passphrase, cost: COST })
  expect(inspectKeyFile(text)).toEqual({
    ...names,
    kind: 'private',
    bits: 2048,
    fingerprint: keyVectors.fingerprint,
    isEncrypted: true,
  })
  expect(text).not.toContain('PRIVATE')
  expect(inspectKeyFile(await writeKeyFile(publicFile)).isEncrypted).toBe(false)
})

test('a protected file costs a guess 128 MiB by default', async () => {
  const { encrypted } = JSON.parse(await writeKeyFile(privateFile, { passphrase }))
  expect(encrypted).toMatchObject({ kdf: 'scrypt', N: 131_072, r: 8, p: 1 })
})

test('two protected files of one key share no salt, nonce or ciphertext', async () => {
  const [a, b] = await Promise.all([1, 2].map(() => writeKeyFile(privateFile, { passphrase, cost: COST })))
  for (const field of ['salt', 'nonce', 'ciphertext']) {
    expect(JSON.parse(a!).encrypted[field]).not.toBe(JSON.parse(b!).encrypted[field])
  }
})

describe('T54 key export', () => {
  const codes = ['KeyUnlockFailed', 'KeyMalformed', 'LimitExceeded', 'VersionUnsupported']

  test('T54 every damaged bit of a protected file', async () => {
    const text = await writeKeyFile(privateFile, { passphrase, cost: COST })
    const seen = new Set<string>()
    for (const { bytes, index, bit } of flipBits(utf8Encode(text))) {
      const damaged = Buffer.from(bytes).toString('utf8')
      const code = await failure(readKeyFile(damaged, { passphrase }))
      if (!codes.includes(code)) throw new Error(`byte ${index} bit ${bit}: ${code}`)
      seen.add(code)
    }
    expect([...seen].sort()).toEqual(codes.toSorted())
  })

  test('T54 every damaged header field', async () => {
    const text = await writeKeyFile(privateFile, { passphrase, cost: COST })
    const changes = [
      { keyId: 'x' },
      { bits: 3072 },
      { fingerprint: 'ab'.repeat(32) },
      { label: 'x' },
      { label: undefined },
      { generation: 2 },
    ]
    for (const change of [...changes, { creator: 'cd'.repeat(32) }, { creator: undefined }]) {
      expect(await failure(readKeyFile(edit(text, change), { passphrase })), JSON.stringify(change)).toBe(
        'KeyUnlockFailed',
      )
    }
    expect(await failure(readKeyFile(edit(text, { kind: 'public' }), { passphrase }))).toBe('KeyMalformed')
  })

  test('T54 wrong or missing passphrase', async () => {
    const text = await writeKeyFile(privateFile, { passphrase, cost: COST })
    for (const options of [{}, { passphrase: '' }, { passphrase: 'Correct horse' }, { passphrase: `${passphrase} ` }]) {
      expect(await failure(readKeyFile(text, options))).toBe('KeyUnlockFailed')
    }
  })

  test.each([{ N: 2 ** 30 }, { N: 2 ** 21 }, { r: 2 ** 30 }, { p: 2 ** 30 }, { N: 2 ** 20, r: 8, p: 2 }, { N: 3 }])(
    'T54 key derivation %o is LimitExceeded, at once and without memory',
    async (cost) => {
      const text = await writeKeyFile(privateFile, { passphrase, cost: COST })
      const hostile = edit(text, { encrypted: { ...JSON.parse(text).encrypted, ...cost } })
      const memory = process.memoryUsage().rss
      const start = performance.now()
      expect(await failure(readKeyFile(hostile, { passphrase }))).toBe('LimitExceeded')
      expect(performance.now() - start).toBeLessThan(100)
      expect(process.memoryUsage().rss - memory).toBeLessThan(64 * 1024 * 1024)
    },
  )

  test('T54 truncated at every length', async () => {
    const text = await writeKeyFile(privateFile, { passphrase, cost: COST })
    for (let length = 0; length < text.trimEnd().length; length++) {
      expect(await failure(readKeyFile(text.slice(0, length), { passphrase }))).toBe('KeyMalformed')
    }
  })

  test('T54 64 KiB are read, one more is LimitExceeded', async () => {
    const text = await writeKeyFile(privateFile, { passphrase, cost: COST })
    expect((await readKeyFile(text.padEnd(65_536), { passphrase })).keyId).toBe(names.keyId)
    expect(await failure(readKeyFile(text.padEnd(65_537), { passphrase }))).toBe('LimitExceeded')
  })
})

describe('an open file', () => {
  test('of another key than its header names is KeyMalformed', async () => {
    const other = await importRsaPrivateKey(testKeys[2048][1])
    for (const file of [privateFile, publicFile]) {
      const text = await writeKeyFile(file)
      const body = file.kind === 'private' ? await other.toPem('pkcs8') : other.publicKey.toOpenSsh()
      expect(await failure(readKeyFile(edit(text, { body })))).toBe('KeyMalformed')
    }
  })

  test.each<[string, object | string, string]>([
    ['not JSON', 'x', 'KeyMalformed'],
    ['a list', '[]', 'KeyMalformed'],
    ['null', 'null', 'KeyMalformed'],
    ['deep JSON', '['.repeat(30_000), 'KeyMalformed'],
    ['another format', { format: 'bitdust' }, 'KeyMalformed'],
    ['a newer version', { version: 2 }, 'VersionUnsupported'],
    ['a version that is text', { version: '1' }, 'KeyMalformed'],
    ['an unknown field', { extra: 1 }, 'KeyMalformed'],
    ['no body', { body: undefined }, 'KeyMalformed'],
    ['a body that is no key', { body: 'x' }, 'KeyMalformed'],
    ['another kind', { kind: 'secret' }, 'KeyMalformed'],
    ['no key id', { keyId: undefined }, 'KeyMalformed'],
    ['an empty key id', { keyId: '' }, 'KeyMalformed'],
    ['a long key id', { keyId: 'x'.repeat(513) }, 'KeyMalformed'],
    ['escape codes in the label', { label: '\u001b[2J' }, 'KeyMalformed'],
    ['a label that is a number', { label: 1 }, 'KeyMalformed'],
    ['a creator that is a name', { creator: 'alice' }, 'KeyMalformed'],
    ['wrong bits', { bits: 3072 }, 'KeyMalformed'],
    ['bits that are text', { bits: '2048' }, 'KeyMalformed'],
    ['both bodies', { encrypted: {} }, 'KeyMalformed'],
    ['an encrypted body that is a list', { body: undefined, encrypted: [] }, 'KeyMalformed'],
    ['another key derivation', { body: undefined, encrypted: { kdf: 'md5' } }, 'KeyMalformed'],
  ])('with %s is refused', async (_, change, code) => {
    const text = typeof change === 'string' ? change : edit(await writeKeyFile(privateFile), change)
    expect(await failure(readKeyFile(text))).toBe(code)
  })

  test('with a PEM that asks for a passphrase of its own is KeyUnlockFailed', async () => {
    const text = await writeKeyFile(privateFile)
    const pem = JSON.parse(text).body.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE')
    expect(await failure(readKeyFile(edit(text, { body: pem })))).toBe('KeyUnlockFailed')
  })
})

test.each(['', 'a\nb', 'x'.repeat(513), '\uD800'])('key id and label %j are not written', async (text) => {
  expect(await failure(writeKeyFile({ ...privateFile, keyId: text }))).toBe('KeyMalformed')
  expect(await failure(writeKeyFile({ ...privateFile, label: text }))).toBe('KeyMalformed')
})

test('a public key takes no passphrase', async () => {
  expect(await failure(writeKeyFile(publicFile, { passphrase }))).toBe('KeyMalformed')
})
