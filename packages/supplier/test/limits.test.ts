import { setImmediate as nextTurn } from 'node:timers/promises'
import { randomBytes } from '@bitdust/crypto'
import { expect, test } from 'vitest'
import { memoryFragmentStore } from '../src/index.ts'
import { COMMANDS } from '../src/protocol/commands.ts'
import { storeFragmentsRequest } from '../src/protocol/fragments.ts'
import { fillBooks } from './fill-books.ts'
import { codeOf, hire, MIB, masterOf, type SampleBlock, sampleBlock } from './samples.ts'
import { createWorld, type SupplierNodeOptions } from './world.ts'

/** A few seconds of work, on a machine that may be busy. */
const LONG = { timeout: 60_000 }

async function aliceAndSam(options: SupplierNodeOptions = {}) {
  const world = createWorld()
  const sam = await world.supplier('sam', options)
  const alice = await world.person('alice')
  await hire(alice, sam, world.clock.now(), { bytes: 10 * MIB })
  const customer = alice.ref.fingerprint
  const to = sam.ref
  const usage = () => sam.supplier.usage(customer)!
  const put = (block: SampleBlock) => codeOf(alice.client.putFragments(to, { customer, ...block.at(0) }))
  /** As a sender does who is told that there is too much going on. */
  const putPatiently = async (block: SampleBlock): Promise<string> => {
    for (;;) {
      const outcome = await put(block)
      if (outcome !== 'Busy') return outcome
    }
  }
  return { ...world, sam, alice, customer, to, usage, put, putPatiently }
}

test('T45 50 writes of 1 MiB at once into a quota of 10 MiB: never above it, exact after a restart', async () => {
  const { sam, alice, usage, putPatiently } = await aliceAndSam()
  const blocks = await Promise.all(
    Array.from({ length: 50 }, () => sampleBlock(alice, masterOf(alice), { fragmentBytes: MIB / 2 })),
  )
  let highest = 0
  const { put } = sam.fragments
  Object.assign(sam.fragments, {
    async put(...args: Parameters<typeof put>) {
      const { used, reserved } = usage()
      highest = Math.max(highest, used + reserved)
      await put(...args)
    },
  })
  const outcomes = await Promise.all(blocks.map(putPatiently))
  expect(outcomes.filter((outcome) => outcome === 'done').length).toBe(9)
  expect(outcomes.filter((outcome) => outcome === 'QuotaExceeded').length).toBe(41)
  expect(highest).toBeLessThanOrEqual(10 * MIB)
  const files = await Array.fromAsync(sam.fragments.list())
  const { used } = usage()
  expect(usage()).toMatchObject({ reserved: 0, files: 9, used: files.reduce((sum, { size }) => sum + size, 0) })
  await sam.supplier.stop()
  await sam.supplier.start()
  expect(usage()).toMatchObject({ reserved: 0, files: 9, used })
})

test('T45 the same block 1 000 times takes the room of one', LONG, async () => {
  const { alice, sam, usage, put } = await aliceAndSam()
  const block = await sampleBlock(alice, masterOf(alice), { fragmentBytes: 100 })
  expect(await put(block)).toBe('done')
  const once = usage()
  for (let round = 0; round < 999; round++) expect(await put(block)).toBe('done')
  expect(usage()).toEqual(once)
  expect((await Array.fromAsync(sam.fragments.list())).length).toBe(1)
})

test('T45 files that hold next to nothing are counted, and end at the cap', LONG, async () => {
  const { alice, sam, customer, clock, usage, put } = await aliceAndSam({ limits: { maxFiles: 10_000 } })
  await sam.supplier.stop()
  await fillBooks(sam, customer, masterOf(alice), 9_997, clock.now())
  await sam.supplier.start()
  const blocks = await Promise.all([1, 2, 3, 4, 5].map(() => sampleBlock(alice, masterOf(alice), { fragmentBytes: 1 })))
  const outcomes = await Promise.all(blocks.map(put))
  expect(outcomes.toSorted()).toEqual(['QuotaExceeded', 'QuotaExceeded', 'done', 'done', 'done'])
  expect(usage().files).toBe(10_000)
})

