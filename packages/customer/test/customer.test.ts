import { randomBytes } from '@bitdust/crypto'
import { describe, expect, it } from 'vitest'
import type { CatalogItem } from '../src/catalog/types.ts'
import type { Customer } from '../src/customer.ts'
import { machines } from '../src/machines.ts'
import type { PutProgress, PutResult, PutSource } from '../src/upload/types.ts'
import { customerOf, storing } from './customers.ts'
import { inTime, MIB, networkOf } from './setup.ts'
import { entriesOf, linesIn, linesOf } from './trees.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

async function textOf(customer: Customer, path: string, version?: string): Promise<string> {
  const reader = await customer.get(path, { ...inTime(), ...(version === undefined ? {} : { version }) })
  return new TextDecoder().decode(await reader.bytes())
}

async function listed(customer: Customer, path = ''): Promise<readonly CatalogItem[]> {
  return Array.fromAsync(customer.list(path, inTime()))
}

describe('a customer', () => {
  it('stores small and large files and gives them back', async () => {
    const { customer } = await storing(4)
    const large = randomBytes(9 * MIB + 12_345)
    expect(await customer.put('notes/hello.txt', utf8('hello'), inTime())).toMatchObject({
      path: 'notes/hello.txt',
      files: 1,
      folders: 0,
      bytes: 5,
      blocks: 0,
      state: 'complete',
    })
    const stored = await customer.put('big.bin', large, inTime())
    expect(stored).toMatchObject({ bytes: large.length, reused: 0, state: 'complete' })
    // Pieces of 1 to 4 MiB.
    expect(stored.blocks).toBeGreaterThanOrEqual(3)
    expect(stored.blocks).toBeLessThanOrEqual(9)
    expect(stored.storedBytes).toBeGreaterThan(2 * large.length)
    expect(stored.storedBytes).toBeLessThan(2.001 * large.length)
    expect(await textOf(customer, 'notes/hello.txt')).toBe('hello')

    const reader = await customer.get('big.bin', inTime())
    expect(Buffer.compare(await reader.bytes(), large)).toBe(0)
    const part = Buffer.concat(await Array.fromAsync(reader.range(4 * MIB - 10, 30)))
    expect(part.equals(large.subarray(4 * MIB - 10, 4 * MIB + 20))).toBe(true)
    const end = Buffer.concat(await Array.fromAsync(reader.range(large.length - 3, 100)))
    expect(end.equals(large.subarray(-3))).toBe(true)
    const streamed = Buffer.concat(await Array.fromAsync(reader.stream()))
    expect(streamed.equals(large)).toBe(true)
    await expect(reader.bytes({ maxBytes: MIB })).rejects.toMatchObject({ code: 'LimitExceeded' })
  })

  it('takes bytes, blobs, streams and iterables', async () => {
    const { customer } = await storing(2)
    const parts = [utf8('one '), utf8(''), utf8('two')]
    async function* coming() {
      yield* parts
    }
    const sources: readonly PutSource[] = [utf8('one two'), new Blob(parts), new Blob(parts).stream(), coming(), parts]
    for (const source of sources) {
      await customer.put('same', source, { ...inTime(), mode: 0o600, mtime: 77 })
      expect(await textOf(customer, 'same')).toBe('one two')
    }
    expect(await listed(customer)).toMatchObject([{ path: 'same', mode: 0o600, mtime: 77, size: 7 }])
    expect(await customer.versions('same', inTime())).toHaveLength(5)
    await customer.put('empty', [], inTime())
    expect(await textOf(customer, 'empty')).toBe('')
  })

  it('lists folders that were put, and those that only hold something', async () => {
    const { customer, node } = await storing(2)
    await customer.put('docs', { entries: entriesOf({ a: 'aa', sub: { b: 'bbb' }, z: { link: 'a' } }) }, inTime())
    await customer.put('deep/er/file', utf8('12345'), inTime())
    const writer = node.self.fingerprint
    const item = { writer, version: expect.stringMatching(/^F\d{14}[AP]M(-\d+)?$/) }
    expect(await listed(customer)).toMatchObject([
      { path: 'deep', name: 'deep', kind: 'folder', size: 5, files: 1, ...item },
      { path: 'docs', name: 'docs', kind: 'folder', size: 6, files: 3, mode: 0o750, ...item },
    ])
    expect(await listed(customer, 'docs')).toMatchObject([
      { path: 'docs/a', name: 'a', kind: 'file', size: 2, files: 1, mode: 0o640 },
      { path: 'docs/sub', kind: 'folder', size: 3, files: 1 },
      { path: 'docs/z', kind: 'symlink', size: 1, files: 1 },
    ])
    expect(await listed(customer, 'docs/sub/b')).toMatchObject([{ path: 'docs/sub/b', size: 3 }])
    await expect(listed(customer, 'docs/none')).rejects.toMatchObject({ code: 'NotFound', subject: 'docs/none' })
    expect((await linesIn(await customer.get('', inTime()))).map(({ path }) => path)).toEqual([
      '',
      'deep',
      'deep/er',
      'deep/er/file',
      'docs',
      'docs/a',
      'docs/sub',
      'docs/sub/b',
      'docs/z',
    ])
  })

  it('overlays a folder with what is put and removed below it', async () => {
    const { customer } = await storing(2)
    await customer.put('docs', { entries: entriesOf({ a: 'old', b: 'b', c: { d: 'd' } }) }, inTime())
    await customer.put('docs/a', utf8('newer'), inTime())
    await customer.put('docs/c/e', utf8('e'), inTime())
    await customer.remove('docs/b', inTime())
    expect(await listed(customer, 'docs')).toMatchObject([
      { path: 'docs/a', size: 5 },
      { path: 'docs/c', size: 2, files: 2 },
    ])
    expect(await listed(customer)).toMatchObject([{ path: 'docs', size: 7, files: 3, mode: 0o750 }])
    const reader = await customer.get('docs', inTime())
    expect(reader.entry).toMatchObject({ kind: 'folder', size: 7 })
    expect((await linesIn(reader)).map(({ path }) => path)).toEqual(['', 'a', 'c', 'c/d', 'c/e'])

    const next = { a: 'again', f: 'f' }
    await customer.put('docs', { entries: entriesOf(next) }, inTime())
    expect(await linesIn(await customer.get('docs', inTime()))).toEqual(await linesOf(entriesOf(next)))
  })

  it('keeps versions: of a file, of what a tree had there, and of what was removed', async () => {
    const { customer } = await storing(2)
    const results: PutResult[] = []
    results.push(await customer.put('docs', { entries: entriesOf({ a: 'first', b: 'b' }) }, inTime()))
    results.push(await customer.put('docs/a', utf8('second!'), inTime()))
    results.push(await customer.put('docs', { entries: entriesOf({ b: 'b' }) }, inTime()))
    results.push(await customer.put('docs/a', utf8('third'), inTime()))
    const versions = await customer.versions('docs/a', inTime())
    expect(versions).toMatchObject([
      { size: 5, kind: 'file', current: true, deleted: false },
      { size: 7, kind: 'file', current: false, deleted: false },
      { size: 5, kind: 'file', current: false, deleted: false },
    ])
    expect(new Set(versions.map(({ version }) => version)).size).toBe(3)
    const texts = await Promise.all(versions.map(({ version }) => textOf(customer, 'docs/a', version)))
    expect(texts).toEqual(['third', 'second!', 'first'])
    expect(versions[0]!.version).toBe(results[3]!.version)

    await customer.remove('docs/a', inTime())
    await expect(customer.get('docs/a', inTime())).rejects.toMatchObject({ code: 'NotFound' })
    expect(await customer.versions('docs/a', inTime())).toMatchObject([
      { current: false, deleted: true },
      { deleted: true },
      { deleted: true },
    ])
    expect(await textOf(customer, 'docs/a', versions[1]!.version)).toBe('second!')
    await expect(textOf(customer, 'docs/a', 'F20000101010101AM')).rejects.toMatchObject({ code: 'NotFound' })
    await expect(customer.versions('nothing', inTime())).rejects.toMatchObject({ code: 'NotFound' })
    await expect(customer.remove('nothing', inTime())).rejects.toMatchObject({ code: 'NotFound' })
  })

  it('has it all after a restart', async () => {
    const { customer, node } = await storing(4)
    await customer.put('docs', { entries: entriesOf({ a: 'a', b: { c: randomBytes(5000) } }) }, inTime())
    await customer.put('x', utf8('x'), inTime())
    await customer.remove('docs/a', inTime())
    const before = await linesIn(await customer.get('', inTime()))
    await customer.stop()
    const { customer: again, problems } = await customerOf(node)
    expect(await linesIn(await again.get('', inTime()))).toEqual(before)
    await again.put('y', utf8('y'), inTime())
    expect((await listed(again)).map(({ path }) => path)).toEqual(['docs', 'x', 'y'])
    expect(problems).toEqual([])
  })

  it.each(['', '/x', 'a//b', '../x', 'a/../b', 'a/.', 'nul\0', 'x'.repeat(256)])(
    'refuses the path %j',
    async (path) => {
      const network = await networkOf({ suppliers: 0 })
      const { customer } = await customerOf(await network.customer())
      await expect(customer.put(path, utf8('x'), inTime())).rejects.toMatchObject({
        name: 'CustomerError',
        code: 'PathUnsafe',
      })
      await expect(customer.remove(path, inTime())).rejects.toMatchObject({ code: 'PathUnsafe' })
    },
  )

  it('says that there are no suppliers yet', async () => {
    const network = await networkOf({ suppliers: 0 })
    const { customer } = await customerOf(await network.customer())
    await expect(customer.put('x', utf8('x'), inTime())).rejects.toMatchObject({ code: 'NotFound', retryable: true })
  })

  it('tells how far it has come, what it stored and in which states its machines are', async () => {
    const { customer } = await storing(2)
    const stored: PutResult[] = []
    customer.events.addEventListener('stored', ({ value }) => stored.push(value))
    const progress: PutProgress[] = []
    const bytes = randomBytes(5 * MIB)
    const result = await customer.put('x', new Blob([bytes]), {
      ...inTime(),
      onProgress: (step) => progress.push(step),
    })
    expect(stored).toEqual([result])
    expect([...new Set(progress.map(({ step }) => step))]).toEqual(['reading', 'placing', 'recording', 'completing'])
    expect(progress[0]).toMatchObject({ step: 'reading', total: bytes.length })
    expect(progress.filter(({ step }) => step === 'placing').at(-1)).toEqual({
      step: 'placing',
      done: bytes.length,
      total: bytes.length,
    })
    await (await customer.get('x', inTime())).bytes()
    expect(customer.machines()).toContainEqual({ name: 'upload', state: 'complete', since: expect.any(Number) })
    expect(customer.machines()).toContainEqual({ name: 'download', state: 'complete', since: expect.any(Number) })
    const known = machines.map(({ name }) => name)
    for (const { name } of customer.machines()) expect(known).toContain(name)
  })

  it('ends what is under way when it is stopped', async () => {
    const { customer } = await storing(2)
    const stuck = customer.put('x', { entries: [{ path: '', kind: 'file', mode: 0, mtime: 0, open: never }] }, inTime())
    const rejected = expect(stuck).rejects.toMatchObject({ code: 'Cancelled' })
    await customer.stop()
    await rejected
    await expect(customer.get('x', inTime())).rejects.toMatchObject({ code: 'Cancelled' })
  })
})

async function* never(): AsyncGenerator<Uint8Array> {
  await new Promise(() => {})
}
