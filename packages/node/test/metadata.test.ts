import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8Encode, writeKeyFile } from '@bitdust/crypto'
import { writeFileDurable } from '@bitdust/crypto/files'
import { temporaryFolder } from '@bitdust/testing'
import { describe, expect, test } from 'vitest'
import { moveMasterKey, needsPassphrase, parseMasterKey, readMasterKeyFile } from '../src/master-key.ts'
import { ensureEncryptionKey, readMetadata, removeDeviceKeys, writeMasterKey } from '../src/metadata.ts'
import { aliceKey, encryptionKey, giveIdentity, malloryKey, openOwnFolder } from './own-folder.ts'

const PUBLIC = { allowPrivate: false }
const CHEAP = { N: 1024, r: 8, p: 1 }

describe('a folder with the master key', () => {
  test('needs nothing else, and a given key must be the same', async () => {
    await using temporary = await temporaryFolder()
    const { paths, device } = await openOwnFolder(temporary.path)
    await giveIdentity(paths, { devices: [{ key: device }] })
    await writeMasterKey(paths, aliceKey, 'master$alice@id.example.com')
    const metadata = await readMetadata(paths, PUBLIC)
    expect(metadata.masterKey?.publicKey.fingerprint).toBe(aliceKey.publicKey.fingerprint)
    expect(metadata.encryptionKey).toBe(metadata.masterKey)
    await expect(readMetadata(paths, { ...PUBLIC, masterKey: malloryKey })).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining(malloryKey.publicKey.fingerprint),
    })
  })

  test('of another identity is refused', async () => {
    await using temporary = await temporaryFolder()
    const { paths, device } = await openOwnFolder(temporary.path)
    await giveIdentity(paths, { devices: [{ key: device }] })
    await writeMasterKey(paths, malloryKey, 'master$mallory@id.example.com')
    await expect(readMetadata(paths, PUBLIC)).rejects.toMatchObject({ code: 'Unauthorized' })
  })
})