test('T46 writes that declare much, send little and hang give their room back', async () => {
  const { alice, customer, to, usage, clock, put } = await aliceAndSam()
  const hang = Promise.withResolvers<void>()
  async function* tenBytes() {
    yield randomBytes(10)
    await hang.promise
  }
  const blocks = await Promise.all(
    Array.from({ length: 8 }, () => sampleBlock(alice, masterOf(alice), { fragmentBytes: MIB / 2 })),
  )
  const outcomes = blocks.map(({ layout }) =>
    codeOf(
      alice.transport.request(to, {
        command: COMMANDS.data,
        owner: customer,
        payload: storeFragmentsRequest.encode({ customer, layout, position: 0 }),
        body: { length: MIB, chunks: tenBytes() },
        bodyCheck: 'handler',
      }),
    ),
  )
  await until(() => usage().reserved >= 8 * MIB)
  await clock.advance(31_000)
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['Timeout']))
  await until(() => usage().reserved === 0)
  hang.resolve()
  expect(usage()).toMatchObject({ used: 0, reserved: 0, files: 0 })
  expect(await put(await sampleBlock(alice, masterOf(alice)))).toBe('done')
})

test('so many writes of one customer go on at once, one more is busy', async () => {
  const { alice, person, customer, to, sam } = await aliceAndSam({ limits: { maxConcurrentWrites: 2 } })
  const { put } = sam.fragments
  const gate = Promise.withResolvers<void>()
  let waiting = 0
  const full = Promise.withResolvers<void>()
  Object.assign(sam.fragments, {
    async put(...args: Parameters<typeof put>) {
      waiting += 1
      if (waiting === 2) full.resolve()
      await gate.promise
      await put(...args)
    },
  })
  const blocks = await Promise.all([1, 2, 3].map(() => sampleBlock(alice, masterOf(alice))))
  const first = blocks.slice(0, 2).map((block) => codeOf(alice.client.putFragments(to, { customer, ...block.at(0) })))
  await full.promise
  expect(await codeOf(alice.client.putFragments(to, { customer, ...blocks[2]!.at(0) }))).toBe('Busy')
  // Others are not affected.
  const bob = await person('bob')
  expect(await codeOf(bob.client.offer(to))).toBe('done')
  gate.resolve()
  expect(await Promise.all(first)).toEqual(['done', 'done'])
})

test('the reserve of the disk is never touched', async () => {
  const limits = { diskReserveBytes: 2 * MIB, diskReserveShare: 0 }
  const fragments = memoryFragmentStore({ sizeBytes: 14 * MIB })
  const { alice, sam, put, usage } = await aliceAndSam({ fragments, limits })
  // Somebody else fills the disk: 4 MiB are left of it, 2 of them for us.
  await sam.fragments.put('ab'.repeat(32), 10 * MIB, [new Uint8Array(10 * MIB)])
  const block = await sampleBlock(alice, masterOf(alice), { fragmentBytes: MIB })
  expect(await put(block)).toBe('DiskFull')
  expect(usage()).toMatchObject({ used: 0, reserved: 0, files: 0 })
  expect(await put(await sampleBlock(alice, masterOf(alice), { fragmentBytes: MIB / 2 }))).toBe('done')
})

test('a full or broken disk refuses, and the next try succeeds', async () => {
  const { alice, sam, put, usage } = await aliceAndSam()
  const block = await sampleBlock(alice, masterOf(alice))
  const { put: store } = sam.fragments
  const { batch } = sam.books
  Object.assign(sam.fragments, {
    put: () => Promise.reject(Object.assign(new Error('no room'), { code: 'DiskFull', retryable: true })),
  })
  expect(await put(block)).toBe('DiskFull')
  Object.assign(sam.fragments, { put: store })
  Object.assign(sam.books, { batch: () => Promise.reject(new Error('disk trouble')) })
  expect(await put(block)).toBe('Internal')
  expect(await Array.fromAsync(sam.fragments.list())).toEqual([])
  expect(usage()).toMatchObject({ used: 0, reserved: 0, files: 0 })
  Object.assign(sam.books, { batch })
  expect(await put(block)).toBe('done')
})

/** Lets everything that is under way go on until it is so; a test that waits in vain ends by its own time limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await nextTurn()
}
