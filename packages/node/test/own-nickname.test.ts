import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { importRsaPrivateKey, type RsaPrivateKey } from '@bitdust/crypto'
import { DhtError } from '@bitdust/dht'
import { type IdentityDocument, type Idurl, openIdentity, parseIdurl, signIdentity } from '@bitdust/identity'
import { NICKNAME_LIFETIME_MS, nicknameRecord, verifyNickname } from '@bitdust/records'
import { type TemporaryFolder, temporaryFolder, testKeys } from '@bitdust/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FolderPaths, openFolder } from '../src/folder.ts'
import { readNickname } from '../src/nickname-file.ts'
import { type OwnNickname, wireOwnNickname } from '../src/wiring/own-nickname.ts'

const signal = AbortSignal.timeout(60_000)
let folder: TemporaryFolder
let paths: FolderPaths
let masterKey: RsaPrivateKey
let document: IdentityDocument
let idurl: Idurl
let published: Uint8Array[]
let publish: (record: Uint8Array) => Promise<{ stored: number }>
let nickname: OwnNickname

beforeEach(async () => {
  folder = await temporaryFolder()
  const opened = await openFolder(join(folder.path, 'alice'))
  opened.release()
  paths = opened.paths
  masterKey = await importRsaPrivateKey(testKeys[2048][0]!)
  idurl = parseIdurl('http://first-machine.com/alice.xml')
  const lists = { contacts: [], sources: [idurl], certificates: [], scrubbers: [] }
  const fields = { ...lists, postage: '1', date: '', version: '', revision: 1 }
  document = await openIdentity((await signIdentity(fields, masterKey)).bytes)
  published = []
  publish = async () => ({ stored: 3 })
  nickname = wireOwnNickname({
    masterKey,
    identity: { document: () => document, idurl: () => idurl },
    paths,
    dht: {
      async publishNickname(record) {
        published.push(record)
        return publish(record)
      },
    },
  })
})

afterEach(() => folder[Symbol.asyncDispose]())

const names = () => published.map((record) => nicknameRecord.open(record).body.nickname)

describe('the own nickname', () => {
  test('is the user name at first, signed for 30 days with the IDURL of now', async () => {
    expect(await nickname.publish({ signal })).toEqual({ nickname: 'alice', stored: 3 })
    idurl = parseIdurl('http://second-machine.net/alice.xml')
    await nickname.publish({ signal })
    const [, record] = published
    const { body } = await verifyNickname(record!, Date.now())
    expect(body).toMatchObject({ nickname: 'alice', owner: masterKey.publicKey.fingerprint, idurl })
    expect(body.expires - body.created).toBe(NICKNAME_LIFETIME_MS)
  })

  test('is kept in a private file', async () => {
    expect(await nickname.set(' Queen  of Hearts ', { signal })).toEqual({ nickname: 'Queen of Hearts', stored: 3 })
    expect(await readNickname(paths, document)).toBe('Queen of Hearts')
    expect((await stat(join(paths.metadata, 'nickname.json'))).mode & 0o777).toBe(0o600)
  })

  test('is the last one that was set, whatever takes longer', async () => {
    publish = (record) =>
      new Promise((resolve) =>
        setTimeout(() => resolve({ stored: 1 }), record.length % 2 === published.length % 2 ? 20 : 1),
      )
    await Promise.all(['one', 'two', 'three'].map((name) => nickname.set(name, { signal })))
    expect(names()).toEqual(['one', 'two', 'three'])
    expect(await nickname.current()).toBe('three')
  })

  test('is set although no node is reached; a publication that is refused is an error', async () => {
    publish = () => Promise.reject(new DhtError('Timeout', 'nobody'))
    expect(await nickname.set('lonely', { signal })).toEqual({ nickname: 'lonely', stored: 0 })
    publish = () => Promise.reject(new DhtError('RecordRollback', 'newer'))
    await expect(nickname.set('late', { signal })).rejects.toMatchObject({ code: 'RecordRollback' })
    publish = async () => ({ stored: 1 })
    expect(await nickname.publish({ signal })).toEqual({ nickname: 'late', stored: 1 })
  })

  test.each(['', ' ', 'x'.repeat(65), 'a\u202eb', 'a\nb'])('is never %j', async (text) => {
    await expect(nickname.set(text, { signal })).rejects.toMatchObject({ name: 'NodeError', code: 'ConfigInvalid' })
    expect(await nickname.current()).toBe('alice')
    expect(published).toEqual([])
  })

  test('damaged is StorageCorrupt, and on an enrolled device it is not known', async () => {
    const damaged = ['{}', 'x', '{"format":"bitdust-nickname","version":2,"nickname":"a"}', '\xff']
    for (const text of damaged) {
      await writeFile(join(paths.metadata, 'nickname.json'), text, { mode: 0o600 })
      await expect(nickname.current()).rejects.toMatchObject({ code: 'StorageCorrupt' })
    }
    await nickname.set('mended', { signal })
    expect(await nickname.current()).toBe('mended')
    await writeFile(join(paths.metadata, 'encryption.key'), '', { mode: 0o600 })
    await expect(readNickname(paths, document)).rejects.toMatchObject({ code: 'Unauthorized' })
  })
})
