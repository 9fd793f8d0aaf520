import { randomBytes } from '@bitdust/crypto'
import { describe, expect, it } from 'vitest'
import type { Customer } from '../src/customer.ts'
import type { SourceEntry } from '../src/upload/types.ts'
import { customerOf, storing } from './customers.ts'
import { meddled } from './lies.ts'
import type { TestNetwork } from './network.ts'
import { inTime, MIB } from './setup.ts'
import { linesIn } from './trees.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

async function paths(customer: Customer): Promise<readonly string[]> {
  return (await Array.fromAsync(customer.list('', inTime()))).map(({ path }) => path)
}

async function filesAt(network: TestNetwork): Promise<number> {
  const counts = network.suppliers.map(async ({ fragments }) => (await Array.fromAsync(fragments.list())).length)
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

function fileEntry(path: string, bytes: Uint8Array | string): SourceEntry {
  const content = typeof bytes === 'string' ? utf8(bytes) : bytes
  return { path, kind: 'file', mode: 0o644, mtime: 1, open: () => [content] }
}

describe('a put', () => {
  it.each([4, 7] as const)('is stored at H of %i suppliers, and complete after repair', async (count) => {
    const { customer, network } = await storing(count)
    const [away] = network.suppliers
    away!.down()
    const bytes = randomBytes(MIB)
    expect(await customer.put('x', bytes, inTime())).toMatchObject({ state: 'stored', blocks: 1 })
    expect(Buffer.compare(await (await customer.get('x', inTime())).bytes(), bytes)).toBe(0)
    expect(await filesAt(network)).toBe(count - 1)
    away!.up()
    await customer.repair.run(inTime())
    expect(await filesAt(network)).toBe(count)
  })

  it('below H it fails, says why, and lists nothing', async () => {
    const { customer, network } = await storing(4)
    for (const supplier of network.suppliers.slice(0, 2)) supplier.down()
    for (const source of [randomBytes(MIB), [utf8('small')]]) {
      const error = await customer.put('x', source, inTime()).catch((cause) => cause)
      expect(error).toMatchObject({ name: 'CustomerError', retryable: true, need: 3 })
      expect(['UploadIncomplete', 'CatalogFreshnessUnknown']).toContain(error.code)
    }
    for (const supplier of network.suppliers) supplier.up()
    expect(await paths(customer)).toEqual([])
    expect(await customer.put('x', utf8('now'), inTime())).toMatchObject({ state: 'complete' })
    expect(await paths(customer)).toEqual(['x'])
  })

  it('says when the suppliers have no room left', async () => {
    const { customer } = await storing(2, { bytes: MIB / 2 })
    await expect(customer.put('x', randomBytes(3 * MIB), inTime())).rejects.toMatchObject({ code: 'QuotaExceeded' })
    expect(await paths(customer)).toEqual([])
    await customer.put('y', randomBytes(MIB / 8), inTime())
  })

  it('waits for suppliers that have too much to do', async () => {
    const { node } = await storing(2)
    let refusals = 0
    const busy = meddled(node, (remotes) => ({
      async putFragments(peer, fragments, options) {
        if (refusals++ < 3)
          throw Object.assign(new Error('later'), { code: 'Busy', retryable: true, name: 'SupplierError' })
        return remotes.putFragments(peer, fragments, options)
      },
    }))
    const { customer } = await customerOf(busy)
    expect(await customer.put('x', randomBytes(30_000), inTime())).toMatchObject({ state: 'complete' })
  })

  it('reads no more of the source than it can place, and holds a few blocks at most', async () => {
    const { node, customer } = await storing(2, { bytes: 60 * MIB })
    await customer.stop()
    let open = 0
    let most = 0
    let read = 0
    const ahead: number[] = []
    let placed = 0
    const slow = meddled(node, (remotes) => ({
      async putFragments(peer, fragments, options) {
        open += fragments.data.length
        most = Math.max(most, open)
        const receipt = await remotes.putFragments(peer, fragments, options)
        await new Promise((resolve) => setTimeout(resolve, 20))
        open -= fragments.data.length
        placed += fragments.data.length
        return receipt
      },
    }))
    const { customer: other } = await customerOf(slow)
    async function* source() {
      for (let i = 0; i < 48; i++) {
        read += MIB / 2
        ahead.push(read - placed)
        yield randomBytes(MIB / 2)
      }
    }
    const { bytes, blocks } = await other.put('x', source(), inTime())
    expect(bytes).toBe(24 * MIB)
    expect(blocks).toBeGreaterThanOrEqual(12)
    expect(blocks).toBeLessThanOrEqual(48)
    // Blocks of 2 MiB at most: 3 in flight and 4 that trail, one that waits, one that is being filled.
    expect(most).toBeLessThanOrEqual(8 * 2 * MIB)
    expect(Math.max(...ahead)).toBeLessThanOrEqual(10 * 2 * MIB)
    expect((await other.get('x', inTime())).entry.size).toBe(24 * MIB)
  })

  it('does not wait for ever for the slowest supplier', async () => {
    const { node, customer } = await storing(4, { bytes: 40 * MIB })
    await customer.stop()
    const [first] = (await customerOf(node)).customer.family.current()!.body.positions
    const stuck = meddled(node, (remotes) => ({
      putFragments: (peer, fragments, options) =>
        peer.fingerprint === first!.fingerprint
          ? new Promise((_, reject) => options.signal.addEventListener('abort', () => reject(options.signal.reason)))
          : remotes.putFragments(peer, fragments, options),
    }))
    // Its patience passes at once.
    const clock = {
      ...node.clock,
      sleep: (ms: number, signal?: AbortSignal) => node.clock.sleep(Math.min(ms, 50), signal),
    }
    const { customer: other } = await customerOf({ ...stuck, clock })
    const bytes = randomBytes(24 * MIB)
    const { state, blocks } = await other.put('x', bytes, inTime())
    expect(state).toBe('stored')
    expect(blocks).toBeGreaterThanOrEqual(6)
  })

  it('stops when it is cancelled, and lists nothing', async () => {
    const { customer } = await storing(2)
    const cancel = new AbortController()
    async function* source() {
      for (let i = 0; ; i++) {
        if (i === 5) cancel.abort()
        yield new Uint8Array(MIB)
      }
    }
    await expect(customer.put('x', source(), { signal: cancel.signal })).rejects.toMatchObject({ code: 'Cancelled' })
    expect(await paths(customer)).toEqual([])
    await expect(customer.put('x', utf8('x'), { signal: cancel.signal })).rejects.toMatchObject({ code: 'Cancelled' })
  })

  it('passes on what the source throws', async () => {
    const { customer } = await storing(2)
    const failure = new Error('the file changed')
    async function* source() {
      yield new Uint8Array(5 * MIB)
      throw failure
    }
    await expect(customer.put('x', source(), inTime())).rejects.toBe(failure)
    expect(await paths(customer)).toEqual([])
  })

  it('makes folders that the source left out', async () => {
    const { customer } = await storing(2)
    const entries = [fileEntry('a/b/c', 'c'), fileEntry('a/d', 'd'), fileEntry('e', 'e')]
    const stored = await customer.put('x', { entries }, inTime())
    expect(stored).toMatchObject({ files: 3, folders: 3 })
    expect((await linesIn(await customer.get('x', inTime()))).map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      'folder ',
      'folder a',
      'folder a/b',
      'file a/b/c',
      'file a/d',
      'file e',
    ])
  })

  it('refuses trees that are none, and names the rule', async () => {
    const { customer } = await storing(2)
    const wrongs = [
      { what: 'a path that leaves the tree', entries: [fileEntry('../x', 'x')], code: 'PathUnsafe' },
      { what: 'an absolute path', entries: [fileEntry('/x', 'x')], code: 'PathUnsafe' },
      { what: 'a root behind its content', entries: [fileEntry('a', 'a'), fileEntry('', 'b')], code: 'PathUnsafe' },
      { what: 'something inside a file', entries: [fileEntry('', 'a'), fileEntry('b', 'b')], code: 'PathUnsafe' },
      { what: 'a name twice', entries: [fileEntry('a', 'a'), fileEntry('a', 'b')], code: 'ManifestInvalid' },
      {
        what: 'a folder left and entered again',
        entries: [fileEntry('a/b', '1'), fileEntry('c/d', '2'), fileEntry('a/e', '3')],
        code: 'ManifestInvalid',
      },
      {
        what: 'a symlink without a target',
        entries: [{ path: 'a', kind: 'symlink', mode: 0o777, mtime: 0 } as const],
        code: 'PathUnsafe',
      },
      { what: 'nothing at all', entries: [], code: 'NotFound' },
    ] as const
    for (const { what, entries, code } of wrongs) {
      const put = customer.put('x', { entries }, inTime())
      await expect(put, what).rejects.toMatchObject({ name: 'CustomerError', code })
    }
    expect(await paths(customer)).toEqual([])
  })

  it('stores many small files in few blocks, folders apart from files', async () => {
    const { customer } = await storing(2)
    const entries = Array.from({ length: 800 }, (_, i) =>
      fileEntry(`d${String(i % 8)}/sub/f${String(i).padStart(3, '0')}`, randomBytes(600)),
    ).sort((a, b) => (a.path < b.path ? -1 : 1))
    const { blocks, files, folders } = await customer.put('x', { entries }, inTime())
    expect({ files, folders }).toEqual({ files: 800, folders: 17 })
    // One for the files, one for the folders inside; those around them are small enough to stand in the manifest.
    expect(blocks).toBe(2)
    expect(await linesIn(await customer.get('x', inTime()))).toHaveLength(817)
  })
})
