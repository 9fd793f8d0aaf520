import { chmod, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  fingerprintWords,
  fromBase64,
  generateRsaKey,
  importRsaPrivateKey,
  isBitdustError,
  LABELS,
  toBase64,
  writeKeyFile,
} from '@bitdust/crypto'
import { createKeyRing } from '@bitdust/identity'
import { flipBits, type TemporaryFolder, temporaryFolder, testKeys } from '@bitdust/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { folderKeyStore } from '../src/adapters/folder-key-store.ts'
import { keyDesk } from '../src/daemon/commands/keys.ts'
import type { FolderPaths } from '../src/folder.ts'
import { type KeyHolder, withKeysOf } from '../src/keys/key-holder.ts'
import type { KeyRow } from '../src/keys/key-row.ts'
import { parseMasterKey } from '../src/master-key.ts'
import { writeMasterKey } from '../src/metadata.ts'
import { aliceKey, giveIdentity, malloryKey, openOwnFolder } from './own-folder.ts'

const CHEAP = { N: 2, r: 1, p: 1 }
const ALICE = aliceKey.publicKey.fingerprint
const BOB = malloryKey.publicKey.fingerprint

let folder: TemporaryFolder
let paths: FolderPaths

beforeEach(async () => {
  folder = await temporaryFolder()
  const own = await openOwnFolder(folder.path)
  paths = own.paths
  await writeMasterKey(paths, aliceKey, 'master$alice@id.example.com')
  await giveIdentity(paths, { devices: [{ key: own.device }] })
})

afterEach(() => folder[Symbol.asyncDispose]())

/** Asks as the command line does while no node runs. */
async function ask(verb: string, input: object = {}): Promise<Record<string, unknown>> {
  const { signal } = new AbortController()
  const context = { signal, progress: () => undefined }
  return withKeysOf(paths.root, (holder) => askOf(holder, verb, input, context))
}

async function askOf(holder: KeyHolder, verb: string, input: object, context: Parameters<Command['invoke']>[2]) {
  const command = keyDesk[verb]
  if (command === undefined) throw new Error(`no verb ${verb}`)
  return (await command.invoke(holder, input, context)) as Record<string, unknown>
}

type Command = NonNullable<(typeof keyDesk)[string]>

async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return isBitdustError(error) ? error.code : String(error)
}

/** A key that Bob made, as he would give it. */
async function bobsFile(alias: string, generation = 1, passphrase?: string): Promise<string> {
  return writeKeyFile(
    {
      kind: 'private',
      keyId: `${alias}$bob@id.example.com`,
      creator: BOB,
      key: await importRsaPrivateKey(testKeys[2048][3]!),
      ...(generation === 1 ? {} : { generation }),
    },
    passphrase === undefined ? {} : { passphrase, cost: CHEAP },
  )
}

const everything = async () => {
  const names = (await readdir(paths.keys)).sort()
  return Promise.all(names.map(async (name) => [name, await readFile(join(paths.keys, name), 'utf8')]))
}

