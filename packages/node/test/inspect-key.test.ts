import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importRsaPrivateKey, writeKeyFile } from '@bitdust/crypto'
import { testKeys } from '@bitdust/testing'
import { describe, expect, test } from 'vitest'
import { inspectKey } from '../src/inspect-key.ts'

// Made by running the original on throw-away keys (see the README of the vectors it came with).
interface OriginalKey {
  readonly key_id: string
  readonly label: string
  readonly bits: number
  readonly stored_file_name: string
  readonly stored_file_base64: string
  readonly public_openssh: string
}
const { keys } = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/original/share-keys.json'), 'utf8')) as {
  keys: OriginalKey[]
}

describe('key files of the original', () => {
  test.each(keys)(
    '$stored_file_name',
    async ({ key_id, label, bits, stored_file_name, stored_file_base64, public_openssh }) => {
      const text = Buffer.from(stored_file_base64, 'base64').toString()
      const found = await inspectKey(text, stored_file_name)
      const { fingerprint } = await inspectKey(public_openssh, 'any')
      expect(found).toEqual({ format: 'original', keyId: key_id, kind: 'private', bits, fingerprint, label })
      expect(JSON.stringify(found)).not.toContain('PRIVATE')
    },
  )
})

describe('our key files', () => {
  test('a private key file is described without unlocking it', async () => {
    const key = await importRsaPrivateKey(testKeys[2048][0])
    const cost = { N: 2 ** 10, r: 8, p: 1 }
    const text = await writeKeyFile(
      { kind: 'private', keyId: 'share_abc$alice@id.example', label: 'holiday', key },
      { passphrase: 'secret', cost },
    )
    expect(await inspectKey(text, 'x.key')).toEqual({
      format: 'bitdust',
      keyId: 'share_abc$alice@id.example',
      kind: 'private',
      bits: 2048,
      fingerprint: key.publicKey.fingerprint,
      label: 'holiday',
    })
  })
  test('bare PEM', async () => {
    const key = await importRsaPrivateKey(testKeys[2048][0])
    expect(await inspectKey(testKeys[2048][0], 'master.pem')).toMatchObject({
      format: 'pem',
      kind: 'private',
      bits: 2048,
      fingerprint: key.publicKey.fingerprint,
    })
  })
})

test.each([
  '',
  'hello',
  '{',
  '{}',
  '{"body": 5}',
  '[]',
  '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----',
  'ssh-rsa AAAA',
  'x'.repeat(70_000),
])('T07 what is no key file is malformed (%#)', async (text) => {
  await expect(inspectKey(text, 'file')).rejects.toMatchObject({ code: 'KeyMalformed' })
})

