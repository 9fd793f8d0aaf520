import { createVirtualClock } from '@bitdust/testing'
import { describe, expect, test } from 'vitest'
import type { HttpFetch } from '../src/client/http-fetch.ts'
import { createIdServerClient } from '../src/client/id-server-client.ts'
import { HOST, idurl, makeIdentity } from './support/identities.ts'
import { testServer } from './support/servers.ts'

const ALICE = idurl(`http://${HOST}/alice.xml`)

/** A client whose network is one server in memory. */
function clientOf(server = testServer()) {
  const fetch: HttpFetch = (url, init) => server.fetch(new Request(url, init))
  return createIdServerClient({ fetch })
}

/** A client to which every request gets this answer. */
function clientAnswered(answer: () => Response | Promise<Response>) {
  return createIdServerClient({ fetch: async () => answer() })
}

describe('client and server', () => {
  test('what is published is what is fetched', async () => {
    const client = clientOf()
    const bytes = await makeIdentity()
    expect(await client.fetch(ALICE)).toBeNull()
    await client.publish(ALICE, bytes)
    await client.publish(ALICE, bytes)
    expect(await client.fetch(ALICE)).toEqual(bytes)
    expect(await client.fetch({ idurl: ALICE })).toEqual(bytes)
  })

  test('refusals keep their codes', async () => {
    const client = clientOf()
    await client.publish(ALICE, await makeIdentity({ revision: 2 }))
    const refusal = (bytes: Uint8Array) =>
      client.publish(ALICE, bytes).then(
        () => 'no error',
        (error) => error,
      )
    expect(await refusal(await makeIdentity({ revision: 3, key: 1 }))).toMatchObject({
      name: 'IdServerError',
      code: 'IdentityNameTaken',
      retryable: false,
    })
    expect(await refusal(await makeIdentity({ revision: 1 }))).toMatchObject({ code: 'IdentityRollback' })
    expect(await refusal(new Uint8Array([60]))).toMatchObject({ code: 'IdentityMalformed' })
    expect(await refusal(new Uint8Array(70_000))).toMatchObject({ code: 'LimitExceeded' })
    const elsewhere = await makeIdentity({ sources: ['http://other.example/alice.xml'] })
    expect(await refusal(elsewhere)).toMatchObject({ code: 'IdurlForbidden' })
  })

  test('a rate that is exceeded tells when to come back', async () => {
    const client = clientOf(testServer({ limits: { uploadsPerMinute: 1 } }))
    await client.publish(ALICE, await makeIdentity())
    const again = client.publish(ALICE, await makeIdentity())
    await expect(again).rejects.toMatchObject({ code: 'RateLimited', retryable: true, retryAfterMs: 60_000 })
  })

  test('fingerprints are not found by HTTP', async () => {
    const client = clientAnswered(() => {
      throw new Error('must not be asked')
    })
    const { fingerprint } = await import('@bitdust/identity').then(async (identity) =>
      identity.openIdentity(await makeIdentity()),
    )
    expect(await client.fetch({ fingerprint })).toBeNull()
  })

  test('probe tells a living ID-server from anything else', async () => {
    expect(await clientOf().probe(`http://${HOST}`)).toBe(true)
    expect(await clientOf().probe(HOST)).toBe(true)
    expect(await clientAnswered(() => new Response('hello')).probe(HOST)).toBe(false)
    expect(await clientAnswered(() => new Response('{"code":"Ok"}', { status: 503 })).probe(HOST)).toBe(false)
    expect(await clientAnswered(() => Promise.reject(new TypeError('fetch failed'))).probe(HOST)).toBe(false)
    await expect(clientOf().probe('http://127.0.0.1')).rejects.toMatchObject({ code: 'IdurlForbidden' })
  })
})

describe('servers of others', () => {
  test.each([
    [400, 'IdentityMalformed', false],
    [403, 'IdurlForbidden', false],
    [409, 'IdentityNameTaken', false],
    [429, 'RateLimited', true],
    [500, 'Internal', true],
    [502, 'Internal', true],
    [507, 'DiskFull', true],
    [302, 'Internal', false],
  ])('status %i without a body we know is %s', async (status, code, retryable) => {
    const client = clientAnswered(
      () => new Response('<h1>no</h1>', { status, headers: { location: 'http://x.example/' } }),
    )
    await expect(client.publish(ALICE, await makeIdentity())).rejects.toMatchObject({ code, retryable })
    await expect(client.fetch(ALICE)).rejects.toMatchObject({ code })
  })

  test.each([
    ['an unknown code', '{"code":"constructor","message":"m"}'],
    ['no object', '"IdentityNameTaken"'],
    ['null', 'null'],
    ['too long', JSON.stringify({ code: 'NotFound', message: 'x'.repeat(9_000) })],
  ])('%s in the answer does not get through', async (_, body) => {
    const client = clientAnswered(() => new Response(body, { status: 500 }))
    await expect(client.publish(ALICE, await makeIdentity())).rejects.toMatchObject({ code: 'Internal' })
  })

  test('gone is nothing, too', async () => {
    expect(await clientAnswered(() => new Response('', { status: 410 })).fetch(ALICE)).toBeNull()
  })

  test('an endless answer is cut at 64 KiB', async () => {
    let sent = 0
    const stream = () =>
      new ReadableStream<Uint8Array>({
        pull(control) {
          sent += 1024
          control.enqueue(new Uint8Array(1024))
        },
      })
    await expect(clientAnswered(() => new Response(stream())).fetch(ALICE)).rejects.toMatchObject({
      code: 'LimitExceeded',
    })
    expect(sent).toBeLessThan(70 * 1024)
  })

  test.each([
    ['answers', () => new Promise<Response>(() => {})],
    ['ends its answer', () => new Response(new ReadableStream())],
  ])('a server that never %s is given up in time', async (_, answer) => {
    const clock = createVirtualClock()
    const client = createIdServerClient({ fetch: async () => answer(), timeoutMs: 7_000, clock })
    const asked = client.fetch(ALICE)
    const outcome = asked.then(
      () => 'answer',
      (error: { code: string; retryable: boolean }) => [error.code, error.retryable],
    )
    await clock.advance(6_999)
    expect(clock.sleepers).toBe(1)
    await clock.advance(1)
    expect(await outcome).toEqual(['Timeout', true])
    expect(clock.sleepers).toBe(0)
  })

  test('the caller can stop waiting, with his own reason', async () => {
    const stop = new AbortController()
    let seen: AbortSignal | undefined
    const client = createIdServerClient({
      fetch: (_, { signal }) => {
        seen = signal
        return new Promise(() => {})
      },
    })
    const asked = client.fetch(ALICE, { signal: stop.signal })
    const probed = client.probe(HOST, { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
    await expect(probed).rejects.toThrow('enough')
    expect(seen?.aborted).toBe(true)
    await expect(client.fetch(ALICE, { signal: stop.signal })).rejects.toThrow('enough')
  })

  test('a connection that fails is Timeout and may be tried again', async () => {
    const client = clientAnswered(() => Promise.reject(new TypeError('fetch failed')))
    await expect(client.fetch(ALICE)).rejects.toMatchObject({ code: 'Timeout', retryable: true, subject: ALICE })
  })
})
