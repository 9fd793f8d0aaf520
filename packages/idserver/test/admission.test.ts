import { describe, expect, test } from 'vitest'
import { HOST, makeIdentity } from './support/identities.ts'
import { codeOf, testServer } from './support/servers.ts'
import legacy from './vectors/legacy-identity.json' with { type: 'json' }

const LIMIT = 64 * 1024

describe('T11 bodies are counted as they come', () => {
  test('65 536 bytes are read, 65 537 are not', async () => {
    const server = testServer()
    expect(await codeOf(await server.ask('POST', '/', { body: new Uint8Array(LIMIT) }))).toBe('IdentityMalformed')
    const long = await server.ask('POST', '/', { body: new Uint8Array(LIMIT + 1) })
    expect(long.status).toBe(413)
    expect(await codeOf(long)).toBe('LimitExceeded')
    expect(server.store.puts).toEqual([])
  })

  test('a declared length above the limit is refused without reading', async () => {
    const body = endlessBody()
    const headers = { 'content-length': String(LIMIT + 1) }
    expect((await testServer().ask('POST', '/', { body: body.stream, headers })).status).toBe(413)
    expect(body.sent()).toBe(0)
  })

  test('declared 100, sent without end: cut at the limit', async () => {
    const body = endlessBody()
    const server = testServer()
    const answer = await server.ask('POST', '/', { body: body.stream, headers: { 'content-length': '100' } })
    expect(answer.status).toBe(413)
    expect(answer.headers.get('connection')).toBe('close')
    expect(body.sent()).toBeLessThanOrEqual(LIMIT + 3 * 1024)
    expect(body.cancelled()).toBe(true)
    expect(server.store.puts).toEqual([])
  })

  test('a body that stops coming is given up after 15 s', async () => {
    const server = testServer()
    let cancelled = false
    const stream = new ReadableStream<Uint8Array>({
      start: (control) => control.enqueue(new Uint8Array(10)),
      cancel: () => {
        cancelled = true
      },
    })
    const pending = server.ask('POST', '/', { body: stream })
    await server.clock.advance(15_000)
    const answer = await pending
    expect(answer.status).toBe(408)
    expect(await codeOf(answer)).toBe('Timeout')
    expect(cancelled).toBe(true)
    expect(server.clock.sleepers).toBe(0)
  })

  test('a body that breaks off is refused', async () => {
    const stream = new ReadableStream<Uint8Array>({ pull: (control) => control.error(new Error('connection lost')) })
    expect(await codeOf(await testServer().ask('POST', '/', { body: stream }))).toBe('Cancelled')
  })
})

describe('T13 only documents that name this server and a valid name', () => {
  const refused: [string, string, string][] = [
    ['another host', 'http://other.example/alice.xml', 'IdurlForbidden'],
    ['another port', `http://${HOST}:8084/alice.xml`, 'IdurlForbidden'],
    ['a host that ends like this one', `http://evil-${HOST}/alice.xml`, 'IdurlForbidden'],
  ]
  test.each(refused)('%s', async (_, source, code) => {
    const server = testServer()
    const answer = await server.ask('POST', '/', { body: await makeIdentity({ sources: [source] }) })
    expect(answer.status).toBe(403)
    expect(await codeOf(answer)).toBe(code)
    expect(server.store.puts).toEqual([])
  })

  test.each([['a'], ['a'.repeat(21)], ['Alice'], ['a.b'], ['%61lice'], ['ali ce'], ['алиса']])(
    'a document that calls itself %j is malformed',
    async (name) => {
      const server = testServer()
      const honest = new TextDecoder().decode(await makeIdentity())
      const body = honest.replace('/alice.xml', `/${name}.xml`)
      expect(body).not.toBe(honest)
      const answer = await server.ask('POST', '/', { body })
      expect([answer.status, await codeOf(answer)]).toEqual([400, 'IdentityMalformed'])
      expect(server.store.puts).toEqual([])
    },
  )

  test.each([['/a.xml'], [`/${'a'.repeat(21)}.xml`], ['/Alice.xml'], ['/a.b.xml']])(
    'PUT %s is no address here',
    async (path) => {
      const server = testServer()
      const answer = await server.ask('PUT', path, { body: await makeIdentity() })
      expect([answer.status, await codeOf(answer)]).toEqual([404, 'NotFound'])
      expect(server.store.puts).toEqual([])
    },
  )

  test('a document is not stored under a name that is not its own', async () => {
    const server = testServer()
    const answer = await server.ask('PUT', '/bob.xml', { body: await makeIdentity() })
    expect([answer.status, await codeOf(answer)]).toEqual([403, 'IdurlForbidden'])
    expect(server.store.puts).toEqual([])
  })

  test('private sources are refused unless the network is a private one', async () => {
    const body = await makeIdentity({ sources: ['http://127.0.0.1:8084/alice.xml'] })
    const strict = await testServer().ask('POST', '/', { body })
    expect([strict.status, await codeOf(strict)]).toEqual([400, 'IdentityMalformed'])
    const local = testServer({ host: '127.0.0.1:8084', allowPrivate: true })
    expect((await local.ask('POST', '/', { body })).status).toBe(201)
  })
})

