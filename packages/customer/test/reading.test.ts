import { randomBytes } from '@bitdust/crypto'
import { systemClock } from '@bitdust/machine'
import { layoutRecord, manifestRecord } from '@bitdust/records'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAnswerTimes } from '../src/download/answer-times.ts'
import type { FoundFragment, FragmentQuery } from '../src/ports.ts'
import { customerOf, type RunningCustomer, storing } from './customers.ts'
import { appendTo, manifestAt } from './journal-tools.ts'
import { meddled } from './lies.ts'
import { inTime, MIB } from './setup.ts'
import { entriesOf } from './trees.ts'

/** Questions for fragments, in their order, with what came of them. */
interface Asked {
  readonly query: FragmentQuery
  readonly signal: AbortSignal
  bytes: number
}

/** Another customer on the same node, whose questions for fragments are counted, and may be answered by somebody else. */
async function watched(
  { node }: RunningCustomer,
  answer?: (ask: () => Promise<FoundFragment | null>, asked: Asked) => Promise<FoundFragment | null>,
) {
  const asked: Asked[] = []
  const running = await customerOf(
    meddled(node, (remotes) => ({
      async getFragment(peer, query, options) {
        const one: Asked = { query, signal: options.signal, bytes: 0 }
        asked.push(one)
        const ask = () => remotes.getFragment(peer, query, options)
        const found = await (answer === undefined ? ask() : answer(ask, one))
        one.bytes = (found?.data?.length ?? 0) + (found?.parity?.length ?? 0)
        return found
      },
    })),
  )
  return { ...running, asked }
}

const blocksOf = (asked: readonly Asked[]) => new Set(asked.map(({ query }) => query.block))

async function joined(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(parts))
}

describe('reading a range', () => {
  it('gives its bytes, from the blocks that it touches and n fragments of each, and nothing else', async () => {
    const running = await storing(2)
    // Incompressible, in pieces of at most 2 MiB.
    const bytes = randomBytes(7 * MIB)
    await running.customer.put('film', bytes, inTime())
    const location = await running.customer.locations.master(inTime())
    const { content } = (await manifestAt(running.node, location, 'film')).root
    if (!('extents' in content)) throw new Error('inline')
    const ends = content.extents.map(({ length }, index, all) =>
      all.slice(0, index).reduce((sum, extent) => sum + extent.length, length),
    )
    expect(ends.length).toBeGreaterThan(3)

    const middle = ends[1]!
    const within = await watched(running)
    const reader = await within.customer.get('film', inTime())
    expect(await joined(reader.range(middle + 1000, 65_536))).toEqual(
      Buffer.from(bytes.subarray(middle + 1000, middle + 66_536)),
    )
    expect(within.asked.map(({ query }) => query.block)).toEqual(Array(2).fill(content.extents[2]!.block))
    const transferred = within.asked.reduce((sum, one) => sum + one.bytes, 0)
    // One block and the tags of its segments; each of the two fragments is rounded up.
    expect(transferred).toBeLessThan(content.extents[2]!.length * 1.001 + 1000)

    const across = await watched(running)
    await joined((await across.customer.get('film', inTime())).range(middle - 1, 2))
    expect(blocksOf(across.asked)).toEqual(new Set([content.extents[1]!.block, content.extents[2]!.block]))
    expect(across.asked).toHaveLength(4)
  })

  it('is the same as a part of the whole, wherever it begins and ends', async () => {
    const running = await storing(2)
    const bytes = randomBytes(5 * MIB)
    await running.customer.put('film', bytes, inTime())
    const reader = await running.customer.get('film', inTime())
    const offset = fc.oneof(fc.nat(6 * MIB), fc.constantFrom(0, bytes.length - 1, bytes.length, bytes.length + 1))
    await fc.assert(
      fc.asyncProperty(offset, fc.oneof(fc.nat(2 * MIB), fc.constantFrom(0, 1)), async (from, length) => {
        const part = await joined(reader.range(from, length))
        expect(Buffer.compare(part, bytes.subarray(from, from + length))).toBe(0)
      }),
      { numRuns: 40 },
    )
    expect(Buffer.compare(await joined(reader.range(4 * MIB)), bytes.subarray(4 * MIB))).toBe(0)
    for (const [from, length] of [
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [Number.NaN, 1],
      [0, Number.NaN],
    ] as const)
      expect(() => reader.range(from, length)).toThrow(expect.objectContaining({ code: 'LimitExceeded' }))
  })

  it('waits for the first block alone before it fetches ahead', async () => {
    const running = await storing(2)
    await running.customer.put('film', randomBytes(7 * MIB), inTime())
    let answered = 0
    const before = new Set<string>()
    const { customer, asked } = await watched(running, async (ask, { query }) => {
      if (answered < 2) before.add(query.block)
      const found = await ask()
      answered += 1
      return found
    })
    for await (const _ of await customer.get('film', inTime()));
    expect(before.size).toBe(1)
    expect(asked).toHaveLength(2 * blocksOf(asked).size)
  })
})