describe('making, listing, showing, deleting', () => {
  test('a key with a name, one with a random name, and the master key', async () => {
    const made = await ask('create', { name: 'group_abc', bits: 2048, label: 'for the choir' })
    expect(made).toMatchObject({ keyId: 'group_abc$alice@id.example.com', mine: true, bits: 2048, kind: 'private' })
    const random = await ask('create', { bits: 2048 })
    expect(random.keyId).toMatch(/^key_[0-9a-f]{32}\$alice@id\.example\.com$/)
    const { keys } = (await ask('list')) as unknown as { keys: KeyRow[] }
    expect(keys.map(({ keyId }) => keyId)).toEqual(['master$alice@id.example.com', made.keyId, random.keyId])
    expect(keys[0]).toMatchObject({ fingerprint: ALICE, kind: 'private', bits: 2048 })
    expect(keys[1]).toMatchObject({ label: 'for the choir' })
  })

  test('show tells what people compare', async () => {
    await ask('create', { name: 'group_abc', bits: 2048 })
    const shown = await ask('show', { key: 'group_abc' })
    expect(shown.words).toBe(fingerprintWords(shown.fingerprint as never))
    expect(shown.colours).toHaveLength(12)
    expect(shown.use).toBe('unknown')
    expect(await ask('show', { key: 'master' })).toMatchObject({ fingerprint: ALICE, use: 'identity' })
    expect(await ask('show', { key: 'alice@id.example.com' })).toMatchObject({ fingerprint: ALICE })
    expect(JSON.stringify([shown, await ask('list')])).not.toContain('PRIVATE')
  })

  test('names that are taken, bad, or unknown', async () => {
    await ask('create', { name: 'group_abc', bits: 2048 })
    const before = await everything()
    expect(await failure(ask('create', { name: 'group_abc', bits: 2048 }))).toBe('KeyConflict')
    expect(await failure(ask('create', { name: 'master', bits: 2048 }))).toBe('KeyConflict')
    expect(await failure(ask('create', { name: '../evil', bits: 2048 }))).toBe('PathUnsafe')
    expect(await failure(ask('create', { name: 'small', bits: 1024 }))).toBe('PacketMalformed')
    expect(await failure(ask('show', { key: 'nothing' }))).toBe('NotFound')
    expect(await failure(ask('show', { key: 'master$bob@id.example.com' }))).toBe('NotFound')
    expect(await everything()).toEqual(before)
  })

  test('an alias that several people use has to be named in full', async () => {
    await ask('import', { text: await bobsFile('group_abc'), fileName: 'x' })
    expect(await ask('show', { key: 'group_abc' })).toMatchObject({ creator: BOB })
    await ask('create', { name: 'group_abc', bits: 2048 })
    expect(await ask('show', { key: 'group_abc' })).toMatchObject({ creator: ALICE })
    expect(await ask('show', { key: 'group_abc$bob@id.example.com' })).toMatchObject({ creator: BOB, mine: false })
    const carol = await importRsaPrivateKey(testKeys[2048][4]!)
    const names = { keyId: 'group_abc$carol@id.example.com', creator: carol.publicKey.fingerprint }
    await ask('import', { text: await writeKeyFile({ kind: 'private', ...names, key: carol }), fileName: 'x' })
    await ask('delete', { key: 'group_abc$alice@id.example.com' })
    expect(await failure(ask('show', { key: 'group_abc' }))).toBe('PacketMalformed')
  })

  test('deleting forgets all generations, and never the master key', async () => {
    const second = await generateRsaKey(2048)
    const names = { keyId: 'group_abc$bob@id.example.com', creator: BOB, generation: 2 }
    await ask('import', { text: await writeKeyFile({ kind: 'private', ...names, key: second }), fileName: 'x' })
    await ask('import', { text: await bobsFile('group_abc'), fileName: 'x' })
    expect((await everything()).length).toBe(2)
    expect(await ask('show', { key: 'group_abc' })).toMatchObject({ generation: 2 })
    expect(await ask('delete', { key: 'group_abc' })).toMatchObject({ keyId: names.keyId })
    expect(await everything()).toEqual([])
    expect(await failure(ask('delete', { key: 'master' }))).toBe('Unauthorized')
    expect(await failure(ask('delete', { key: 'group_abc' }))).toBe('NotFound')
  })

  test('a damaged file is listed, shown and can be deleted', async () => {
    await ask('create', { name: 'group_abc', bits: 2048 })
    await writeFile(join(paths.keys, `group_abc.${ALICE}.1.key`), '{}', { mode: 0o600 })
    expect(await ask('show', { key: 'group_abc' })).toMatchObject({ kind: 'damaged', words: null })
    expect(await failure(ask('export', { key: 'group_abc', form: 'pem', part: 'public' }))).toBe('KeyMalformed')
    await ask('delete', { key: 'group_abc' })
    expect(await everything()).toEqual([])
  })
})

