import { concatBytes, randomBytes } from '@bitdust/crypto'
import { createVirtualClock } from '@bitdust/testing'
import { array, assert, asyncProperty, integer, property, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createByteCollector } from '../src/byte-collector.ts'
import type { ByteStream } from '../src/carrier.ts'
import { createReadQueue } from '../src/read-queue.ts'
import { createStreamPool } from '../src/session/stream-pool.ts'
import { withTimeout } from '../src/timeout.ts'

const parts = array(uint8Array({ maxLength: 9000 }), { maxLength: 30 })

describe('byte collector', () => {
  test('joins its parts', () => {
    assert(
      property(parts, (added) => {
        const collector = createByteCollector()
        for (const part of added) collector.add(part)
        expect(collector.join()).toEqual(concatBytes(...added))
      }),
    )
  })

  test('single bytes do not keep the arrays they came in', () => {
    const collector = createByteCollector()
    const source = randomBytes(200_000)
    for (let i = 0; i < source.length; i++) collector.add(source.slice(i, i + 1))
    expect(collector.join()).toEqual(source)
  })
})

describe('read queue', () => {
  test('gives what was pushed, however it is asked for', async () => {
    await assert(
      asyncProperty(parts, integer({ min: 1, max: 5000 }), async (pushed, most) => {
        const queue = createReadQueue(() => {})
        const all = concatBytes(...pushed)
        const reading = (async () => {
          const read: Uint8Array[] = []
          for (let chunk = await queue.read(most); chunk !== null; chunk = await queue.read(most)) {
            expect(chunk.length).toBeLessThanOrEqual(most)
            read.push(chunk.slice())
          }
          return concatBytes(...read)
        })()
        for (const part of pushed) {
          queue.push(part)
          if (part.length % 2 === 0) await Promise.resolve()
        }
        queue.end()
        expect(await reading).toEqual(all)
        expect(queue.size).toBe(0)
      }),
    )
  })

  test('what was read stays as it was when more arrives', async () => {
    const queue = createReadQueue(() => {})
    queue.push(Uint8Array.of(1, 2, 3))
    const first = await queue.read(2)
    queue.push(Uint8Array.of(4))
    const rest = await queue.readExactly(2)
    expect([first, rest]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3, 4)])
  })

  test('a failure waits for what had arrived, a destruction does not', async () => {
    const failed = createReadQueue(() => {})
    failed.push(Uint8Array.of(1))
    failed.fail(new Error('reset'))
    failed.push(Uint8Array.of(2))
    expect(await failed.read()).toEqual(Uint8Array.of(1))
    await expect(failed.read()).rejects.toThrow('reset')
    const destroyed = createReadQueue(() => {})
    destroyed.push(Uint8Array.of(1))
    destroyed.destroy(new Error('gone'))
    await expect(destroyed.read()).rejects.toThrow('gone')
  })

  test('an end stays an end, whatever comes after it', async () => {
    const queue = createReadQueue(() => {})
    queue.end()
    queue.fail(new Error('late'))
    expect(await queue.read()).toBeNull()
  })

  test('two readers at once are a mistake of the caller', async () => {
    const queue = createReadQueue(() => {})
    const first = queue.read()
    await expect(queue.read()).rejects.toThrow(TypeError)
    queue.push(Uint8Array.of(7))
    expect(await first).toEqual(Uint8Array.of(7))
  })
})

describe('stream pool', () => {
  function pool(size: number) {
    const opened: { stream: ByteStream; close(): void }[] = []
    const made = createStreamPool(size, async () => {
      const closed = new AbortController()
      const stream = { closed: closed.signal } as ByteStream
      opened.push({ stream, close: () => closed.abort() })
      return stream
    })
    return { opened, pool: made }
  }

  test('hands streams out again, the last one first, and never one that is closed', async () => {
    const { opened, pool: streams } = pool(3)
    const [a, b] = [await streams.acquire(undefined), await streams.acquire(undefined)]
    streams.release(a)
    streams.release(b)
    expect(await streams.acquire(undefined)).toBe(b)
    opened[0]?.close()
    expect(await streams.acquire(undefined)).toBe(opened[2]?.stream)
    expect(opened).toHaveLength(3)
  })

  test('at its size callers wait their turn; one who gives up loses no place of others', async () => {
    const { opened, pool: streams } = pool(1)
    const held = await streams.acquire(undefined)
    const giveUp = new AbortController()
    const impatient = streams.acquire(giveUp.signal)
    const order: string[] = []
    const inLine = async (name: string) => {
      const stream = await streams.acquire(undefined)
      order.push(name)
      return stream
    }
    const [second, third] = [inLine('second'), inLine('third')]
    giveUp.abort()
    await expect(impatient).rejects.toMatchObject({ code: 'Cancelled' })
    streams.release(held)
    streams.release(await second)
    await third
    expect(order).toEqual(['second', 'third'])
    expect(opened).toHaveLength(1)
  })

  test('a stream that cannot be opened, or is given back closed, leaves room for another', async () => {
    let fail = true
    const closed = AbortSignal.abort()
    const streams = createStreamPool(1, async () => {
      if (fail) throw new Error('no')
      return { closed } as ByteStream
    })
    await expect(streams.acquire(undefined)).rejects.toThrow('no')
    fail = false
    streams.release(await streams.acquire(undefined))
    await streams.acquire(undefined)
  })
})

describe('withTimeout', () => {
  test('ends with the work, with the time, or with the signal', async () => {
    const clock = createVirtualClock()
    const options = { clock, ms: 100, subject: 'waiting' }
    const never = (signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    expect(await withTimeout(options, async () => 5)).toBe(5)
    await expect(withTimeout(options, () => Promise.reject(new Error('own')))).rejects.toThrow('own')
    const late = expect(withTimeout(options, never)).rejects.toMatchObject({ code: 'Timeout', retryable: true })
    await clock.advance(100)
    await late
    const giveUp = new AbortController()
    const cancelled = withTimeout({ ...options, signal: giveUp.signal }, () => new Promise(() => {}))
    giveUp.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'Cancelled' })
    expect(clock.sleepers).toBe(0)
  })
})
