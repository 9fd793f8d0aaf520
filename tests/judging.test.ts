/** `identity verify` and `key inspect`: what programs build on, so every outcome has JSON and an exit code of its own. */
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { importRsaPrivateKey, writeKeyFile } from '@bitdust/crypto'
import { BITDUST_PROGRAM } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder, testKeys } from '@bitdust/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const NOT_READ = { scheme: null, valid: false, sources: null, contacts: null, fingerprint: null }
const NO_KEY = { format: null, keyId: null, kind: null, bits: null, fingerprint: null, label: null }

let folder: TemporaryFolder
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(async () => folder[Symbol.asyncDispose]())

interface Outcome {
  readonly code: number | null
  readonly json: unknown
  readonly error: string
}

/** Runs `bitdust … --json`. */
async function run(...args: readonly string[]): Promise<Outcome> {
  const home = join(folder.path, 'no-node-here')
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BITDUST_PROGRAM, ...args, '--json', '--folder', home], (_, out, error) =>
      resolve({ code: child.exitCode, json: out === '' ? null : JSON.parse(out), error }),
    )
  })
}

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder.path, name)
  await writeFile(file, content)
  return file
}

function load<T>(file: string): T {
  return JSON.parse(readFileSync(join(root, file), 'utf8')) as T
}

const { items: good } = load<{ items: { name: string; xml: string; sources: string[]; contacts: string[] }[] }>(
  'packages/identity/test/vectors/original/identities-good.json',
)
const { items: tampered } = load<{ items: { xml: string }[] }>(
  'packages/identity/test/vectors/original/identities-tampered.json',
)
const modern = load<{ xml: string; fingerprint: string }>('packages/identity/test/vectors/identity-document-v1.json')