describe('out and in again', () => {
  const forms = [
    ['our format', { form: 'bitdust', part: 'private' }, {}],
    ['PEM', { form: 'pem', part: 'private' }, { name: 'group_abc' }],
    ['our format, public', { form: 'bitdust', part: 'public' }, {}],
    ['PEM, public', { form: 'pem', part: 'public' }, { name: 'group_abc' }],
    ['OpenSSH', { form: 'openssh', part: 'public' }, { name: 'group_abc' }],
  ] as const

  test.each(forms)('%s', async (_, how, names) => {
    const { fingerprint } = await ask('create', { name: 'group_abc', bits: 2048, label: 'choir' })
    const { text, kind } = await ask('export', { key: 'group_abc', ...how })
    expect(kind).toBe(how.part)
    if (how.part === 'public') expect(text).not.toContain('PRIVATE')
    await ask('delete', { key: 'group_abc' })
    const added = await ask('import', { text, fileName: 'file', ...names })
    const label = how.form === 'bitdust' ? 'choir' : null
    expect(added).toMatchObject({ keyId: 'group_abc$alice@id.example.com', fingerprint, kind, label, mine: true })
  })

  test('paper', async () => {
    const { fingerprint } = await ask('create', { name: 'group_abc', bits: 2048 })
    const { text } = await ask('print', { key: 'group_abc' })
    await ask('delete', { key: 'group_abc' })
    expect(await ask('import', { text, fileName: 'typed.txt' })).toMatchObject({ fingerprint, kind: 'private' })
  })

  test('the master key comes back from paper where a master key is asked for', async () => {
    const { text } = await ask('print', { key: 'master' })
    expect((await parseMasterKey(text as string)).publicKey.fingerprint).toBe(ALICE)
    expect(await failure(ask('import', { text, fileName: 'typed.txt' }))).toBe('KeyConflict')
  })

  test('a later generation of somebody else keeps its place', async () => {
    await ask('import', { text: await bobsFile('share_abc', 3), fileName: 'x' })
    for (const { text } of [
      await ask('export', { key: 'share_abc', form: 'bitdust', part: 'private' }),
      await ask('print', { key: 'share_abc' }),
    ]) {
      await ask('delete', { key: 'share_abc' })
      const row = { keyId: 'share_abc$bob@id.example.com', creator: BOB, generation: 3, mine: false }
      expect(await ask('import', { text, fileName: 'x' })).toMatchObject(row)
    }
  })

  test('T51 a file that claims to be the successor of a key that is here takes over nothing', async () => {
    const successorOf = async (alias: string, creator: typeof BOB, user: string) =>
      writeKeyFile({
        kind: 'private',
        keyId: `${alias}$${user}@id.example.com`,
        creator,
        generation: 99,
        key: await importRsaPrivateKey(testKeys[2048][4]!),
      })
    await ask('create', { name: 'group_abc', bits: 2048 })
    await ask('import', { text: await bobsFile('share_abc', 2), fileName: 'x' })
    const before = await everything()
    for (const text of [await successorOf('group_abc', ALICE, 'alice'), await successorOf('share_abc', BOB, 'bob')])
      expect(await failure(ask('import', { text, fileName: 'x' }))).toBe('KeyConflict')
    expect(await everything()).toEqual(before)
    await ask('delete', { key: 'share_abc' })
    expect(await ask('import', { text: await successorOf('share_abc', BOB, 'bob'), fileName: 'x' })).toMatchObject({
      generation: 99,
    })
  })

  test('twice is once, and the private part takes the place of the public one', async () => {
    const { text } = await ask('export', { key: 'master', form: 'openssh', part: 'public' })
    expect(await failure(ask('import', { text, fileName: 'x', name: 'mine' }))).toBe('KeyConflict')
    const privateText = await bobsFile('group_abc')
    await ask('import', { text: privateText, fileName: 'x' })
    const publicText = (await ask('export', { key: 'group_abc', form: 'bitdust', part: 'public' })).text
    await ask('delete', { key: 'group_abc' })
    expect(await ask('import', { text: publicText, fileName: 'x' })).toMatchObject({ kind: 'public' })
    expect(await failure(ask('export', { key: 'group_abc', form: 'pem', part: 'private' }))).toBe('NotFound')
    expect(await failure(ask('print', { key: 'group_abc' }))).toBe('NotFound')
    expect(await ask('import', { text: privateText, fileName: 'x' })).toMatchObject({ kind: 'private' })
    const before = await everything()
    await ask('import', { text: privateText, fileName: 'x' })
    await ask('import', { text: publicText, fileName: 'x' })
    expect(await everything()).toEqual(before)
  })

  test('key files of the original, stored and as sent, and its backup', async () => {
    const body = await (await importRsaPrivateKey(testKeys[2048][3]!)).toPem('pkcs1')
    const stored = JSON.stringify({ body, label: 'friends', key_id: 'group_abc$bob@id.example.com' })
    expect(await failure(ask('import', { text: stored, fileName: 'x' }))).toBe('ConfigInvalid')
    expect(await ask('import', { text: stored, fileName: 'x', name: 'bobs' })).toMatchObject({
      keyId: 'bobs$alice@id.example.com',
      kind: 'private',
      label: 'friends',
    })
    const own = JSON.stringify({ body })
    expect(await ask('import', { text: own, fileName: 'group_xyz$alice@id.example.com.private' })).toMatchObject({
      keyId: 'group_xyz$alice@id.example.com',
    })
    const backup = `http://id.example.com/bob.xml\n${body}`
    expect(await failure(ask('import', { text: backup, fileName: 'x' }))).toBe('ConfigInvalid')
    expect(await ask('import', { text: backup, fileName: 'x', name: 'old_master' })).toMatchObject({ kind: 'private' })
  })

  test('a key that is not modern enough to be used', async () => {
    const { generateKeyPairSync } = await import('node:crypto')
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const text = privateKey.export({ type: 'pkcs1', format: 'pem' })
    expect(await failure(ask('import', { text, fileName: 'x', name: 'small' }))).toBe('KeyMalformed')
  })

  test('no key of a stranger takes the place of one', async () => {
    await ask('import', { text: await bobsFile('group_abc'), fileName: 'x' })
    await ask('create', { name: 'mine', bits: 2048 })
    const before = await everything()
    const other = await generateRsaKey(2048)
    for (const names of [
      { keyId: 'group_abc$bob@id.example.com', creator: BOB },
      { keyId: 'group_abc$bob@id.example.com', creator: other.publicKey.fingerprint },
      { keyId: 'mine$alice@id.example.com', creator: ALICE },
    ]) {
      const text = await writeKeyFile({ kind: 'private', ...names, key: other })
      expect(await failure(ask('import', { text, fileName: 'x' }))).toBe('KeyConflict')
    }
    const pem = await other.toPem('pkcs8')
    expect(await failure(ask('import', { text: pem, fileName: 'x', name: 'mine' }))).toBe('KeyConflict')
    expect(await failure(ask('import', { text: pem, fileName: 'x', name: 'master' }))).toBe('KeyConflict')
    expect(await failure(ask('import', { text: pem, fileName: 'x' }))).toBe('ConfigInvalid')
    expect(await everything()).toEqual(before)
  })
})

