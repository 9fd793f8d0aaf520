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
