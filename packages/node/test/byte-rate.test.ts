import { createVirtualClock } from '@bitdust/testing'
import type { Transport } from '@bitdust/transport'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRate } from '../src/units.ts'
import { createByteRate } from '../src/wiring/byte-rate.ts'
import { limitedTransport } from '../src/wiring/limited-transport.ts'

const { signal } = new AbortController()

describe('a rate', () => {
  test('law: in any time no more passes than the rate, what was saved and one transfer', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 100, max: 3000 }), async (transfers, perSecond) => {
        const clock = createVirtualClock()
        const rate = createByteRate(perSecond, clock)
        const begin = clock.monotonic()
        const passed: { readonly at: number; readonly bytes: number }[] = []
        const all = transfers.map(async (bytes) => {
          await rate.take(bytes, signal)
          passed.push({ at: clock.monotonic() - begin, bytes })
        })
        const total = transfers.reduce((sum, bytes) => sum + bytes, 0)
        while (passed.length < transfers.length) await clock.advance(100)
        await Promise.all(all)
        // In the order in which they came.
        expect(passed.map(({ bytes }) => bytes)).toEqual(transfers)
        let sum = 0
        for (const { at, bytes } of passed) {
          sum += bytes
          expect(sum).toBeLessThanOrEqual(perSecond + (at / 1000) * perSecond + Math.max(...transfers))
        }
        // And not slower than that, either.
        expect(passed.at(-1)!.at).toBeLessThanOrEqual((total / perSecond) * 1000 + 200)
      }),
      { numRuns: 40 },
    )
  })

  test('who gives up does not hold up the others', async () => {
    const clock = createVirtualClock()
    const rate = createByteRate(1000, clock)
    await rate.take(5000, signal)
    const impatient = new AbortController()
    const first = rate.take(1_000_000, impatient.signal)
    const second = rate.take(1, signal)
    impatient.abort(new Error('enough'))
    await expect(first).rejects.toThrow('enough')
    await clock.advance(4001)
    await second
    expect(rate.wait()).toBeLessThanOrEqual(1)
  })

  test('is written as a size per second', () => {
    expect(['unlimited', '1 MiB', '500 kB/s', '3/s'].map(parseRate)).toEqual([null, 1_048_576, 500_000, 3])
    for (const text of ['0', '', 'fast', '-1 MiB', '1 MiB/h'])
      expect(() => parseRate(text)).toThrow(/ConfigInvalid|is not a size|nothing/)
  })
})

describe('a transport with limits', () => {
  function limited(upload: number | null, download: number | null) {
    const clock = createVirtualClock()
    const asked: number[] = []
    const handlers = new Map<string, Parameters<Transport['handle']>[1]>()
    const bare = {
      handle: (command: string, handler: Parameters<Transport['handle']>[1]) => handlers.set(command, handler),
      async request() {
        asked.push(clock.monotonic())
        return { bodyLength: 2000 }
      },
    } as unknown as Transport
    const rate = (perSecond: number | null) => (perSecond === null ? null : createByteRate(perSecond, clock))
    const transport = limitedTransport(bare, { upload: rate(upload), download: rate(download) })
    const ask = (body: Uint8Array) => transport.request({} as never, { command: 'x', payload: body, body } as never, {})
    return { clock, bare, transport, asked, handlers, ask }
  }

  test('without limits it is the transport itself', () => {
    const { bare, transport } = limited(null, null)
    expect(transport).toBe(bare)
  })

  test('sends and fetches as much as it may, in all', async () => {
    for (const [upload, download, seconds] of [
      [1000, null, 8],
      [null, 1000, 18],
    ] as const) {
      const { clock, asked, ask } = limited(upload, download)
      const begin = clock.monotonic()
      const all = Array.from({ length: 10 }, async (_, i) => {
        // One after the other, as answers tell how long they are.
        while (asked.length < i) await new Promise((resolve) => setImmediate(resolve))
        await ask(new Uint8Array(1000))
      })
      while (asked.length < 10) {
        await clock.advance(250)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await Promise.all(all)
      const took = (asked.at(-1)! - begin) / 1000
      expect(took).toBeGreaterThanOrEqual(seconds - 1)
      expect(took).toBeLessThanOrEqual(seconds + 4)
    }
  })

  test('what carries no body does not wait, and who would wait too long is told so', async () => {
    const { ask, handlers, transport } = limited(10, null)
    await ask(new Uint8Array(1000))
    await ask(new Uint8Array(0))
    const reply = { command: 'Data', payload: new Uint8Array(0), body: [new Uint8Array(5)] }
    transport.handle('Retrieve', async () => reply)
    const packet = { bodyLength: 0, signal } as never
    await expect(handlers.get('Retrieve')!({} as never, packet)).rejects.toMatchObject({
      code: 'Busy',
      retryable: true,
    })
  })
})
