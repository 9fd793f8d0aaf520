import { BitdustError } from '@bitdust/crypto'
import { createVirtualClock } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { describe, expect, test } from 'vitest'
import { NodeError } from '../src/errors.ts'
import { createTransfers, type StoredFolder, type TransfersOptions } from '../src/transfers/transfers.ts'
import { silentNodeLogger } from '../src/wiring/logger.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))
const stored = { path: 'x', version: 'v', skipped: [] } as unknown as StoredFolder
const tooFew = () => new BitdustError('UploadIncomplete', '1 of 3 suppliers stored it', { retryable: true })
const wanted = { local: '/home/a', remote: 'a' }
const open = () => new AbortController()

function transfersOf(put: TransfersOptions['put'], store = memoryKeyValueStore()) {
  const clock = createVirtualClock()
  const calls: string[] = []
  const transfers = createTransfers({
    store,
    clock,
    logger: silentNodeLogger,
    put(what, call) {
      calls.push(what.remote)
      return put(what, call)
    },
  })
  const written = async () => (await Array.fromAsync(store.list({ prefix: 'transfer/' }))).length
  return { transfers, store, clock, calls, written }
}

/** A put that ends only when it is aborted. */
const endless: TransfersOptions['put'] = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

describe('a put as a transfer', () => {
  test('is written down while it runs, and crossed out when it is acknowledged', async () => {
    const { transfers, written } = transfersOf(async (_, { onProgress }) => {
      onProgress({ step: 'reading', done: 5 })
      expect(await written()).toBe(1)
      expect(transfers.list()).toMatchObject([{ ...wanted, state: 'running', progress: { done: 5 } }])
      return stored
    })
    expect(await transfers.put(wanted, { signal: open().signal, onProgress: () => {} })).toBe(stored)
    expect([transfers.list(), await written()]).toEqual([[], 0])
  })

  test('below H it says so, waits with its reason, and goes on when a supplier is back', async () => {
    let isEnough = false
    const { transfers, written, calls, clock } = transfersOf(async () => {
      if (isEnough) return stored
      throw tooFew()
    })
    const put = transfers.put(wanted, { signal: open().signal, onProgress: () => {} })
    await expect(put).rejects.toMatchObject({ code: 'UploadIncomplete' })
    expect(transfers.list()).toMatchObject([{ state: 'waiting', reason: { code: 'UploadIncomplete' } }])
    await clock.advance(4_000)
    expect(calls.length).toBe(1)
    await clock.advance(2_000)
    await turn()
    expect(calls.length).toBe(2)
    isEnough = true
    transfers.wake()
    await turn()
    await turn()
    expect([calls.length, transfers.list(), await written()]).toEqual([3, [], 0])
    await transfers.stop()
  })

  test('goes on after the process, not when it was cancelled, and not when it was hopeless', async () => {
    const first = transfersOf(endless)
    const kept = await first.transfers.add(wanted)
    const gone = await first.transfers.add({ ...wanted, remote: 'b' })
    await first.transfers.add({ ...wanted, remote: 'c' })
    await turn()
    expect(first.calls).toEqual(['a', 'b'])
    await first.transfers.cancel(gone.id)
    await turn()
    await turn()
    expect(first.calls).toEqual(['a', 'b', 'c'])
    await expect(first.transfers.cancel(gone.id)).rejects.toMatchObject({ code: 'NotFound' })
    // The local API aborts what it serves when the node stops.
    const served = open()
    const attached = first.transfers.put({ ...wanted, remote: 'd' }, { signal: served.signal, onProgress: () => {} })
    const interrupted = open()
    const cancelled = first.transfers.put(
      { ...wanted, remote: 'e' },
      { signal: interrupted.signal, onProgress: () => {} },
    )
    await turn()
    interrupted.abort()
    served.abort(new NodeError('Cancelled', 'the node is stopping'))
    await expect(attached).rejects.toThrow('stopping')
    await expect(cancelled).rejects.toThrow()
    await first.transfers.stop()
    expect(await first.written()).toBe(3)

    const hopeless = new NodeError('NotFound', '/home/a does not exist')
    const second = transfersOf(async ({ remote }) => {
      if (remote === 'a') throw hopeless
      return stored
    }, first.store)
    await second.transfers.start()
    for (let i = 0; i < 10; i++) await turn()
    expect(second.calls.sort()).toEqual(['a', 'c', 'd'])
    expect(second.transfers.list()).toMatchObject([{ id: kept.id, state: 'failed', reason: { code: 'NotFound' } }])
    await second.transfers.stop()
    // It stays to be looked at, and is not tried again.
    const third = transfersOf(endless, first.store)
    await third.transfers.start()
    await turn()
    expect([third.calls, third.transfers.list().length]).toEqual([[], 1])
    await third.transfers.cancel(kept.id)
    expect(await third.written()).toBe(0)
    await third.transfers.stop()
  })

  test('what somebody waits for and what cannot succeed is not kept', async () => {
    const { transfers, written } = transfersOf(async () => {
      throw new NodeError('PathUnsafe', 'no')
    })
    await expect(transfers.put(wanted, { signal: open().signal, onProgress: () => {} })).rejects.toThrow('no')
    expect([transfers.list(), await written()]).toEqual([[], 0])
  })

  test('a damaged line of the journal is passed over', async () => {
    const store = memoryKeyValueStore()
    await store.batch([{ put: 'transfer/00000000', value: Uint8Array.of(1, 2) }])
    const { transfers } = transfersOf(endless, store)
    await transfers.start()
    expect(transfers.list()).toEqual([])
  })
})