describe('keys in other forms', () => {
  const [pkcs8] = testKeys[2048]
  const key = createPrivateKey(pkcs8)
  const pkcs1 = key.export({ format: 'pem', type: 'pkcs1' }).toString()
  const spki = createPublicKey(pkcs8).export({ format: 'pem', type: 'spki' }).toString()
  const line = async () => (await importRsaPrivateKey(pkcs8)).publicKey.toOpenSsh()
  const fingerprint = async () => (await importRsaPrivateKey(pkcs8)).publicKey.fingerprint

  test.each([
    ['private', 'PKCS#8', pkcs8],
    ['private', 'PKCS#1', pkcs1],
    ['private', 'CRLF', pkcs1.replaceAll('\n', '\r\n')],
    ['private', 'a byte order mark', `\u{FEFF}${pkcs1}`],
    ['public', 'SubjectPublicKeyInfo', spki],
    ['public', 'PKCS#1 public', createPublicKey(pkcs8).export({ format: 'pem', type: 'pkcs1' }).toString()],
  ])('a %s key as PEM: %s', async (kind, _, text) => {
    const expected = { format: 'pem', keyId: null, kind, bits: 2048, fingerprint: await fingerprint(), label: null }
    expect(await inspectKey(text, 'mykeyfile')).toEqual(expected)
  })

  test.each([1024, 2047])('%i bits', async (modulusLength) => {
    const pair = generateKeyPairSync('rsa', { modulusLength })
    const text = pair.privateKey.export({ format: 'pem', type: 'pkcs1' }).toString()
    expect(await inspectKey(text, 'x')).toMatchObject({ kind: 'private', bits: modulusLength })
  })

  test('4096 bits', async () => {
    expect(await inspectKey(testKeys[4096][0], 'x')).toMatchObject({ kind: 'private', bits: 4096 })
  })

  test.each([
    ['PKCS#8', key.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' }).toString()],
    ['PKCS#1', key.export({ format: 'pem', type: 'pkcs1', cipher: 'aes-128-cbc', passphrase: 'secret' }).toString()],
  ])('under a passphrase a %s key says only that it is private', async (_, text) => {
    expect(await inspectKey(text, 'share_x$alice@a.com.private')).toEqual({
      format: 'pem',
      keyId: 'share_x$alice@a.com',
      kind: 'private',
      bits: null,
      fingerprint: null,
      label: null,
    })
    await expect(inspectKey(text.slice(0, 200), 'x')).rejects.toMatchObject({ code: 'KeyMalformed' })
  })

  test('an OpenSSH line with a comment, and a private key of OpenSSH', async () => {
    const expected = { format: 'openssh', keyId: null, bits: 2048, fingerprint: await fingerprint(), label: null }
    expect(await inspectKey(`${await line()} alice at home\n`, 'id_rsa.pub')).toEqual({ ...expected, kind: 'public' })
    expect(await inspectKey(openSshKey(await line()), 'id_rsa')).toEqual({ ...expected, kind: 'private' })
  })

  test('a backup of the original: IDURLs, then the master key', async () => {
    const text = `http://first.example:8084/alice.xml\nhttp://second.example/alice.xml\n\n${pkcs1}`
    expect(await inspectKey(text, 'backup.txt')).toMatchObject({
      keyId: 'master$alice@first.example_8084',
      kind: 'private',
      bits: 2048,
    })
  })

  test('files as the original sends them, with and without the private part', async () => {
    const sent = { key_id: 'share_x$alice@a.com_8084', public: await line(), size: '2048', label: null }
    const expected = { format: 'original', keyId: 'share_x$alice@a.com_8084', bits: 2048, label: null }
    expect(await inspectKey(JSON.stringify(sent), 'x')).toMatchObject({ ...expected, kind: 'public' })
    for (const nothing of ['', null])
      expect(await inspectKey(JSON.stringify({ ...sent, private: nothing }), 'x')).toMatchObject({ kind: 'public' })
    expect(await inspectKey(JSON.stringify({ ...sent, private: pkcs1 }), 'x')).toMatchObject({
      ...expected,
      kind: 'private',
    })
  })

  const jwk = key.export({ format: 'jwk' })
  test.each(['n', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const)('T07 a private key whose %s is wrong', async (field) => {
    const text = wrongKey(jwk, field)
    await expect(inspectKey(text, 'x')).rejects.toMatchObject({ code: 'KeyMalformed' })
  })

  test.each<[string, () => string | Promise<string>]>([
    [
      '512 bits',
      () =>
        generateKeyPairSync('rsa', { modulusLength: 512 })
          .privateKey.export({ format: 'pem', type: 'pkcs8' })
          .toString(),
    ],
    [
      'exponent 3',
      () =>
        generateKeyPairSync('rsa', { modulusLength: 1024, publicExponent: 3 })
          .privateKey.export({ format: 'pem', type: 'pkcs8' })
          .toString(),
    ],
    [
      'another kind of key',
      () => generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    ],
    ['another kind of line', () => 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== x'],
    ['a certificate', () => spki.replaceAll('PUBLIC KEY', 'CERTIFICATE')],
    ['two keys', () => spki + pkcs1],
    ['text in front', () => `my key\n${pkcs1}`],
    ['cut off', () => pkcs1.slice(0, 400)],
    ['cut out', () => pkcs1.replace(/\n.{64}\n/, '\n')],
    [
      'a private key of OpenSSH cut off',
      async () => openSshKey(await line()).replace(/\n.{20,}\n-----END/, '\n-----END'),
    ],
    ['JSON too deep', () => `{"body":${'['.repeat(10_000)}`],
    ['a label that is no text', () => JSON.stringify({ body: pkcs1, label: 5 })],
  ])('T07 %s', async (_, make) => {
    await expect(inspectKey(await make(), 'x')).rejects.toMatchObject({ name: 'NodeError', code: 'KeyMalformed' })
  })

  test('T54 a file of ours in which any bit of the header is wrong is refused, or says the same', async () => {
    const master = await importRsaPrivateKey(pkcs8)
    const text = await writeKeyFile({ kind: 'private', keyId: 'master$alice@a.com', key: master })
    const { fingerprint: right, bits } = await inspectKey(text, 'x')
    const end = text.indexOf('"body"')
    for (let at = 0; at < end; at += 3) {
      const changed = `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ 1)}${text.slice(at + 1)}`
      const found = await inspectKey(changed, 'x').catch((error: { code?: unknown }) => error.code)
      if (typeof found === 'object') expect(found).toMatchObject({ fingerprint: right, bits })
      else expect(['KeyMalformed', 'VersionUnsupported']).toContain(found)
    }
  })
})

/** Node writes any numbers. */
function wrongKey(jwk: JsonWebKey, field: 'n' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi'): string {
  const bytes = Buffer.from(jwk[field] ?? '', 'base64url')
  bytes[bytes.length - 3]! ^= 4
  const wrong = createPrivateKey({ key: { ...jwk, [field]: bytes.toString('base64url') }, format: 'jwk' })
  return wrong.export({ format: 'pem', type: 'pkcs1' }).toString()
}

/** As much of OpenSSH's `openssh-key-v1` as stands in the open; what follows is nobody's business here. */
function openSshKey(line: string): string {
  const field = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64')
  const content = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...['aes256-ctr', 'bcrypt', 'options'].map((text) => field(Buffer.from(text))),
    Buffer.from([0, 0, 0, 1]),
    field(blob),
    field(Buffer.alloc(64, 7)),
  ])
  const lines = content.toString('base64').match(/.{1,70}/g) ?? []
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n')
}

test.each([
  ['an encrypted key of line breaks', `-----BEGIN ENCRYPTED PRIVATE KEY-----${'\n'.repeat(65_000)}!`],
  ['an encrypted key of short lines', `-----BEGIN ENCRYPTED PRIVATE KEY-----${'\na'.repeat(32_000)}!`],
  ['an encrypted PKCS#1 key', `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED${'\n'.repeat(65_000)}!`],
  ['a backup of line breaks', `http://a.com/a.xml${'\n'.repeat(65_000)}x`],
  ['a backup of spaces', `http://a.com/a.xml${' '.repeat(65_000)}x`],
  ['a backup of addresses', `${'http://a.com/a.xml\n'.repeat(3_400)}x`],
])('T54 %s is refused at once', async (_, text) => {
  const start = performance.now()
  await expect(inspectKey(text, 'x')).rejects.toMatchObject({ code: 'KeyMalformed' })
  expect(performance.now() - start).toBeLessThan(1_000)
})