describe('T54 import', () => {
  // Every bit is tried where the format lives, in @bitdust/crypto.
  test('T54 every damaged byte of a protected file; the keys that are here stay', async () => {
    await ask('create', { name: 'group_abc', bits: 2048 })
    const before = await everything()
    const text = await bobsFile('share_abc', 1, 'secret')
    await withKeysOf(paths.root, async (holder) => {
      const context = { signal: new AbortController().signal, progress: () => undefined }
      for (const { bytes, index, bit } of flipBits(new TextEncoder().encode(text))) {
        if (bit !== index % 8) continue
        const damaged = { text: new TextDecoder().decode(bytes), fileName: 'x', passphrase: 'secret' }
        const code = await failure(askOf(holder, 'import', damaged, context))
        expect(['KeyMalformed', 'KeyUnlockFailed', 'LimitExceeded', 'VersionUnsupported']).toContain(code)
      }
    })
    expect(await everything()).toEqual(before)
  })

  test('T54 wrong or missing passphrase, N = 2^30, cut off', async () => {
    const before = await everything()
    const text = await bobsFile('share_abc', 1, 'secret')
    const input = { text, fileName: 'x' }
    expect(await failure(ask('import', input))).toBe('KeyUnlockFailed')
    expect(await failure(ask('import', { ...input, passphrase: 'wrong' }))).toBe('KeyUnlockFailed')
    const hostile = text.replace('"N": 2', `"N": ${2 ** 30}`)
    expect(hostile).not.toBe(text)
    expect(await failure(ask('import', { text: hostile, fileName: 'x', passphrase: 'secret' }))).toBe('LimitExceeded')
    for (let length = 0; length < text.length - 1; length += 100) {
      const cut = { text: text.slice(0, length), fileName: 'x', passphrase: 'secret' }
      expect(await failure(ask('import', cut))).toBe('KeyMalformed')
    }
    expect(await failure(ask('import', { text: 'x'.repeat(65_537), fileName: 'x' }))).toBe('KeyMalformed')
    expect(await everything()).toEqual(before)
    expect(await ask('import', { ...input, passphrase: 'secret' })).toMatchObject({ kind: 'private' })
  })
})

