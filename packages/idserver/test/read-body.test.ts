import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBody } from '../src/http/read-body.ts'

const never = new AbortController().signal

test('a body of any pieces is read whole, up to its limit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 })), fc.nat(300), async (pieces, maxBytes) => {
      const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]))
      const reading = readBody(ReadableStream.from(pieces), { maxBytes, signal: never })
      if (whole.length <= maxBytes) expect(await reading).toEqual(whole)
      else await expect(reading).rejects.toMatchObject({ code: 'LimitExceeded' })
    }),
  )
})

test('no body is an empty one', async () => {
  expect(await readBody(null, { maxBytes: 0, signal: never })).toHaveLength(0)
})

test('half a body never passes for a whole one: a stopped reading fails, and the sender is told', async () => {
  const stop = new AbortController()
  let cancelled = false
  const body = new ReadableStream<Uint8Array>({
    start: (control) => control.enqueue(new Uint8Array(10)),
    cancel() {
      cancelled = true
    },
  })
  const reading = readBody(body, { maxBytes: 100, signal: stop.signal })
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await expect(reading).rejects.toMatchObject({ code: 'Cancelled' })
  expect(cancelled).toBe(true)
})
