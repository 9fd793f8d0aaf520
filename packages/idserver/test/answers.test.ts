import { equalBytes } from '@bitdust/crypto'
import { describe, expect, test } from 'vitest'
import { createIdServer } from '../src/create-id-server.ts'
import { memoryIdentityFileStore } from '../src/store/memory-identity-file-store.ts'
import { HOST, makeIdentity } from './support/identities.ts'
import { codeOf, testServer } from './support/servers.ts'

describe('publishing', () => {
  test.each([
    ['PUT', '/alice.xml'],
    ['POST', '/alice.xml'],
    ['POST', '/'],
  ])('%s %s takes a new identity and its next revision', async (method, path) => {
    const server = testServer()
    const first = await makeIdentity({ revision: 1 })
    const second = await makeIdentity({ revision: 2 })

    const created = await server.ask(method, path, { body: first })
    expect(created.status).toBe(201)
    expect(created.headers.get('location')).toBe('/alice.xml')
    expect(await codeOf(created)).toBe('Created')

    const updated = await server.ask(method, path, { body: second })
    expect(updated.status).toBe(200)
    expect(await codeOf(updated)).toBe('Updated')
    expect((await server.store.get('alice'))?.bytes).toEqual(second)
  })

  test('the same bytes again are fine, and nothing is written', async () => {
    const server = testServer()
    const bytes = await makeIdentity()
    await server.ask('PUT', '/alice.xml', { body: bytes })
    const again = await server.ask('PUT', '/alice.xml', { body: bytes })
    expect(again.status).toBe(200)
    expect(await codeOf(again)).toBe('Unchanged')
    expect(server.store.puts).toEqual(['alice'])
  })

  test('any source of the document may be the one here, over http and https', async () => {
    const server = testServer()
    const bytes = await makeIdentity({ sources: ['http://other.example/alice.xml', `https://${HOST}/alice.xml`] })
    expect((await server.ask('PUT', '/alice.xml', { body: bytes })).status).toBe(201)
  })

  test('the port belongs to the host', async () => {
    const server = testServer({ host: `${HOST}:8084` })
    const here = await makeIdentity({ sources: [`http://${HOST}:8084/alice.xml`] })
    const elsewhere = await makeIdentity({ sources: [`http://${HOST}/alice.xml`] })
    expect((await server.ask('POST', '/', { body: elsewhere })).status).toBe(403)
    expect((await server.ask('POST', '/', { body: here })).status).toBe(201)
  })
})

describe('reading', () => {
  test('GET gives exactly the accepted bytes, HEAD the same headers', async () => {
    const server = testServer()
    const bytes = await makeIdentity()
    await server.ask('PUT', '/alice.xml', { body: bytes })

    const got = await server.ask('GET', '/alice.xml')
    expect(got.status).toBe(200)
    expect(equalBytes(await got.bytes(), bytes)).toBe(true)
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'content-type': 'application/xml',
      'content-length': String(bytes.length),
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
      'cache-control': 'no-cache',
    })

    const head = await server.ask('HEAD', '/alice.xml')
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(got.headers))
  })

  test('who has the document already gets 304, until it changes', async () => {
    const server = testServer()
    await server.ask('PUT', '/alice.xml', { body: await makeIdentity({ revision: 1 }) })
    const etag = (await server.ask('GET', '/alice.xml')).headers.get('etag')!
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/)

    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const same = await server.ask('GET', '/alice.xml', { headers: { 'if-none-match': known } })
      expect([same.status, await same.text(), same.headers.get('etag')]).toEqual([304, '', etag])
    }
    const put = await server.ask('PUT', '/alice.xml', { body: await makeIdentity({ revision: 2 }) })
    const changed = await server.ask('GET', '/alice.xml', { headers: { 'if-none-match': etag } })
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).toBe(put.headers.get('etag'))
  })

  test('a name that nobody has is NotFound', async () => {
    const missing = await testServer().ask('GET', '/nobody.xml')
    expect(missing.status).toBe(404)
    expect(missing.headers.get('content-type')).toBe('application/json')
    expect(await codeOf(missing)).toBe('NotFound')
  })

  test('health is an answer while the store works', async () => {
    const healthy = await testServer().ask('GET', '/health')
    expect([healthy.status, await codeOf(healthy)]).toEqual([200, 'Ok'])

    const store = {
      ...memoryIdentityFileStore(),
      list: () => {
        throw new Error('/secret/path: EIO')
      },
    }
    const sick = await testServer({ store }).ask('GET', '/health')
    expect(sick.status).toBe(500)
    expect(await sick.text()).not.toContain('secret')
  })

  test('the index lists names in order and in pages', async () => {
    const server = testServer()
    for (let i = 0; i < 450; i++) await server.store.put(`user-${String(i).padStart(3, '0')}`, new Uint8Array([1]))
    const seen: string[] = []
    let pages = 0
    for (let path: string | undefined = '/'; path !== undefined; pages++) {
      const page: Response = await server.ask('GET', path)
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
      const html = await page.text()
      seen.push(...Array.from(html.matchAll(/<a href="\/([a-z0-9-]+)\.html">/g), (match) => match[1]!))
      path = /<a href="([^"]+)" rel="next">/.exec(html)?.[1]
    }
    expect(pages).toBe(3)
    expect(seen).toEqual(Array.from({ length: 450 }, (_, i) => `user-${String(i).padStart(3, '0')}`))
  })

  test('the index shows nothing of what the asker wrote', async () => {
    const html = await (await testServer().ask('GET', '/?after=<script>alert(1)</script>')).text()
    expect(html).not.toContain('script')
    expect(html).toContain('None.')
  })
})

