import { readdir, readFile, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Disk, nodeDisk } from '@bitdust/crypto/files'
import { temporaryFolder } from '@bitdust/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fileIdentityStore } from '../src/node/file-identity-store.ts'
import type { IdentityFileStore } from '../src/store/identity-file-store.ts'
import { memoryIdentityFileStore } from '../src/store/memory-identity-file-store.ts'
import { makeIdentity } from './support/identities.ts'
import { testServer } from './support/servers.ts'

const names = (store: IdentityFileStore, page = { limit: 100 }) => Array.fromAsync(store.list(page))

/** What every store owes, whoever wrote it. */
function storeConformance(
  name: string,
  withStore: (use: (store: IdentityFileStore) => Promise<void>) => Promise<void>,
) {
  describe(`a ${name} store`, () => {
    test('keeps the last bytes put under each name', async () => {
      const puts = fc.array(
        fc.tuple(fc.stringMatching(/^[a-z0-9_-]{2,20}$/), fc.uint8Array({ minLength: 1, maxLength: 300 })),
        { maxLength: 12 },
      )
      await fc.assert(
        fc.asyncProperty(puts, (list) =>
          withStore(async (store) => {
            for (const [key, bytes] of list) await store.put(key, bytes)
            const expected = new Map(list)
            for (const [key, bytes] of expected) expect((await store.get(key))?.bytes).toEqual(bytes)
            expect(await names(store)).toEqual([...expected.keys()].sort())
          }),
        ),
        { numRuns: 15 },
      )
    })

    test('lists in pages', () =>
      withStore(async (store) => {
        for (const key of ['u3', 'u1', 'u2', 'u-', 'u_']) await store.put(key, new Uint8Array([1]))
        expect(await Array.fromAsync(store.list({ limit: 2 }))).toEqual(['u-', 'u1'])
        expect(await Array.fromAsync(store.list({ after: 'u1', limit: 2 }))).toEqual(['u2', 'u3'])
        expect(await Array.fromAsync(store.list({ after: 'u22', limit: 9 }))).toEqual(['u3', 'u_'])
        expect(await Array.fromAsync(store.list({ after: 'zz', limit: 9 }))).toEqual([])
      }))

    test('has nothing under a name that nobody put', () =>
      withStore(async (store) => {
        expect(await store.get('nobody')).toBeNull()
      }))

    test('is not changed through bytes that went in', () =>
      withStore(async (store) => {
        const bytes = new Uint8Array([1, 2])
        await store.put('alice', bytes)
        bytes[0] = 9
        expect((await store.get('alice'))?.bytes).toEqual(new Uint8Array([1, 2]))
      }))

    test('shows an old document or a new one to whoever reads during a write, and then the new one', () =>
      withStore(async (store) => {
        const versions = Array.from({ length: 8 }, (_, version) => new Uint8Array(100).fill(version))
        await store.put('alice', versions[0]!)
        for (const next of versions.slice(1)) {
          const put = store.put('alice', next)
          const readings = await Promise.all([
            store.get('alice'),
            store.get('alice'),
            put.then(() => store.get('alice')),
          ])
          for (const reading of readings) expect(versions).toContainEqual(Uint8Array.from(reading!.bytes))
          expect(readings[2]?.bytes).toEqual(next)
          expect((await store.get('alice'))?.bytes).toEqual(next)
        }
      }))
  })
}

storeConformance('memory', (use) => use(memoryIdentityFileStore()))
storeConformance('file', async (use) => {
  await using folder = await temporaryFolder()
  await use(fileIdentityStore(join(folder.path, 'idserver')))
})