describe('identity verify', () => {
  test.each(good)('an identity of the original: $name', async ({ name, xml, sources, contacts }) => {
    const { code, json } = await run('identity', 'verify', await put(`${name}.xml`, xml))
    expect(json).toEqual({
      scheme: 'legacy',
      valid: true,
      code: null,
      sources,
      contacts,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(code).toBe(0)
  })

  test('an identity of ours, from a file and from where it is published', async () => {
    const expected = {
      scheme: 'modern',
      valid: true,
      code: null,
      sources: ['http://first-machine.com/alice.xml', 'http://server-two.net/alice.xml'],
      contacts: ['tcp://123.45.67.89:7771', 'udp://alice@first-machine.com'],
      fingerprint: modern.fingerprint,
    }
    expect(await run('identity', 'verify', await put('modern.xml', modern.xml))).toMatchObject({
      code: 0,
      json: expected,
    })
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/alice.xml' || request.url === '/large.xml' ? 200 : 404
      response.end(request.url === '/large.xml' ? 'a'.repeat(100_000) : modern.xml)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await run('identity', 'verify', `${at}/alice.xml`)).toMatchObject({ code: 0, json: expected })
    expect(await run('identity', 'verify', `${at}/large.xml`)).toMatchObject({
      code: 1,
      json: { ...NOT_READ, code: 'IdentityMalformed' },
    })
    expect(await run('identity', 'verify', `${at}/bob.xml`)).toMatchObject({
      code: 2,
      json: { ...NOT_READ, code: 'NotFound' },
    })
    await new Promise((resolve) => server.close(resolve))
    expect(await run('identity', 'verify', `${at}/alice.xml`)).toMatchObject({
      code: 2,
      json: { ...NOT_READ, code: 'Timeout' },
    })
  })

  test('read, and not valid: exit code 1', async () => {
    const [{ xml = '' } = {}] = tampered
    const changed = await run('identity', 'verify', await put('tampered.xml', xml))
    expect(changed).toMatchObject({
      code: 1,
      json: { scheme: null, valid: false, code: 'IdentitySignatureInvalid', fingerprint: null },
    })
    expect(changed.json).toMatchObject({ sources: expect.arrayContaining([expect.stringContaining('http')]) })
    for (const content of [
      '',
      'text',
      '<identity/>',
      new Uint8Array(100),
      modern.xml.slice(0, -20),
      'a'.repeat(70_000),
    ]) {
      const { code, json } = await run('identity', 'verify', await put('odd.xml', content))
      expect(json).toMatchObject({ scheme: null, valid: false, code: 'IdentityMalformed', fingerprint: null })
      expect(code).toBe(1)
    }
  })

  test('not read, or wrong usage: exit code 2', async () => {
    expect(await run('identity', 'verify', join(folder.path, 'missing.xml'))).toMatchObject({
      code: 2,
      json: { ...NOT_READ, code: 'NotFound' },
    })
    expect(await run('identity', 'verify', folder.path)).toMatchObject({
      code: 2,
      json: { ...NOT_READ, code: 'NotFound' },
    })
    expect(await run('identity', 'verify', 'ftp://first-machine.com/alice.xml')).toMatchObject({
      code: 2,
      json: { ...NOT_READ, code: 'IdurlForbidden' },
    })
    for (const args of [[], ['a', 'b'], ['--unknown', 'a']])
      expect(await run('identity', 'verify', ...args)).toMatchObject({ code: 2, json: { ...NOT_READ, code: null } })
  })
})

describe('key inspect', () => {
  const { keys } = load<{
    keys: { key_id: string; label: string; bits: number; stored_file_name: string; stored_file_base64: string }[]
  }>('packages/node/test/vectors/original/share-keys.json')

  test('a key file of the original', async () => {
    const [key] = keys
    if (key === undefined) throw new Error('the vectors hold no key')
    const file = await put(key.stored_file_name, Buffer.from(key.stored_file_base64, 'base64'))
    const { code, json } = await run('key', 'inspect', file)
    expect(json).toEqual({
      format: 'original',
      keyId: key.key_id,
      kind: 'private',
      bits: key.bits,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      label: key.label,
    })
    expect(code).toBe(0)
  })

  test('keys under a passphrase: nothing is asked', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' })
    const locked = await run('key', 'inspect', await put('locked.pem', pem))
    expect(locked).toMatchObject({ code: 0, json: { ...NO_KEY, format: 'pem', kind: 'private' }, error: '' })
    const key = await importRsaPrivateKey(testKeys[2048][0])
    const cost = { N: 1024, r: 8, p: 1 }
    const ours = await writeKeyFile({ kind: 'private', keyId: 'abc$alice@a.com', key }, { passphrase: 'secret', cost })
    expect(await run('key', 'inspect', await put('ours.key', ours))).toMatchObject({
      code: 0,
      json: {
        format: 'bitdust',
        keyId: 'abc$alice@a.com',
        kind: 'private',
        bits: 2048,
        fingerprint: key.publicKey.fingerprint,
        label: null,
      },
    })
  })

  test('T60 a key id that would turn the text on a terminal is shown, not obeyed', async () => {
    const key = await importRsaPrivateKey(testKeys[2048][0])
    const file = await put('odd.key', await writeKeyFile({ kind: 'private', keyId: 'abc\u202eecila', key }))
    const args = [BITDUST_PROGRAM, 'key', 'inspect', file, '--folder', join(folder.path, 'no-node-here')]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toContain('abc\\u{202e}ecila')
    expect(stdout).not.toContain('\u202e')
  })

  test('read, and no key: exit code 1; not read, or wrong usage: exit code 2', async () => {
    for (const content of [
      '',
      'text',
      '{}',
      '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----',
      'a'.repeat(70_000),
    ]) {
      const { code, json, error } = await run('key', 'inspect', await put('odd.key', content))
      expect({ code, json }).toEqual({ code: 1, json: NO_KEY })
      expect(error).toMatch(/^KeyMalformed: /)
    }
    for (const args of [[join(folder.path, 'missing.key')], [folder.path], [], ['a', 'b']])
      expect(await run('key', 'inspect', ...args)).toMatchObject({ code: 2, json: NO_KEY })
  })
})

const originals = join(root, '../shared/vectors/original/identities')
// Not ours to copy: tests read it where it was put beside the repository, and nowhere else.
const absent = !existsSync(originals)
if (absent) console.info('skipped: the test data of the original is not beside the repository')

test.skipIf(absent)('identities of the original’s own tests', async () => {
  for (const name of readdirSync(originals).filter((file) => file.endsWith('.xml')))
    expect(await run('identity', 'verify', join(originals, name))).toMatchObject({
      code: 0,
      json: { scheme: 'legacy', valid: true },
    })
})
