import { sha256, toBase64 } from '@bitdust/crypto'
import { describe, expect, test } from 'vitest'
import { escapeHtml } from '../src/http/html-page.ts'
import { HOST, makeIdentity } from './support/identities.ts'
import { codeOf, testServer } from './support/servers.ts'

describe('the page of an identity', () => {
  test('says what the document says, and links to it', async () => {
    const server = testServer()
    await server.store.put('alice', await makeIdentity({ revision: 7, certificates: [] }))
    const page = await server.ask('GET', '/alice.html')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const html = await page.text()
    for (const part of [
      `<title>alice at ${HOST}</title>`,
      'tcp://123.45.67.89:7771',
      `<a href="http://${HOST}/alice.xml"`,
      '<a href="/alice.xml">',
      '<dd>7</dd>',
      'RSA, 2048 bits',
    ])
      expect(html).toContain(part)
  })

  test('HEAD has the same headers, and who has the page gets 304 until the identity changes', async () => {
    const server = testServer()
    await server.store.put('alice', await makeIdentity({ revision: 1 }))
    const page = await server.ask('GET', '/alice.html')
    const head = await server.ask('HEAD', '/alice.html')
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(page.headers))
    const known = { 'if-none-match': page.headers.get('etag')! }
    expect((await server.ask('GET', '/alice.html', { headers: known })).status).toBe(304)
    await server.store.put('alice', await makeIdentity({ revision: 2 }))
    expect((await server.ask('GET', '/alice.html', { headers: known })).status).toBe(200)
  })

  test('nobody there is NotFound, a rotten document is StorageCorrupt', async () => {
    const server = testServer()
    await server.store.put('bob', new TextEncoder().encode('<identity>'))
    const missing = await server.ask('GET', '/alice.html')
    expect([missing.status, await codeOf(missing)]).toEqual([404, 'NotFound'])
    const rotten = await server.ask('GET', '/bob.html')
    expect([rotten.status, await codeOf(rotten)]).toEqual([500, 'StorageCorrupt'])
  })

  test.each(['PUT', 'POST', 'DELETE'])('%s is not possible', async (method) => {
    const refused = await testServer().ask(method, '/alice.html')
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })
})

describe('pages are safe', () => {
  test('values of strangers stay text', async () => {
    const server = testServer()
    const version = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;`
    await server.ask('PUT', '/alice.xml', { body: await makeIdentity({ version }) })
    const html = await (await server.ask('GET', '/alice.html')).text()
    expect(html).toContain('&#60;script&#62;alert(1)')
    expect(html).not.toMatch(/<script|<img/)
  })

  test('what cannot be seen is shown', () => {
    expect(escapeHtml('a\u202Eb\u0000\u200B')).toBe('a⟨U+202E⟩b⟨U+0000⟩⟨U+200B⟩')
    expect(escapeHtml('Алиса 李 🎉')).toBe('Алиса 李 🎉')
  })

  test.each(['/', '/alice.html'])('the policy of %s lets nothing run but its own style', async (path) => {
    const server = testServer()
    await server.store.put('alice', await makeIdentity())
    const page = await server.ask('GET', path)
    const html = await page.text()
    const policy = page.headers.get('content-security-policy')!
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!
    expect(policy).toContain(`style-src 'sha256-${toBase64(sha256(new TextEncoder().encode(style)))}'`)
    expect(policy).toMatch(/^default-src 'none'; .*; sandbox$/)
    expect(policy).not.toMatch(/unsafe|script-src/)
    expect(html).not.toMatch(/<script|\son\w+=|\sstyle=/i)
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('the pages of the list lead to each other', async () => {
    const server = testServer()
    for (let i = 0; i < 201; i++) await server.store.put(`user${i}`, new Uint8Array())
    const first = await (await server.ask('GET', '/')).text()
    expect(first).not.toContain('<a href="/">Start</a>')
    const next = /<a href="([^"]+)" rel="next">/.exec(first)![1]!
    const second = await (await server.ask('GET', next)).text()
    expect(second).toContain('<a href="/">Start</a>')
    expect(second).not.toContain('rel="next"')
  })
})