describe('T55 files of keys', () => {
  const nameOf = (alias: string) => join(paths.keys, `${alias}.${ALICE}.1.key`)

  test('T55 are 0600 whatever the umask is', async () => {
    const umask = process.umask(0)
    try {
      await ask('create', { name: 'group_abc', bits: 2048 })
      await ask('note-backup', { what: 'written' })
    } finally {
      process.umask(umask)
    }
    expect((await stat(nameOf('group_abc'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(paths.metadata, 'backups.json'))).mode & 0o777).toBe(0o600)
  })

  test('T55 that others may read are refused, master.key too', async () => {
    await ask('create', { name: 'group_abc', bits: 2048 })
    await chmod(nameOf('group_abc'), 0o644)
    expect(await failure(ask('list'))).toBe('InsecureKeyPermissions')
    expect(await failure(ask('export', { key: 'group_abc', form: 'pem', part: 'private' }))).toBe(
      'InsecureKeyPermissions',
    )
    await chmod(nameOf('group_abc'), 0o600)
    await chmod(join(paths.metadata, 'master.key'), 0o644)
    expect(await failure(ask('list'))).toBe('InsecureKeyPermissions')
  })

  test('T55 in a folder that others may write to are refused', async () => {
    await ask('create', { name: 'group_abc', bits: 2048 })
    await chmod(paths.keys, 0o777)
    expect(await failure(ask('list'))).toBe('InsecureKeyPermissions')
    await chmod(paths.keys, 0o700)
    await ask('list')
  })

  test('T55 that are symbolic links are refused', async () => {
    await ask('create', { name: 'group_abc', bits: 2048 })
    await rename(nameOf('group_abc'), join(folder.path, 'elsewhere'))
    await symlink(join(folder.path, 'elsewhere'), nameOf('group_abc'))
    expect(await failure(ask('show', { key: 'group_abc' }))).toBe('InsecureKeyPermissions')
    await rm(nameOf('group_abc'))
    expect(((await ask('list')) as { keys: unknown[] }).keys).toHaveLength(1)
  })
})

describe('unwrapping for streams', () => {
  const wrap = async (key: typeof aliceKey, label: string) => ({
    fingerprint: key.publicKey.fingerprint,
    wrapped: toBase64(await key.publicKey.wrap(label, new Uint8Array(32).fill(7))),
  })

  test('opens content keys of streams and nothing else', async () => {
    const { contentKey } = await ask('unwrap', await wrap(aliceKey, LABELS.streamKey))
    expect(fromBase64(contentKey as string)).toEqual(new Uint8Array(32).fill(7))
    for (const label of [LABELS.blockKey, LABELS.secret, LABELS.grant])
      expect(await failure(ask('unwrap', await wrap(aliceKey, label)))).toBe('KeyUnlockFailed')
    expect(await failure(ask('unwrap', await wrap(malloryKey, LABELS.streamKey)))).toBe('NotFound')
    expect(await failure(ask('unwrap', { fingerprint: ALICE, wrapped: '!' }))).toBe('RecordInvalid')
  })
})

describe('where the master key is not', () => {
  test('other keys work, and what needs it says so', async () => {
    await rm(join(paths.metadata, 'master.key'))
    await ask('create', { name: 'group_abc', bits: 2048 })
    expect(await ask('show', { key: 'master' })).toMatchObject({ kind: 'public', fingerprint: ALICE })
    expect(await failure(ask('export', { key: 'master', form: 'pem', part: 'private' }))).toBe('Unauthorized')
    expect(await failure(ask('print', { key: 'master' }))).toBe('Unauthorized')
    expect(await ask('export', { key: 'master', form: 'openssh', part: 'public' })).toMatchObject({ kind: 'public' })
  })

  test('a folder without identity is told so, and stays as it is', async () => {
    await rm(join(paths.metadata, 'identity.xml'))
    expect(await failure(ask('list'))).toBe('NotInitialized')
    const nowhere = join(folder.path, 'nowhere')
    expect(await failure(withKeysOf(nowhere, async () => undefined))).toBe('NotInitialized')
    expect(await readdir(folder.path)).not.toContain('nowhere')
  })

  test('a folder in use is told so', async () => {
    await withKeysOf(paths.root, async () => expect(await failure(ask('list'))).toBe('FolderInUse'))
  })
})

test('ring and commands see the same keys', async () => {
  await ask('create', { name: 'group_abc', bits: 2048 })
  const ring = createKeyRing({ store: folderKeyStore(paths.keys) })
  expect(await ring.get({ alias: 'group_abc', creator: ALICE })).toMatchObject({
    keyId: 'group_abc$alice@id.example.com',
  })
})
