import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { systemClock } from '@bitdust/machine'
import { afterEach, describe, expect, test } from 'vitest'
import { createIdServerClient } from '../src/client/id-server-client.ts'
import { createSafeFetch } from '../src/node/safe-fetch.ts'
import { type RunningIdServer, type ServeIdServerOptions, serveIdServer } from '../src/node/serve-id-server.ts'
import { HOST, idurl, makeIdentity } from './support/identities.ts'
import { type WatchedStore, watchedStore } from './support/servers.ts'

// As they were before the first server of this file.
const { Request: ownRequest, Response: ownResponse } = globalThis

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** A real server on loopback. */
async function start(
  options: Partial<ServeIdServerOptions> = {},
): Promise<{ server: RunningIdServer; store: WatchedStore }> {
  const store = watchedStore()
  const server = await serveIdServer({ port: 0, address: '127.0.0.1', clock: systemClock, store, ...options })
  cleanups.push(server.stop)
  return { server, store }
}

/** A raw connection; what the server sends is kept until it closes. */
function dial(port: number, from = '127.0.0.1'): { socket: Socket; closed: Promise<string> } {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  cleanups.push(() => socket.destroy())
  let received = ''
  socket.setEncoding('latin1').on('data', (text) => {
    received += text
  })
  socket.on('error', () => {}) // A reset is one way for the server to close.
  const closed = new Promise<string>((resolve) => {
    socket.on('close', () => resolve(received))
  })
  return { socket, closed }
}