describe('a reader who leaves', () => {
  it('ends all questions at once when the signal aborts', async () => {
    const running = await storing(4)
    await running.customer.put('film', randomBytes(3 * MIB), inTime())
    const { customer, asked } = await watched(
      running,
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const stop = new AbortController()
    const reading = (await customer.get('film', { signal: stop.signal })).bytes()
    while (asked.length < 4) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(asked.some(({ signal }) => signal.aborted)).toBe(false)
    const rejected = expect(reading).rejects.toMatchObject({ code: 'Cancelled' })
    stop.abort()
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked.every(({ signal }) => signal.aborted)).toBe(true)
    await rejected
  })

  it('holds a stream back: nothing is fetched that is not wanted, and no more after it is cancelled', async () => {
    const running = await storing(2)
    await running.customer.put('film', randomBytes(12 * MIB), inTime())
    const { customer, asked } = await watched(running)
    const stream = (await customer.get('film', inTime())).stream()
    expect(asked).toEqual([])
    const lines = stream.getReader()
    await lines.read()
    await lines.read()
    const fetched = blocksOf(asked).size
    expect(fetched).toBeLessThanOrEqual(4)
    await lines.cancel()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(blocksOf(asked).size).toBe(fetched)
  })
})

describe('suppliers that do not keep to the rules', () => {
  it('T29 a correctly signed layout and fragment of another family size is stale, and named', async () => {
    const running = await storing(4)
    const bytes = randomBytes(50_000)
    await running.customer.put('x', bytes, inTime())
    const { deviceKey } = running.node.self
    const { customer, problems } = await watched(running, async (ask, { query }) => {
      const found = await ask()
      if (found === null || query.position !== 1) return found
      const { body } = layoutRecord.open(found.layout)
      const earlier = { ...body, n: 2, roots: body.roots.slice(0, 4), fragmentBytes: Math.ceil(body.block.size / 2) }
      return { ...found, layout: (await layoutRecord.sign(earlier, deviceKey)).bytes }
    })
    // Its fragment is right, so only whoever looks at the layout sees it: that of the first supplier to answer.
    const slow = await watched(running, async (ask, { query }) => {
      const found = await ask()
      if (found === null) return null
      const { body } = layoutRecord.open(found.layout)
      const earlier = { ...body, n: 2, roots: body.roots.slice(0, 4), fragmentBytes: Math.ceil(body.block.size / 2) }
      if (query.position === 1) return { ...found, layout: (await layoutRecord.sign(earlier, deviceKey)).bytes }
      await new Promise((resolve) => setTimeout(resolve, 60))
      return found
    })
    expect(Buffer.compare(await (await customer.get('x', inTime())).bytes(), bytes)).toBe(0)
    expect(problems.every(({ code }) => code === 'FragmentStale')).toBe(true)
    expect(Buffer.compare(await (await slow.customer.get('x', inTime())).bytes(), bytes)).toBe(0)
    const culprit = running.customer.family.current()!.body.positions[1]!.fingerprint
    expect(slow.problems).toMatchObject([{ code: 'FragmentStale', culprit }])
  })

  it.each([
    { what: 'one byte more than it should', change: (data: Uint8Array) => Buffer.concat([data, Buffer.of(0)]) },
    { what: 'half of it', change: (data: Uint8Array) => data.subarray(0, data.length / 2) },
    { what: 'nothing', change: () => new Uint8Array(0) },
  ])('T30 a supplier that gives $what is named, and another source is used', async ({ change }) => {
    const running = await storing(4)
    const bytes = randomBytes(50_000)
    await running.customer.put('x', bytes, inTime())
    const { customer, problems } = await watched(running, async (ask, { query }) => {
      const found = await ask()
      return found?.data === undefined || query.position !== 2 ? found : { ...found, data: change(found.data) }
    })
    expect(Buffer.compare(await (await customer.get('x', inTime())).bytes(), bytes)).toBe(0)
    const culprit = running.customer.family.current()!.body.positions[2]!.fingerprint
    expect(problems).toMatchObject([{ code: 'FragmentCorrupt', culprit }])
  })

  it('T31 one block served as another is never decoded, and no byte of it is given out', async () => {
    const running = await storing(2)
    await running.customer.put('x', randomBytes(5 * MIB), inTime())
    const location = await running.customer.locations.master(inTime())
    const { content } = (await manifestAt(running.node, location, 'x')).root
    if (!('extents' in content)) throw new Error('inline')
    const [first, second] = content.extents
    const { customer, node } = running
    const lying = await customerOf(
      meddled(node, (remotes) => ({
        getFragment: (peer, query, options) =>
          remotes.getFragment(peer, query.block === second!.block ? { ...query, block: first!.block } : query, options),
      })),
    )
    const reader = await lying.customer.get('x', inTime())
    const given: Uint8Array[] = []
    const reading = (async () => {
      for await (const part of reader) given.push(part)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'NotEnoughFragments', have: 0, need: 2 })
    expect(Buffer.concat(given).length).toBe(first!.length)
    expect(new Set(lying.problems.map(({ code }) => code))).toEqual(new Set(['FragmentCorrupt']))
    expect(await (await customer.get('x', inTime())).bytes()).toHaveLength(5 * MIB)
  })

  it('T31 a manifest cannot be written that leaves the last block out, or has its blocks in another order', async () => {
    const { customer, node } = await storing(2)
    await customer.put('x', randomBytes(5 * MIB), inTime())
    const location = await customer.locations.master(inTime())
    const stored = await manifestAt(node, location, 'x')
    const { content } = stored.root
    if (!('extents' in content)) throw new Error('inline')
    const short = { ...stored, root: { ...stored.root, content: { extents: content.extents.slice(0, -1) } } }
    await expect(manifestRecord.sign(short, node.self.deviceKey)).rejects.toMatchObject({ name: 'RecordError' })
    // The keys stay where they were: the blocks do not open with those of others.
    const [first, second, ...rest] = content.extents
    const extents = [{ ...first!, block: second!.block }, { ...second!, block: first!.block }, ...rest]
    const swapped = await manifestRecord.sign(
      { ...stored, root: { ...stored.root, content: { extents } } },
      node.self.deviceKey,
    )
    await appendTo(node, location, { kind: 'put', path: 'swapped', manifest: swapped.bytes })
    const reading = (await customer.get('swapped', inTime())).bytes()
    await expect(reading).rejects.toMatchObject({ code: 'BlockAuthFailed' })
  })

  it('does not ask everybody again for each small file of a block that is lost', async () => {
    const running = await storing(2)
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`f${index}`, randomBytes(2000)]))
    await running.customer.put('tree', { entries: entriesOf(files) }, inTime())
    const { customer, asked } = await watched(running, async () => null)
    let failed = 0
    for await (const { entry, open } of (await customer.get('tree', inTime())).walk()) {
      if (entry.kind === 'folder') continue
      await expect(open().bytes()).rejects.toMatchObject({ name: 'CustomerError', code: 'NotEnoughFragments' })
      failed += 1
    }
    expect(failed).toBe(20)
    // Once ahead of its turn at most, and once more.
    expect(asked.length).toBeLessThanOrEqual(2 * 4 * blocksOf(asked).size)
    // Whoever comes again asks again.
    const before = asked.length
    await expect((await customer.get('tree/f1', inTime())).bytes()).rejects.toMatchObject({
      code: 'NotEnoughFragments',
    })
    expect(asked.length).toBeGreaterThan(before)
  })
})