describe('a file store', () => {
  test('keeps documents over a restart, as plain private files', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'idserver')
    await fileIdentityStore(path).put('alice', new Uint8Array([1, 2]))
    expect(await readFile(join(path, 'alice.xml'))).toEqual(Buffer.from([1, 2]))
    expect((await stat(join(path, 'alice.xml'))).mode & 0o777).toBe(0o600)
    expect((await stat(path)).mode & 0o777).toBe(0o700)

    const again = fileIdentityStore(path)
    expect(await names(again)).toEqual(['alice'])
    expect((await again.get('alice'))?.bytes).toEqual(new Uint8Array([1, 2]))
  })

  test('leaves other files alone and sweeps its own remains', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'idserver')
    await fileIdentityStore(path).put('alice', new Uint8Array([1]))
    await writeFile(join(path, 'NOTES.txt'), 'mine')
    await writeFile(join(path, 'Upper.xml'), 'mine')
    await writeFile(join(path, `.bitdust-${'0'.repeat(32)}.tmp`), 'half')
    expect(await names(fileIdentityStore(path))).toEqual(['alice'])
    expect((await readdir(path)).sort()).toEqual(['NOTES.txt', 'Upper.xml', 'alice.xml'])
  })

  test('what is removed by hand is gone after the next start', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'idserver')
    await fileIdentityStore(path).put('alice', new Uint8Array([1]))
    await unlink(join(path, 'alice.xml'))
    const store = fileIdentityStore(path)
    expect(await store.get('alice')).toBeNull()
    expect(await names(store)).toEqual([])
  })

  test('reads a document from the disk once, as long as it is not replaced', async () => {
    await using folder = await temporaryFolder()
    let opened = 0
    const disk: Disk = {
      ...nodeDisk,
      open(path, ...rest) {
        if (path.endsWith('.xml')) opened += 1
        return nodeDisk.open(path, ...rest)
      },
    }
    const store = fileIdentityStore(join(folder.path, 'idserver'), { disk })
    await store.put('alice', new Uint8Array([1]))
    for (let i = 0; i < 5; i++) await store.get('alice')
    expect(opened).toBe(1)
    await store.put('alice', new Uint8Array([2]))
    for (let i = 0; i < 5; i++) expect((await store.get('alice'))?.bytes).toEqual(new Uint8Array([2]))
    expect(opened).toBe(2)
  })

  test('a file too long to be a document is StorageCorrupt', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'alice.xml'), new Uint8Array(65_537))
    const store = fileIdentityStore(folder.path)
    await expect(store.get('alice')).rejects.toMatchObject({ code: 'StorageCorrupt' })
  })

  test('the cap counts what is there, replaced documents by their difference', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'idserver')
    await fileIdentityStore(path).put('alice', new Uint8Array(60))
    const store = fileIdentityStore(path, { maxBytes: 100 })
    await store.put('bob', new Uint8Array(40))
    await expect(store.put('carol', new Uint8Array(1))).rejects.toMatchObject({ code: 'DiskFull', retryable: true })
    await store.put('alice', new Uint8Array(59))
    await store.put('carol', new Uint8Array(1))
    expect(await names(store)).toEqual(['alice', 'bob', 'carol'])
    await expect(store.put('alice', new Uint8Array(60))).rejects.toMatchObject({ code: 'DiskFull' })
    expect((await store.get('alice'))?.bytes).toHaveLength(59)
  })

  test('writes side by side do not share the last room', async () => {
    await using folder = await temporaryFolder()
    const store = fileIdentityStore(join(folder.path, 'idserver'), { maxBytes: 100 })
    const writes = ['u1', 'u2', 'u3', 'u4'].map((name) => store.put(name, new Uint8Array(40)))
    const outcomes = await Promise.allSettled(writes)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
  })

  test('no more identities than allowed, side by side or not; those that are here may change', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'idserver')
    await fileIdentityStore(path).put('alice', new Uint8Array(10))
    const store = fileIdentityStore(path, { maxIdentities: 2, maxBytes: 100 })
    const writes = ['u1', 'u2', 'u3', 'u4'].map((name) => store.put(name, new Uint8Array(10)))
    const outcomes = await Promise.allSettled(writes)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(store.put('bob', new Uint8Array(1))).rejects.toMatchObject({ code: 'DiskFull', retryable: true })
    await store.put('alice', new Uint8Array(20))
    expect(await store.usage()).toEqual({ identities: 2, bytes: 30, maxIdentities: 2, maxBytes: 100 })
  })

  test('a write that fails gives its room back', async () => {
    await using folder = await temporaryFolder()
    let failing = true
    const disk: Disk = {
      ...nodeDisk,
      rename: (from, to) =>
        failing ? Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })) : nodeDisk.rename(from, to),
    }
    const path = join(folder.path, 'idserver')
    const store = fileIdentityStore(path, { maxBytes: 100, maxIdentities: 1, disk })
    for (let i = 0; i < 3; i++)
      await expect(store.put('alice', new Uint8Array(60))).rejects.toMatchObject({ code: 'DiskFull' })
    expect(await readdir(path)).toEqual([])
    failing = false
    await store.put('alice', new Uint8Array(100))
    expect(await names(store)).toEqual(['alice'])
  })

  test('a folder that others can enter is refused, one that is a link too', async () => {
    await using folder = await temporaryFolder()
    await symlink('/tmp', join(folder.path, 'link'))
    const store = fileIdentityStore(join(folder.path, 'link'))
    await expect(store.get('alice')).rejects.toMatchObject({ code: 'InsecureKeyPermissions' })
  })

  test('after a disk that failed comes back, everything works again', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'idserver')
    let broken = true
    const disk: Disk = {
      ...nodeDisk,
      readdir: (dir) =>
        broken ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })) : nodeDisk.readdir(dir),
    }
    const store = fileIdentityStore(path, { disk })
    await expect(store.get('alice')).rejects.toMatchObject({ code: 'StorageCorrupt' })
    broken = false
    expect(await store.get('alice')).toBeNull()
  })
})

test('what failed on the disk is told without the names of files', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'idserver')
  await fileIdentityStore(path).put('alice', await makeIdentity())
  const disk: Disk = { ...nodeDisk, open: () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })) }
  const server = testServer({ store: fileIdentityStore(path, { disk }) })
  for (const method of ['GET', 'PUT']) {
    const failed = await server.ask(method, '/alice.xml', method === 'PUT' ? { body: await makeIdentity() } : {})
    const text = await failed.text()
    expect(failed.status).toBe(500)
    expect(text).toContain('"StorageCorrupt"')
    expect(text).not.toContain(folder.path)
  }
})

test('a document whose write was not made durable is written again before it counts', async () => {
  await using folder = await temporaryFolder()
  let syncs = 0
  let failing = false
  const disk: Disk = {
    ...nodeDisk,
    async syncFolder(path) {
      syncs += 1
      if (failing) throw Object.assign(new Error('EIO'), { code: 'EIO' })
      await nodeDisk.syncFolder(path)
    },
  }
  const server = testServer({ store: fileIdentityStore(join(folder.path, 'idserver'), { disk }) })
  await server.ask('GET', '/')
  const body = await makeIdentity()
  failing = true
  expect((await server.ask('PUT', '/alice.xml', { body })).status).toBe(500)
  failing = false
  const before = syncs
  expect((await server.ask('PUT', '/alice.xml', { body })).status).toBe(200)
  expect(syncs).toBe(before + 1)
  expect((await server.ask('PUT', '/alice.xml', { body })).status).toBe(200)
  expect(syncs).toBe(before + 1)
})