describe('other requests', () => {
  test.each([
    ['DELETE', '/alice.xml', 'GET, POST, PUT, HEAD, OPTIONS'],
    ['PATCH', '/alice.xml', 'GET, POST, PUT, HEAD, OPTIONS'],
    ['constructor', '/alice.xml', 'GET, POST, PUT, HEAD, OPTIONS'],
    ['PUT', '/', 'GET, POST, HEAD, OPTIONS'],
    ['POST', '/health', 'GET, HEAD, OPTIONS'],
  ])('%s %s is MethodNotAllowed and says what is', async (method, path, allow) => {
    const refused = await testServer().ask(method, path)
    expect(refused.status).toBe(405)
    expect(refused.headers.get('allow')).toBe(allow)
    expect(await codeOf(refused)).toBe('MethodNotAllowed')
  })

  test('pages of other origins may read, not write', async () => {
    const preflight = await testServer().ask('OPTIONS', '/alice.xml')
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD')
  })

  test('a failing store is Internal and tells nothing of the machine', async () => {
    const logged: unknown[] = []
    const store = { ...memoryIdentityFileStore(), get: () => Promise.reject(new Error('/secret/path: EIO')) }
    const logger = { info() {}, warn() {}, error: (...line: unknown[]) => logged.push(line) }
    const failed = await testServer({ store, logger }).ask('GET', '/alice.xml')
    expect(failed.status).toBe(500)
    expect(await failed.json()).toEqual({ code: 'Internal', message: 'this server failed to answer' })
    expect(logged).toHaveLength(1)
  })

  test('a full disk is 507; reading goes on', async () => {
    const inner = memoryIdentityFileStore()
    await inner.put('alice', await makeIdentity({ revision: 1 }))
    const full = Object.assign(new Error('ENOSPC: /secret/path'), { code: 'DiskFull' })
    const server = testServer({ store: { ...inner, put: () => Promise.reject(full) } })
    const refused = await server.ask('PUT', '/alice.xml', { body: await makeIdentity({ revision: 2 }) })
    expect(refused.status).toBe(507)
    const text = await refused.text()
    expect(text).toContain('"DiskFull"')
    expect(text).not.toContain('secret')
    expect((await server.ask('GET', '/alice.xml')).status).toBe(200)
  })
})

test('a server must have a public host, unless private ones are allowed', () => {
  const parts = { store: memoryIdentityFileStore(), clock: testServer().clock }
  for (const host of ['127.0.0.1:8084', 'localhost', 'a b', '', 'id.example/x'])
    expect(() => createIdServer({ ...parts, host })).toThrow(expect.objectContaining({ code: 'IdurlForbidden' }))
  expect(createIdServer({ ...parts, host: '127.0.0.1:8084', allowPrivate: true }).host).toBe('127.0.0.1:8084')
  expect(createIdServer({ ...parts, host: 'https://ID.Example' }).host).toBe('id.example')
})