describe('patience', () => {
  it('is what is usual three times over, and within bounds', () => {
    const times = createAnswerTimes()
    expect(times.patienceMs()).toBe(2000)
    for (let i = 0; i < 15; i++) times.add(300)
    expect(times.patienceMs()).toBe(2000)
    times.add(300)
    expect(times.patienceMs()).toBe(900)
    for (let i = 0; i < 64; i++) times.add(5)
    expect(times.patienceMs()).toBe(500)
    // One of twenty may be slow without changing what is usual.
    for (let i = 0; i < 3; i++) times.add(60_000)
    expect(times.patienceMs()).toBe(500)
    for (let i = 0; i < 10; i++) times.add(60_000)
    expect(times.patienceMs()).toBe(2000)
  })
})

describe('T59 clocks that are wrong', () => {
  it('do not decide what is newest, and two puts in one second are two versions', async () => {
    const { node } = await storing(2)
    const year = 365 * 24 * 3600 * 1000
    let off = 0
    const { customer } = await customerOf(node, { clock: { ...systemClock, now: () => systemClock.now() + off } })
    const put = async (text: string, offset: number) => {
      off = offset
      await customer.put('x', new TextEncoder().encode(text), inTime())
    }
    const text = async (version?: string) => {
      const reader = await customer.get('x', { ...inTime(), ...(version === undefined ? {} : { version }) })
      return new TextDecoder().decode(await reader.bytes())
    }
    const texts = ['in ten years', 'ten years ago', 'one', 'other']
    await put('in ten years', 10 * year)
    await put('ten years ago', -10 * year)
    await put('one', 0)
    await put('other', 0)
    expect(await text()).toBe('other')
    const names = (await customer.versions('x', inTime())).map(({ version }) => version)
    expect(new Set(names).size).toBe(4)
    expect((await Promise.all(names.map(text))).sort()).toEqual(texts.sort())
    off = -600_000
    await put('backwards', off)
    expect(await text()).toBe('backwards')
    expect(await customer.versions('x', inTime())).toHaveLength(5)
  })
})