test('a valid document of the original is VersionUnsupported, a broken one is not', async () => {
  const server = testServer({ host: new URL(legacy.sources[0]!).host })
  const refused = await server.ask('POST', '/', { body: legacy.xml })
  expect([refused.status, await codeOf(refused)]).toEqual([400, 'VersionUnsupported'])
  const broken = await server.ask('POST', '/', { body: legacy.xml.replace('<postage>1', '<postage>2') })
  expect([broken.status, await codeOf(broken)]).toEqual([400, 'IdentitySignatureInvalid'])
  expect(server.store.puts).toEqual([])
})

describe('T14 a name stays with its key, and revisions rise', () => {
  async function serverWithAlice(revision: number) {
    const server = testServer()
    const bytes = await makeIdentity({ revision })
    await server.ask('PUT', '/alice.xml', { body: bytes })
    return { server, bytes }
  }

  test('another key cannot take the name, whatever its revision', async () => {
    const { server, bytes } = await serverWithAlice(3)
    for (const revision of [1, 3, 4]) {
      const answer = await server.ask('PUT', '/alice.xml', { body: await makeIdentity({ revision, key: 1 }) })
      expect([answer.status, await codeOf(answer)]).toEqual([409, 'IdentityNameTaken'])
    }
    expect((await server.store.get('alice'))?.bytes).toEqual(bytes)
    expect(server.store.puts).toHaveLength(1)
  })

  test('an older revision, and the same one with other content, are a rollback', async () => {
    const { server, bytes } = await serverWithAlice(3)
    for (const revision of [0, 2, 3]) {
      const answer = await server.ask('PUT', '/alice.xml', { body: await makeIdentity({ revision, version: '2.0.0' }) })
      expect([answer.status, await codeOf(answer)]).toEqual([409, 'IdentityRollback'])
    }
    expect((await server.store.get('alice'))?.bytes).toEqual(bytes)
  })

  test('of many who want one name at once, one key gets it', async () => {
    const server = testServer()
    const rivals = await Promise.all([0, 1, 2, 3].map((key) => makeIdentity({ key })))
    const answers = await Promise.all(rivals.map((body) => server.ask('PUT', '/alice.xml', { body })))
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409])
    expect(server.store.puts).toEqual(['alice'])
  })

  test('of many revisions sent at once the highest stays', async () => {
    const server = testServer()
    const revisions = await Promise.all([2, 5, 1, 4, 3].map((revision) => makeIdentity({ revision })))
    await Promise.all(revisions.map((body) => server.ask('PUT', '/alice.xml', { body })))
    expect((await server.store.get('alice'))?.bytes).toEqual(revisions[1])
  })

  test('a changed byte makes the signature invalid', async () => {
    const server = testServer()
    const text = new TextDecoder().decode(await makeIdentity())
    const answer = await server.ask('PUT', '/alice.xml', { body: text.replace('7771', '7772') })
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'IdentitySignatureInvalid'])
    expect(server.store.puts).toEqual([])
  })

  test('a stored document that rotted gives its name to nobody', async () => {
    const server = testServer()
    await server.store.put('alice', new TextEncoder().encode('<identity>'))
    const answer = await server.ask('PUT', '/alice.xml', { body: await makeIdentity() })
    expect([answer.status, await codeOf(answer)]).toEqual([500, 'StorageCorrupt'])
    expect(server.store.puts).toHaveLength(1)
  })
})

