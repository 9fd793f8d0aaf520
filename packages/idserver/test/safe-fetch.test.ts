import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { createSafeFetch, type LookupAll, type SafeFetchOptions, safeFetch } from '../src/node/safe-fetch.ts'

const servers: { stop(): void }[] = []
afterAll(() => {
  for (const server of servers) server.stop()
})

/** A plain HTTP server on 127.0.0.1 that counts its connections. */
async function listen(listener: RequestListener) {
  let connections = 0
  const server = createServer(listener)
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push({ stop: () => void server.close().closeAllConnections() })
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

/** A name service that knows one answer. */
function lookupOf(...addresses: string[]): LookupAll {
  return (_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
}

/** Allows the test server alone: to the code under test 127.0.0.1 is an address like any other. */
function localFetch(options: SafeFetchOptions = {}) {
  return createSafeFetch({ allowPrivate: true, ...options })
}

describe('T10 no connection to a forbidden address', () => {
  test.each([
    ['http://127.0.0.1:PORT/alice.xml'],
    ['http://0x7f.1:PORT/alice.xml'],
    ['http://2130706433:PORT/alice.xml'],
    ['http://[::1]:PORT/alice.xml'],
    ['http://[::ffff:127.0.0.1]:PORT/alice.xml'],
    ['http://0.0.0.0:PORT/alice.xml'],
    ['http://10.0.0.1:PORT/alice.xml'],
    ['http://169.254.169.254:PORT/latest'],
    ['http://user:secret@example.com:PORT/alice.xml'],
    ['file:///etc/passwd'],
    ['ftp://example.com/alice.xml'],
  ])('%s', async (address) => {
    const server = await listen((_, response) => response.end('secret'))
    await expect(safeFetch(address.replace('PORT', String(server.port)))).rejects.toMatchObject({
      code: 'IdurlForbidden',
    })
    expect(server.connections()).toBe(0)
  })

  test.each([['127.0.0.1'], ['::ffff:127.0.0.1'], ['10.1.2.3'], ['fe80::1'], ['fd00::1']])(
    'a public name that leads to %s',
    async (address) => {
      const server = await listen((_, response) => response.end('secret'))
      const fetch = createSafeFetch({ lookup: lookupOf(address) })
      await expect(fetch(`http://name.example:${server.port}/`)).rejects.toMatchObject({ code: 'IdurlForbidden' })
      expect(server.connections()).toBe(0)
    },
  )

  test('a name is asked for once, and that answer is connected to', async () => {
    const server = await listen((request, response) => response.end(request.headers.host))
    const answers = ['127.0.0.1', '127.0.0.99']
    let asked = 0
    const lookup: LookupAll = (name, options, callback) => lookupOf(answers[asked++] ?? 'none')(name, options, callback)
    const answer = await localFetch({ lookup })(`http://name.example:${server.port}/`)
    expect(await answer.text()).toBe(`name.example:${server.port}`)
    expect(asked).toBe(1)
  })

  test('forbidden addresses beside allowed ones are left out', async () => {
    const server = await listen((_, response) => response.end('ok'))
    const answer = await localFetch({ lookup: lookupOf('0.0.0.0', '127.0.0.1') })(`http://name.example:${server.port}/`)
    expect(await answer.text()).toBe('ok')
  })
})

describe('answers', () => {
  test('status, headers and body come through; the body of the request arrives', async () => {
    const server = await listen(async (request, response) => {
      const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>)
      response.writeHead(409, { 'content-type': 'application/json', 'retry-after': '3' })
      response.end(`${request.method} ${request.url} ${Buffer.concat(chunks)}`)
    })
    const answer = await localFetch()(`http://127.0.0.1:${server.port}/alice.xml`, {
      method: 'PUT',
      body: new TextEncoder().encode('hello'),
    })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([409, '3'])
    expect(await answer.text()).toBe('PUT /alice.xml hello')
  })

  test('304 has no body', async () => {
    const server = await listen((_, response) => response.writeHead(304).end())
    const answer = await localFetch()(`http://127.0.0.1:${server.port}/`)
    expect([answer.status, answer.body]).toEqual([304, null])
  })

  test('redirects are not followed', async () => {
    const target = await listen((_, response) => response.end('target'))
    const location = `http://127.0.0.1:${target.port}/`
    const server = await listen((_, response) => response.writeHead(302, { location }).end())
    const answer = await localFetch()(`http://127.0.0.1:${server.port}/`)
    expect(answer.status).toBe(302)
    expect(target.connections()).toBe(0)
  })

  test('64 KiB are read, one byte more is not', async () => {
    const server = await listen((request, response) => response.end(Buffer.alloc(Number(request.url?.slice(1)))))
    const at = (size: number) => localFetch()(`http://127.0.0.1:${server.port}/${size}`)
    expect((await (await at(65_536)).bytes()).length).toBe(65_536)
    await expect(at(65_537)).rejects.toMatchObject({ code: 'LimitExceeded' })
  })

  test('packed answers stay packed', async () => {
    const server = await listen((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip'),
    )
    expect(await (await localFetch()(`http://127.0.0.1:${server.port}/`)).text()).toBe('not gzip')
  })

  test.each([
    ['before the headers', (() => {}) as RequestListener],
    ['within the body', ((_, response) => void response.writeHead(200).write('x')) as RequestListener],
  ])('silence %s ends in Timeout', async (_, listener) => {
    const server = await listen(listener)
    const fetch = localFetch({ timeoutMs: 100 })
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toMatchObject({ code: 'Timeout', retryable: true })
  })

  test('a signal ends it with its reason', async () => {
    const server = await listen(() => {})
    const stop = new AbortController()
    const asked = localFetch()(`http://127.0.0.1:${server.port}/`, { signal: stop.signal })
    setImmediate(() => stop.abort(new Error('enough')))
    await expect(asked).rejects.toThrow('enough')
    await expect(localFetch()(`http://127.0.0.1:${server.port}/`, { signal: stop.signal })).rejects.toThrow('enough')
  })

  test('a body that breaks off is an error', async () => {
    const server = await listen((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('x')
      setImmediate(() => response.destroy())
    })
    await expect(localFetch()(`http://127.0.0.1:${server.port}/`)).rejects.toThrow()
  })
})
