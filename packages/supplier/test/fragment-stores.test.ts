import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from '@bitdust/crypto'
import { type Disk, type DiskFile, nodeDisk } from '@bitdust/crypto/files'
import { temporaryFolder } from '@bitdust/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fragmentStoreLaws } from '../src/conformance/fragment-store-laws.ts'
import { fragmentStoreConformance } from '../src/conformance.ts'
import { type FragmentStore, memoryFragmentStore } from '../src/index.ts'
import { fileFragmentStore } from '../src/node.ts'

const NAME = 'ab'.repeat(32)

async function newFolder(): Promise<string> {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  return join(folder.path, 'supplier', 'fragments')
}

fragmentStoreConformance('memory', async () => memoryFragmentStore())
fragmentStoreConformance('file', async () => fileFragmentStore(await newFolder()))

describe('the laws catch stores that break them', () => {
  const broken: { readonly [flaw: string]: (store: FragmentStore) => FragmentStore } = {
    'keeps what failed': (store) => ({
      ...store,
      async put(name, _size, source) {
        const pieces: Uint8Array[] = []
        try {
          for await (const bytes of source) pieces.push(bytes.slice())
        } finally {
          await store.put(
            name,
            pieces.reduce((sum, { length }) => sum + length, 0),
            pieces,
          )
        }
      },
    }),
    'gives a copy of the beginning for every range': (store) => ({
      ...store,
      read: (name, range) => store.read(name, range && { ...range, offset: 0 }),
    }),
    'never deletes': (store) => ({ ...store, delete: (name) => store.has(name).then(() => {}) }),
    'lists backwards': (store) => ({
      ...store,
      async *list() {
        yield* (await Array.fromAsync(store.list())).toReversed()
      },
    }),
    'sweeps everything': (store) => ({
      ...store,
      async sweep() {
        for await (const { name } of store.list()) await store.delete(name)
      },
    }),
  }

  test.each(Object.entries(broken))('%s', async (_, breakIt) => {
    const outcomes = await Promise.allSettled(fragmentStoreLaws.map(({ hold }) => hold(breakIt(memoryFragmentStore()))))
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
  })
})

describe('on disk', () => {
  test('files lie under the first digits of their names, closed to others', async () => {
    const folder = await newFolder()
    await fileFragmentStore(folder).put(NAME, 3, [randomBytes(3)])
    expect((await stat(join(folder, 'ab', 'ab', NAME))).mode & 0o777).toBe(0o600)
    for (const path of [folder, join(folder, 'ab'), join(folder, 'ab', 'ab')])
      expect((await stat(path)).mode & 0o777).toBe(0o700)
  })

  test('T47 asking creates no folder', async () => {
    const folder = await newFolder()
    const store = fileFragmentStore(folder)
    expect([await store.has(NAME), await store.read(NAME), await Array.fromAsync(store.list())]).toEqual([
      false,
      null,
      [],
    ])
    await store.free()
    await store.sweep()
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('what an interrupted put left is swept, and never listed', async () => {
    const folder = await newFolder()
    const store = fileFragmentStore(folder)
    await store.put(NAME, 3, [randomBytes(3)])
    const leaf = join(folder, 'ab', 'ab')
    await writeFile(join(leaf, `.bitdust-${'0'.repeat(32)}.tmp`), 'half')
    await writeFile(join(leaf, 'cd'.repeat(32)), 'a file in the folder of another name')
    expect((await Array.fromAsync(store.list())).map(({ name }) => name)).toEqual([NAME])
    await store.sweep()
    expect((await readdir(leaf)).toSorted()).toEqual([NAME, 'cd'.repeat(32)])
  })

  test('a folder that others may enter is refused', async () => {
    const folder = await newFolder()
    await mkdir(folder, { recursive: true })
    await chmod(folder, 0o755)
    await expect(fileFragmentStore(folder).put(NAME, 1, [randomBytes(1)])).rejects.toMatchObject({
      code: 'StorageCorrupt',
    })
  })

  /** A disk whose k-th operation fails; counts operations. */
  function failingDisk(failAt: number, code: string): { disk: Disk; operations: () => number } {
    let count = 0
    const maybeFail = () => {
      count += 1
      if (count === failAt) throw Object.assign(new Error(`fault ${code}`), { code })
    }
    const faulty = (file: DiskFile): DiskFile => ({
      read: (...args) => file.read(...args),
      async write(buffer, offset, length, position) {
        maybeFail()
        return file.write(buffer, offset, Math.min(length, 1000), position) // Disks may take less than they get.
      },
      async sync() {
        maybeFail()
        await file.sync()
      },
      stat: () => file.stat(),
      close: () => file.close(),
    })
    const disk: Disk = {
      ...nodeDisk,
      async open(path, flags, mode) {
        maybeFail()
        return faulty(await nodeDisk.open(path, flags, mode))
      },
      async rename(from, to) {
        maybeFail()
        await nodeDisk.rename(from, to)
      },
      async syncFolder(path) {
        maybeFail()
        await nodeDisk.syncFolder(path)
      },
    }
    return { disk, operations: () => count }
  }

  test.each(['ENOSPC', 'EIO', 'EMFILE'])(
    '%s at any step fails the put, which then is absent or whole',
    async (code) => {
      const bytes = randomBytes(2500)
      for (let failAt = 1; ; failAt++) {
        const folder = await newFolder()
        await fileFragmentStore(folder).put(NAME.replace('abab', 'abac'), 1, [randomBytes(1)])
        const { disk, operations } = failingDisk(failAt, code)
        const outcome = await fileFragmentStore(folder, { disk })
          .put(NAME, bytes.length, [bytes])
          .then(
            () => 'done',
            (error: { code: string }) => error.code,
          )
        if (operations() < failAt) {
          expect(outcome).toBe('done')
          expect(failAt).toBeGreaterThan(6)
          return
        }
        expect(outcome).toBe(code === 'ENOSPC' ? 'DiskFull' : 'StorageCorrupt')
        const names = await readdir(join(folder, 'ab', 'ab')).catch(() => [])
        expect(names.every((name) => name === NAME)).toBe(true)
        const store = fileFragmentStore(folder)
        await store.put(NAME, bytes.length, [bytes])
        expect(await store.has(NAME)).toBe(true)
      }
    },
  )
})

test('a memory store has an end', async () => {
  const store = memoryFragmentStore({ sizeBytes: 10 })
  await store.put(NAME, 6, [randomBytes(6)])
  await expect(store.put(NAME.replace('ab', 'cd'), 5, [randomBytes(5)])).rejects.toMatchObject({ code: 'DiskFull' })
  expect([await store.free(), await store.size()]).toEqual([4, 10])
})
