import { createVirtualClock } from '@bitdust/testing'
import { expect, test } from 'vitest'
import { type CollectOptions, type CulpritCode, collectFragments } from '../src/index.ts'
import { fetchFrom, makeBlock } from './block.ts'

const block = await makeBlock(4, 500)
const layout = block.layoutBody

/** Holders that answer when the test says so. */
function holders() {
  const asked: number[] = []
  const aborted: number[] = []
  const pending = new Map<number, PromiseWithResolvers<Uint8Array | null>>()
  const fetch: CollectOptions['fetch'] = (index, { signal }) => {
    const answer = Promise.withResolvers<Uint8Array | null>()
    asked.push(index)
    pending.set(index, answer)
    signal.addEventListener('abort', () => {
      aborted.push(index)
      answer.reject(signal.reason)
    })
    return answer.promise
  }
  return {
    fetch,
    asked,
    aborted,
    async answer(index: number, fragment: Uint8Array | null = block.fragments[index]!) {
      pending.get(index)!.resolve(fragment)
      await new Promise(setImmediate)
    },
    async fail(index: number) {
      pending.get(index)!.reject(new Error(`${index} is away`))
      await new Promise(setImmediate)
    },
  }
}

test('asks as many as are needed, in the order preferred, each once', async () => {
  const clock = createVirtualClock()
  const asked: number[] = []
  const fetch: CollectOptions['fetch'] = (index, options) => {
    asked.push(index)
    return fetchFrom(block)(index, options)
  }
  const found = await collectFragments({ layout, fetch, clock, prefer: [7, 1, 7, 3, 2, 0, 5] })
  expect(asked).toEqual([7, 1, 3, 2])
  expect(found).toEqual(new Map(asked.map((index) => [index, block.fragments[index]])))
})

test('data comes first by default', async () => {
  const found = await collectFragments({ layout, fetch: fetchFrom(block), clock: createVirtualClock() })
  expect([...found.keys()]).toEqual([0, 1, 2, 3])
})

test('replaces those who fail, are absent or lie, and blames only who is proven wrong', async () => {
  const { fetch, asked, answer, fail } = holders()
  const culprits: [number, CulpritCode][] = []
  const clock = createVirtualClock()
  const collecting = collectFragments({
    layout,
    fetch,
    clock,
    onCulprit: (index, code) => culprits.push([index, code]),
  })
  expect(asked).toEqual([0, 1, 2, 3])
  await answer(0, null)
  await fail(1)
  await answer(2, block.fragments[3]!)
  expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6])
  for (const index of [3, 4, 5, 6]) await answer(index)
  expect([...(await collecting).keys()]).toEqual([3, 4, 5, 6])
  expect(culprits).toEqual([
    [0, 'FragmentMissing'],
    [2, 'FragmentCorrupt'],
  ])
})

test('asks a spare beside a slow holder, takes whoever is first and aborts the rest', async () => {
  const { fetch, asked, aborted, answer } = holders()
  const clock = createVirtualClock()
  const collecting = collectFragments({ layout, fetch, clock, hedgeMs: 100 })
  for (const index of [0, 1]) await answer(index)
  await clock.advance(99)
  expect(asked).toEqual([0, 1, 2, 3])
  await clock.advance(1)
  expect(asked).toEqual([0, 1, 2, 3, 4, 5])
  await answer(5)
  await answer(2) // Slow, but it came.
  expect([...(await collecting).keys()]).toEqual([0, 1, 5, 2])
  expect(aborted).toEqual(expect.arrayContaining([3, 4]))
  expect(clock.sleepers).toBe(0)
})

test('keeps to the concurrency, slow ones counted', async () => {
  const { fetch, asked, answer } = holders()
  const clock = createVirtualClock()
  const collecting = collectFragments({ layout, fetch, clock, hedgeMs: 100, concurrency: 2 })
  expect(asked).toEqual([0, 1])
  await clock.advance(1000)
  expect(asked).toEqual([0, 1])
  for (const index of [0, 1, 2, 3]) await answer(index)
  expect((await collecting).size).toBe(4)
})

test('fails when everybody was asked, with the reasons', async () => {
  const { fetch, answer, fail } = holders()
  const clock = createVirtualClock()
  const collecting = collectFragments({ layout, fetch, clock, prefer: [0, 1, 2, 3, 4] })
  const outcome = collecting.catch((error) => error)
  await fail(0)
  await answer(1, null)
  for (const index of [2, 3, 4]) await answer(index)
  expect(await outcome).toMatchObject({
    code: 'NotEnoughFragments',
    have: 3,
    need: 4,
    missing: [0, 1, 5, 6, 7],
    cause: { errors: [{ message: '0 is away' }] },
  })
})

test('a holder that throws at once is absent like any other', async () => {
  const fetch: CollectOptions['fetch'] = () => {
    throw new Error('no link')
  }
  const collecting = collectFragments({ layout, fetch, clock: createVirtualClock() })
  await expect(collecting).rejects.toMatchObject({ code: 'NotEnoughFragments', have: 0 })
})

test('stops with the reason of its signal', async () => {
  const { fetch, aborted, asked } = holders()
  const clock = createVirtualClock()
  const controller = new AbortController()
  const collecting = collectFragments({ layout, fetch, clock, signal: controller.signal })
  const outcome = collecting.catch((error) => error)
  const reason = new Error('enough')
  controller.abort(reason)
  expect(await outcome).toBe(reason)
  expect(aborted).toEqual([0, 1, 2, 3])
  await new Promise(setImmediate)
  expect(asked).toEqual([0, 1, 2, 3])
  expect(clock.sleepers).toBe(0)
  await expect(collectFragments({ layout, fetch, clock, signal: controller.signal })).rejects.toBe(reason)
})
