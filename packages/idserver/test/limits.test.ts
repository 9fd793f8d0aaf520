import { createVirtualClock } from '@bitdust/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { etagMatches, formatEtag } from '../src/http/etag.ts'
import { addressGroup, HOST, NEIGHBOURHOOD } from '../src/limits/address-group.ts'
import { createKeyedQueue } from '../src/limits/keyed-queue.ts'
import { createRateLimiter } from '../src/limits/rate-limiter.ts'
import { createDocumentCache } from '../src/node/document-cache.ts'
import { createSortedNames } from '../src/store/sorted-names.ts'

describe('a rate limiter', () => {
  test('never admits more than its rate, and always admits after the wait it tells', async () => {
    const gaps = fc.array(fc.nat(2_000), { minLength: 1, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10 }), gaps, async (requests, waits) => {
        const clock = createVirtualClock()
        const limiter = createRateLimiter({ requests, periodMs: 1_000, clock })
        let admitted = 0
        for (const wait of waits) {
          const left = limiter.take('key')
          if (left === 0) admitted += 1
          else {
            await clock.advance(left)
            expect(limiter.take('key')).toBe(0)
            admitted += 1
          }
          expect(admitted).toBeLessThanOrEqual(requests + (clock.monotonic() * requests) / 1_000 + 1e-6)
          await clock.advance(wait)
        }
      }),
      { numRuns: 20 },
    )
  })

  test('keys do not share', () => {
    const limiter = createRateLimiter({ requests: 1, periodMs: 1_000, clock: createVirtualClock() })
    expect([limiter.take('a'), limiter.take('b'), limiter.take('a')]).toEqual([0, 0, 1_000])
  })

  test('forgets the key unused for longest when there are too many', () => {
    const limiter = createRateLimiter({ requests: 1, periodMs: 1e9, clock: createVirtualClock() })
    limiter.take('first')
    limiter.take('second')
    for (let i = 0; i < 99_998; i++) limiter.take(String(i))
    expect(limiter.take('first')).toBeGreaterThan(0)
    limiter.take('one more')
    expect(limiter.take('second')).toBe(0)
    expect(limiter.take('first')).toBeGreaterThan(0)
  })
})

test.each([
  ['1.2.3.4', '1.2.3.99', true],
  ['1.2.3.4', '1.2.4.4', false],
  ['::ffff:1.2.3.4', '1.2.3.5', true],
  ['2001:db8:1:2::1', '2001:db8:1:ffff::1', true],
  ['2001:db8:1::1', '2001:db8:2::1', false],
  ['fe80::1%eth0', 'fe80::2%eth1', true],
  [undefined, 'no address', true],
  ['1.2.3.4', undefined, false],
])('%s and %s are one neighbourhood: %s', (a, b, same) => {
  expect(addressGroup(a, NEIGHBOURHOOD) === addressGroup(b, NEIGHBOURHOOD)).toBe(same)
})

test('one host is one IPv4 address, or one /64', () => {
  expect(addressGroup('1.2.3.4', HOST)).not.toBe(addressGroup('1.2.3.5', HOST))
  expect(addressGroup('2001:db8::1', HOST)).toBe(addressGroup('2001:db8::ffff:1', HOST))
})

describe('sorted names', () => {
  test('behave as a sorted set', () => {
    const name = fc.stringMatching(/^[a-z0-9_-]{2,4}$/)
    fc.assert(
      fc.property(fc.array(name), fc.array(name), fc.option(name), fc.nat(20), (initial, added, after, limit) => {
        const model = new Set([...initial, ...added])
        const names = createSortedNames(initial)
        for (const each of added) names.add(each)
        const expected = [...model].sort().filter((key) => after === null || key > after)
        expect(names.page(after ?? undefined, limit)).toEqual(expected.slice(0, limit))
      }),
    )
  })
})

test('tasks of one key run in turn, those of another beside them, failures included', async () => {
  const queue = createKeyedQueue()
  const log: string[] = []
  const task = (name: string, turns: number) => async () => {
    log.push(`${name} starts`)
    for (let i = 0; i < turns; i++) await Promise.resolve()
    log.push(`${name} ends`)
    if (name === 'a1') throw new Error('a1 failed')
    return name
  }
  const first = queue.run('a', task('a1', 5))
  const second = queue.run('a', task('a2', 1))
  const other = queue.run('b', task('b1', 1))
  await expect(first).rejects.toThrow('a1 failed')
  expect(await second).toBe('a2')
  expect(await other).toBe('b1')
  expect(log.indexOf('a2 starts')).toBeGreaterThan(log.indexOf('a1 ends'))
  expect(log.indexOf('b1 ends')).toBeLessThan(log.indexOf('a1 ends'))
})

test('a document cache holds the last used documents, never more than its bytes', () => {
  const cache = createDocumentCache(10)
  for (const name of ['a', 'b', 'c']) cache.set(name, new Uint8Array(3))
  cache.get('a')
  cache.set('d', new Uint8Array(3))
  expect(['a', 'b', 'c', 'd'].map((name) => cache.get(name)?.length)).toEqual([3, undefined, 3, 3])
  cache.set('a', new Uint8Array(9))
  expect(['a', 'c', 'd'].map((name) => cache.get(name)?.length)).toEqual([9, undefined, undefined])
  cache.set('huge', new Uint8Array(11))
  expect(['a', 'huge'].map((name) => cache.get(name)?.length)).toEqual([undefined, undefined])
  cache.set('b', new Uint8Array(10))
  cache.delete('b')
  expect(cache.get('b')).toBeUndefined()
})

test('an entity tag is a function of the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      const same = Buffer.compare(a, b) === 0
      expect(formatEtag(a) === formatEtag(b)).toBe(same)
      expect(etagMatches(`"x", ${formatEtag(a)}`, formatEtag(b))).toBe(same)
    }),
  )
  expect(etagMatches(null, '"x"')).toBe(false)
  expect(etagMatches('x', '"x"')).toBe(false)
})
