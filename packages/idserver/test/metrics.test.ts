import { expect, test } from 'vitest'
import { jsonLinesLogger } from '../src/json-lines-logger.ts'
import { createMetrics } from '../src/metrics/metrics.ts'
import { memoryIdentityFileStore } from '../src/store/memory-identity-file-store.ts'
import { makeIdentity } from './support/identities.ts'
import { codeOf, testServer } from './support/servers.ts'

/** A sample: name, labels, value. */
const SAMPLE = /^bitdust_idserver_[a-z_]+(?:\{[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*\})? [0-9.]+(?:e-[0-9]+)?$/

test('a server tells what it did, in the format of Prometheus', async () => {
  const server = testServer()
  const bytes = await makeIdentity()
  await server.ask('PUT', '/alice.xml', { body: bytes })
  await server.ask('PUT', '/alice.xml', { body: await makeIdentity({ key: 1 }) })
  await server.ask('GET', '/alice.xml')
  await server.ask('GET', '/nobody.xml')
  for (let i = 0; i < 20; i++) await server.ask(`MADEUP${i}`, '/')

  const answer = await server.ask('GET', '/metrics')
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const lines = (await answer.text()).split('\n')
  expect(lines.pop()).toBe('')
  expect(lines.filter((line) => !line.startsWith('# ') && !SAMPLE.test(line))).toEqual([])
  for (const sample of [
    'requests_total{method="PUT",status="201"} 1',
    'requests_total{method="PUT",status="409"} 1',
    'requests_total{method="GET",status="200"} 1',
    'requests_total{method="GET",status="404"} 1',
    'requests_total{method="other",status="405"} 20',
    'uploads_total{code="Created"} 1',
    'uploads_total{code="IdentityNameTaken"} 1',
    'request_duration_seconds_bucket{le="+Inf"} 24',
    'request_duration_seconds_count 24',
    'identities 1',
    `stored_bytes ${bytes.length}`,
  ])
    expect(lines).toContain(`bitdust_idserver_${sample}`)
})

test('durations are counted in every class that is long enough', () => {
  const metrics = createMetrics()
  for (const ms of [0.5, 1, 20, 60_000]) metrics.request('GET', 200, ms)
  const lines = metrics.format(null).split('\n')
  for (const [end, count] of [
    ['0.001', 2],
    ['0.005', 2],
    ['0.025', 3],
    ['10', 3],
    ['+Inf', 4],
  ])
    expect(lines).toContain(`bitdust_idserver_request_duration_seconds_bucket{le="${end}"} ${count}`)
  expect(lines).toContain('bitdust_idserver_request_duration_seconds_sum 60.0215')
})

test('a store that does not tell, or cannot, does no harm', async () => {
  const { usage: _, ...silent } = memoryIdentityFileStore()
  const store = { ...silent, usage: () => Promise.reject(new Error('EIO')) }
  const failing = await testServer({ store }).ask('GET', '/metrics')
  expect([failing.status, await codeOf(failing)]).toEqual([500, 'Internal'])
  const text = await (await testServer({ store: silent }).ask('GET', '/metrics')).text()
  expect(text).toContain('requests_total')
  expect(text).not.toContain('stored_bytes')
})

test('the log is one JSON object per line, errors included', () => {
  const lines: string[] = []
  const logger = jsonLinesLogger({ write: (line) => lines.push(line), clock: { now: () => 0 } })
  logger.info('plain')
  logger.warn('with\nfields', { name: 'a\nb', count: 1 })
  const cause = new Error('below')
  logger.error('failed', { error: Object.assign(new Error('above', { cause }), { code: 'EIO' }) })
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true)
  const time = '1970-01-01T00:00:00.000Z'
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { time, level: 'info', message: 'plain' },
    { time, level: 'warn', message: 'with\nfields', name: 'a\nb', count: 1 },
    {
      time,
      level: 'error',
      message: 'failed',
      error: expect.objectContaining({
        message: 'above',
        code: 'EIO',
        stack: expect.any(String),
        cause: expect.objectContaining({ message: 'below' }),
      }),
    },
  ])
})