describe('a folder without the master key', () => {
  test('takes it from outside and writes nothing', async () => {
    await using temporary = await temporaryFolder()
    const { paths, device } = await openOwnFolder(temporary.path)
    await giveIdentity(paths, { devices: [{ key: device }] })
    await expect(readMetadata(paths, PUBLIC)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining('--master-key'),
    })
    await expect(readMetadata(paths, { ...PUBLIC, masterKey: malloryKey })).rejects.toMatchObject({
      code: 'Unauthorized',
    })
    const { masterKey } = await readMetadata(paths, { ...PUBLIC, masterKey: aliceKey })
    expect(masterKey).toBe(aliceKey)
    await expect(stat(join(paths.metadata, 'master.key'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('is an enrolled device when its certificate names its encryption key', async () => {
    await using temporary = await temporaryFolder()
    const { paths, device } = await openOwnFolder(temporary.path)
    const own = await ensureEncryptionKey(paths)
    await giveIdentity(paths, { devices: [{ key: device, enrolled: own }] })
    const metadata = await readMetadata(paths, PUBLIC)
    expect(metadata.masterKey).toBeNull()
    expect(metadata.encryptionKey.publicKey.fingerprint).toBe(own.publicKey.fingerprint)
    expect((await ensureEncryptionKey(paths)).publicKey.fingerprint).toBe(own.publicKey.fingerprint)
  })

  test.each([
    ['no certificate of it', undefined],
    ['another encryption key', encryptionKey],
  ])('and an identity with %s says that the device was revoked', async (_, enrolled) => {
    await using temporary = await temporaryFolder()
    const { paths, device } = await openOwnFolder(temporary.path)
    await ensureEncryptionKey(paths)
    await giveIdentity(paths, { devices: enrolled === undefined ? [] : [{ key: device, enrolled }], revision: 7 })
    await expect(readMetadata(paths, PUBLIC)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringMatching(/revoked.*revision 7/),
    })
  })

  test('T55 its encryption key is closed to others, and refused when it is not', async () => {
    await using temporary = await temporaryFolder()
    const { paths, device } = await openOwnFolder(temporary.path)
    const own = await ensureEncryptionKey(paths)
    await giveIdentity(paths, { devices: [{ key: device, enrolled: own }] })
    const file = join(paths.metadata, 'encryption.key')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await chmod(file, 0o640)
    await expect(readMetadata(paths, PUBLIC)).rejects.toMatchObject({ code: 'InsecureKeyPermissions' })
  })

  test('forgets the keys of a request that was not confirmed', async () => {
    await using temporary = await temporaryFolder()
    const { paths, device } = await openOwnFolder(temporary.path)
    const first = await ensureEncryptionKey(paths)
    await removeDeviceKeys(paths)
    const again = await openOwnFolder(temporary.path)
    expect(again.device.publicKey.id).not.toBe(device.publicKey.id)
    expect((await ensureEncryptionKey(paths)).publicKey.fingerprint).not.toBe(first.publicKey.fingerprint)
  })
})

describe('moving the master key to a medium', () => {
  async function aliceIn(root: string) {
    const { paths, device } = await openOwnFolder(root)
    await giveIdentity(paths, { devices: [{ key: device }] })
    await writeMasterKey(paths, aliceKey, 'master$alice@id.example.com')
    return paths
  }

  test('leaves it there and nowhere else', async () => {
    await using temporary = await temporaryFolder()
    const paths = await aliceIn(temporary.path)
    const file = join(temporary.path, 'alice.key')
    expect(await moveMasterKey({ directory: paths.root, file })).toBe(file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const moved = await parseMasterKey(await readMasterKeyFile(file))
    expect((await readMetadata(paths, { ...PUBLIC, masterKey: moved })).masterKey).toBe(moved)
    await expect(readMetadata(paths, PUBLIC)).rejects.toMatchObject({ code: 'Unauthorized' })
    await expect(moveMasterKey({ directory: paths.root, file: `${file}.2` })).rejects.toMatchObject({
      code: 'NotFound',
    })
  })

  test('and nothing of it that an interrupted write left behind', async () => {
    await using temporary = await temporaryFolder()
    const paths = await aliceIn(temporary.path)
    const copy = await readFile(join(paths.metadata, 'master.key'))
    await writeFileDurable(join(paths.metadata, `.bitdust-${'0'.repeat(32)}.tmp`), copy)
    await moveMasterKey({ directory: paths.root, file: join(temporary.path, 'alice.key') })
    expect((await readdir(paths.metadata)).sort()).toEqual(['device.key', 'identity.xml'])
  })

  // Each use of a passphrase takes a third of a second of a free processor.
  test('protects it by a passphrase', { timeout: 60_000 }, async () => {
    await using temporary = await temporaryFolder()
    const paths = await aliceIn(temporary.path)
    const file = join(temporary.path, 'alice.key')
    await moveMasterKey({ directory: paths.root, file, passphrase: 'correct horse' })
    const text = await readMasterKeyFile(file)
    expect(needsPassphrase(text)).toBe(true)
    await expect(parseMasterKey(text)).rejects.toMatchObject({ code: 'KeyUnlockFailed' })
    const { publicKey } = await parseMasterKey(text, 'correct horse')
    expect(publicKey.fingerprint).toBe(aliceKey.publicKey.fingerprint)
  })

  test.each([
    ['TargetExists', 'taken.key'],
    ['PathUnsafe', 'node/metadata/elsewhere.key'],
    ['PathUnsafe', 'node'],
    ['PathUnsafe', 'node/..alice.key'],
    ['PathUnsafe', 'looks-like-a-medium/alice.key'],
    ['StorageCorrupt', 'no-such-folder/alice.key'],
  ])('fails with %s and keeps the key', async (code, name) => {
    await using temporary = await temporaryFolder()
    const paths = await aliceIn(temporary.path)
    const before = await readFile(join(paths.metadata, 'master.key'), 'utf8')
    await writeFile(join(temporary.path, 'taken.key'), 'something else')
    await symlink(paths.metadata, join(temporary.path, 'looks-like-a-medium'))
    await expect(moveMasterKey({ directory: paths.root, file: join(temporary.path, name) })).rejects.toMatchObject({
      code,
    })
    expect(await readFile(join(paths.metadata, 'master.key'), 'utf8')).toBe(before)
    expect(await readFile(join(temporary.path, 'taken.key'), 'utf8')).toBe('something else')
  })

  test('T55 on a medium without permissions only a protected key is read', async () => {
    await using temporary = await temporaryFolder()
    const [open, locked] = ['open.key', 'locked.key'].map((name) => join(temporary.path, name)) as [string, string]
    const key = { kind: 'private', keyId: 'master', key: aliceKey } as const
    await writeFileDurable(open, utf8Encode(await writeKeyFile(key)))
    await writeFileDurable(locked, utf8Encode(await writeKeyFile(key, { passphrase: 'p', cost: CHEAP })))
    await chmod(open, 0o644)
    await chmod(locked, 0o644)
    await expect(readMasterKeyFile(open)).rejects.toMatchObject({ code: 'InsecureKeyPermissions' })
    expect(needsPassphrase(await readMasterKeyFile(locked))).toBe(true)
  })

  test('PEM is read as well, a public key is not', async () => {
    const pem = await aliceKey.toPem('pkcs8')
    expect(needsPassphrase(pem)).toBe(false)
    expect((await parseMasterKey(pem)).publicKey.fingerprint).toBe(aliceKey.publicKey.fingerprint)
    const publicFile = await writeKeyFile({ kind: 'public', keyId: 'master', key: aliceKey.publicKey })
    await expect(parseMasterKey(publicFile)).rejects.toMatchObject({ code: 'KeyMalformed' })
    await expect(parseMasterKey('hello')).rejects.toMatchObject({ code: 'KeyMalformed' })
  })
})