describe('a server on a port', () => {
  test('the client publishes and fetches, identities of this very address', async () => {
    const { server, store } = await start({ allowPrivate: true })
    const client = createIdServerClient({ fetch: createSafeFetch({ allowPrivate: true }), allowPrivate: true })
    const alice = idurl(`${server.url}/alice.xml`)
    const bytes = await makeIdentity({ sources: [alice] })

    expect(await client.probe(server.url)).toBe(true)
    expect(await client.fetch(alice)).toBeNull()
    await client.publish(alice, bytes)
    expect(await client.fetch(alice)).toEqual(bytes)
    expect(store.puts).toEqual(['alice'])

    await expect(client.publish(alice, await makeIdentity({ sources: [alice], key: 1 }))).rejects.toMatchObject({
      code: 'IdentityNameTaken',
    })
    await server.stop()
    expect(await client.probe(server.url)).toBe(false)
    await expect(client.fetch(alice)).rejects.toMatchObject({ code: 'Timeout', retryable: true })
  })

  test('the platform fetch fits the client', async () => {
    const { server } = await start({ allowPrivate: true })
    const client = createIdServerClient({ fetch, allowPrivate: true })
    const alice = idurl(`${server.url}/alice.xml`)
    const bytes = await makeIdentity({ sources: [alice] })
    await client.publish(alice, bytes)
    expect(await client.fetch(alice)).toEqual(bytes)
  })

  test('HEAD, 304 and OPTIONS over a socket', async () => {
    const { server, store } = await start({ host: HOST })
    await store.put('alice', await makeIdentity())
    const got = await fetch(`${server.url}/alice.xml`)
    const head = await fetch(`${server.url}/alice.xml`, { method: 'HEAD' })
    expect(head.headers.get('content-length')).toBe(got.headers.get('content-length'))
    expect(await head.text()).toBe('')
    const known = { 'if-none-match': got.headers.get('etag')! }
    expect((await fetch(`${server.url}/alice.xml`, { headers: known })).status).toBe(304)
    expect((await fetch(server.url, { method: 'OPTIONS' })).status).toBe(204)
  })

  test('a port in use is told at once, and stopping twice is stopping once', async () => {
    const { server } = await start({ host: HOST })
    await expect(start({ host: HOST, port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await Promise.all([server.stop(), server.stop()])
    await server.stop()
  })

  test('a bad host leaves nothing listening', async () => {
    await expect(start({ host: 'not a host' })).rejects.toMatchObject({ code: 'IdurlForbidden' })
  })

  test('stop ends while a client holds its connection open', async () => {
    const { server } = await start({ host: HOST })
    const { socket } = dial(server.port)
    socket.write('GET /health HTTP/1.1\r\nHost: id.example\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    const before = performance.now()
    await server.stop()
    expect(performance.now() - before).toBeLessThan(3_000)
  })

  test('globals of the process stay as they were', async () => {
    await start({ host: HOST })
    expect(globalThis.Request).toBe(ownRequest)
    expect(globalThis.Response).toBe(ownResponse)
  })
})

describe('TLS', () => {
  async function startTls(options: Partial<ServeIdServerOptions> = {}) {
    const [cert, key] = await Promise.all(
      ['tls-cert.pem', 'tls-key.pem'].map((name) => readFile(join(import.meta.dirname, 'vectors', name), 'utf8')),
    )
    const tls = { cert: cert!, key: key! }
    return { ...(await start({ host: HOST, tls, ...options })), tls }
  }

  /** Status and body of one GET over HTTPS. */
  function get(port: number, path: string, ca: string): Promise<{ status: number | undefined; body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({ port, path, ca, host: '127.0.0.1', servername: HOST, agent: false }, async (answer) => {
        resolve({ status: answer.statusCode, body: (await answer.toArray()).join('') })
      })
      asked.on('error', reject).end()
    })
  }

  test('documents are served with the own certificate, before and after a renewal', async () => {
    const { server, store, tls } = await startTls()
    const bytes = await makeIdentity()
    await store.put('alice', bytes)
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`)
    const expected = { status: 200, body: new TextDecoder().decode(bytes) }
    expect(await get(server.port, '/alice.xml', tls.cert)).toEqual(expected)
    server.useCertificate(tls)
    expect(() => server.useCertificate({ cert: 'x', key: 'y' })).toThrow()
    expect(await get(server.port, '/alice.xml', tls.cert)).toEqual(expected)
  })

  test('a handshake that does not come is given up, and does not hold up stopping', async () => {
    const { server } = await startTls({ limits: { headersTimeoutMs: 100 } })
    const silent = dial(server.port)
    await silent.closed
    const { server: patient } = await startTls()
    const { closed, socket } = dial(patient.port)
    await new Promise((resolve) => socket.once('connect', resolve))
    await patient.stop()
    await closed
  })

  test('a bad certificate is told at once; plain HTTP has none to change', async () => {
    await expect(start({ host: HOST, tls: { cert: 'x', key: 'y' } })).rejects.toThrow()
    const { server } = await start({ host: HOST })
    expect(() => server.useCertificate({ cert: 'x', key: 'y' })).toThrow(TypeError)
  })
})

describe('behind a proxy', () => {
  test('the proxy may open more connections than a host', async () => {
    const limits = { socketsPerHost: 1 }
    const { server } = await start({ host: HOST, limits, trustedProxies: ['127.0.0.0/8'] })
    const answers = [dial(server.port), dial(server.port), dial(server.port)].map(({ socket, closed }) => {
      socket.end(`GET /health HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`)
      return closed
    })
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('uploads count for whom it tells', async () => {
    const limits = { uploadsPerMinute: 1 }
    const { server } = await start({ host: HOST, limits, trustedProxies: ['127.0.0.1'] })
    const post = async (sender: string) => {
      const headers = { 'x-forwarded-for': sender }
      return (await fetch(server.url, { method: 'POST', body: 'x', headers })).status
    }
    expect([await post('203.0.113.7'), await post('203.0.113.8'), await post('198.51.100.1')]).toEqual([400, 429, 400])
  })

  test('what is no proxy is told at once', async () => {
    await expect(start({ host: HOST, trustedProxies: ['proxy.example'] })).rejects.toThrow(RangeError)
  })
})

describe('T11 bodies over a socket', () => {
  test.each([
    ['declared 65 537', 'Content-Length: 65537', 65_537],
    ['declared 100, sent 1 MiB', 'Content-Length: 100', 1024 * 1024],
    ['never-ending chunks', 'Transfer-Encoding: chunked', Number.POSITIVE_INFINITY],
  ])('%s', async (_, header, size) => {
    const { server, store } = await start({ host: HOST })
    const { socket, closed } = dial(server.port)
    const chunked = header.includes('chunked')
    socket.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\n${header}\r\n\r\n`)
    const piece = chunked ? `1000\r\n${'x'.repeat(4096)}\r\n` : 'x'.repeat(4096)
    let sent = 0
    const send = () => {
      while (sent < size && !socket.destroyed && socket.writable) {
        sent += 4096
        if (!socket.write(piece)) return
      }
    }
    socket.on('drain', send)
    send()
    const received = await closed
    // What comes after 100 declared bytes is no body: the server answers the 100 and closes at the garbage.
    expect(received).toMatch(/^HTTP\/1\.1 (?:413|400) /)
    expect(sent).toBeLessThan(16 * 1024 * 1024)
    expect(store.puts).toEqual([])
  })
})

describe('T12 slow senders', () => {
  test('one host gets 16 sockets; others read as ever', async () => {
    const { server, store } = await start({ host: HOST })
    await store.put('alice', await makeIdentity())
    const slow = Array.from({ length: 300 }, () => dial(server.port, '127.0.0.2'))
    let closed = 0
    for (const { socket, closed: end } of slow) {
      socket.on('connect', () => socket.write('GET /alice.xml HTTP/1.1\r\nX-Slow: '))
      end.then(() => {
        closed += 1
      })
    }
    const times: number[] = []
    for (let i = 0; i < 50; i++) {
      const before = performance.now()
      expect((await fetch(`${server.url}/alice.xml`)).status).toBe(200)
      times.push(performance.now() - before)
    }
    expect(times.sort((a, b) => a - b)[47]).toBeLessThan(2_000)
    await expect.poll(() => closed).toBe(284)
  })

  test.each([
    ['headers', 'GET /alice.xml HTTP/1.1\r\nX-Slow: ', { headersTimeoutMs: 100 }],
    [
      'a body',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\nx`,
      { headersTimeoutMs: 100, requestTimeoutMs: 200 },
    ],
  ])('%s that do not come to an end are given up', async (_, text, limits) => {
    const { server } = await start({ host: HOST, limits })
    const { socket, closed } = dial(server.port)
    socket.write(text)
    expect(await closed).toMatch(/^HTTP\/1\.1 408 /)
  })
})

describe('T15 request targets as raw bytes', () => {
  test.each([
    ['/../../etc/passwd'],
    ['/..\\..\\x.xml'],
    ['\\alice.xml'],
    ['//x.xml'],
    ['///etc/passwd.xml'],
    ['/alice.xml\0'],
    ['/\xff\xfe.xml'],
    ['http://other.example/../x'],
    ['http://[/alice.xml'],
    ['*'],
    [''],
    [`/${'a'.repeat(7_000)}.xml`],
    [`/${'a'.repeat(9_000)}.xml`],
  ])('%j', async (target) => {
    const { server, store } = await start({ host: HOST })
    const { socket, closed } = dial(server.port)
    socket.end(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`, 'latin1'))
    expect(await closed).toMatch(/^HTTP\/1\.1 4(?:00|04|31) /)
    expect(store.gets).toEqual([])
  })

  test.each([['Host: a b'], ['Host: \\'], ['X-Nothing: 1']])('header %s does no harm', async (header) => {
    const { server } = await start({ host: HOST })
    const { socket, closed } = dial(server.port)
    socket.end(`GET /nobody.xml HTTP/1.0\r\n${header}\r\n\r\n`)
    expect(await closed).toMatch(/^HTTP\/1\.1 4(?:00|04) /)
  })
})