describe('T15 no path leads out of the store', () => {
  test.each([
    ['/..%2f..%2fetc%2fpasswd.xml'],
    ['//x.xml'],
    ['//alice.xml'],
    ['/%00.xml'],
    ['/alice%00.xml'],
    ['/alice.xml%00'],
    ['/alice.xml/'],
    ['/CON.xml'],
    ['/..%5c..%5cx.xml'],
    ['/alice'],
    ['/.xml'],
    ['/../../etc/passwd'],
    [`/${'a'.repeat(8192)}.xml`],
    ['/%E0%A4%A.xml'],
  ])('GET %s', async (path) => {
    const server = testServer()
    const answer = await server.ask('GET', path)
    expect([answer.status, await codeOf(answer)]).toEqual([404, 'NotFound'])
    expect(server.store.gets).toEqual([])
  })
})

describe('T16 floods', () => {
  test('bad signatures are checked ten times a minute, then refused unread', async () => {
    const server = testServer()
    const body = (await makeIdentity()).map((byte, index) => (index === 60 ? byte ^ 1 : byte))
    const codes: string[] = []
    for (let i = 0; i < 1000; i++)
      codes.push(await codeOf(await server.ask('POST', '/', { body, from: '203.0.113.7' })))
    expect(codes.filter((code) => code !== 'RateLimited')).toHaveLength(10)
    expect(server.store.puts).toEqual([])
    expect(server.store.gets).toEqual([])

    const flood = endlessBody()
    const refused = await server.ask('POST', '/', { body: flood.stream, from: '203.0.113.99' })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('6')
    expect(flood.sent()).toBe(0)
    expect((await server.ask('POST', '/', { body, from: '203.0.114.7' })).status).toBe(400)

    await server.clock.advance(6_000)
    expect((await server.ask('POST', '/', { body, from: '203.0.113.7' })).status).toBe(400)
    expect((await server.ask('POST', '/', { body, from: '203.0.113.7' })).status).toBe(429)
  })

  test('one neighbourhood takes 50 new names a day; updates go on', async () => {
    const server = testServer({ limits: { uploadsPerMinute: 1_000_000, newNamesPerDay: 3 } })
    const from = '2001:db8:7:1::1'
    const publish = async (name: string, revision: number, sender: string) => {
      const body = await makeIdentity({ sources: [`http://${HOST}/${name}.xml`], revision })
      return (await server.ask('POST', '/', { body, from: sender })).status
    }
    for (const name of ['u1', 'u2', 'u3']) expect(await publish(name, 1, from)).toBe(201)
    expect(await publish('u4', 1, '2001:db8:7:ffff::2')).toBe(429)
    expect(await publish('u1', 2, from)).toBe(200)
    expect(await publish('u4', 1, '2001:db8:8::1')).toBe(201)
    await server.clock.advance(8 * 60 * 60 * 1000)
    expect(await publish('u5', 1, from)).toBe(201)
  })

  test('reading is never limited, and private networks have no limits per address', async () => {
    const server = testServer()
    for (let i = 0; i < 300; i++) expect((await server.ask('GET', '/x1.xml', { from: '203.0.113.7' })).status).toBe(404)
    const local = testServer({ allowPrivate: true })
    for (let i = 0; i < 100; i++) {
      const sent = await local.ask('POST', '/', { body: 'x', from: '127.0.0.1' })
      expect(sent.status).toBe(400)
    }
  })
})

/** A body of 1 KiB pieces that never ends by itself. */
function endlessBody() {
  let sent = 0
  let cancelled = false
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(control) {
        sent += 1024
        control.enqueue(new Uint8Array(1024))
      },
      cancel() {
        cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, sent: () => sent, cancelled: () => cancelled }
}
