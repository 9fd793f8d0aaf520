/** Any bytes at the HTTP surface: a named refusal, never a fault, never a file outside the folder. */
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Disk, nodeDisk } from '@bitdust/crypto/files'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileIdentityStore } from '../src/node/file-identity-store.ts'
import { type RunningIdServer, serveIdServer } from '../src/node/serve-id-server.ts'
import { HOST, makeIdentity } from './support/identities.ts'
import { testServer } from './support/servers.ts'

const LONG = process.env.BITDUST_LONG === '1'
const RUNS = LONG ? 50_000 : 1_000
const TIMEOUT_MS = LONG ? 1_800_000 : 60_000
const NAME = /^[a-z0-9_-]{2,20}$/

let folder: TemporaryFolder
let server: RunningIdServer
let honest: Uint8Array<ArrayBuffer>
/** Every path that the store asked its disk for. */
const opened = new Set<string>()
/** What the server held for a fault of its own. */
const faults: unknown[] = []

beforeAll(async () => {
  folder = await temporaryFolder()
  honest = await makeIdentity()
  const many = Number.MAX_SAFE_INTEGER
  server = await serveIdServer({
    host: HOST,
    port: 0,
    address: '127.0.0.1',
    store: fileIdentityStore(join(folder.path, 'identities'), { disk: watchedDisk() }),
    limits: { uploadsPerMinute: many, newNamesPerDay: many, socketsPerHost: many, headersTimeoutMs: 300 },
    logger: { info() {}, warn() {}, error: (message, fields) => faults.push(message, fields) },
  })
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

function watchedDisk(): Disk {
  const watch = (path: string): string => {
    opened.add(path)
    return path
  }
  return {
    ...nodeDisk,
    open: (path, ...rest) => nodeDisk.open(watch(path), ...rest),
    stat: (path) => nodeDisk.stat(watch(path)),
    unlink: (path) => nodeDisk.unlink(watch(path)),
    rename: (from, to) => nodeDisk.rename(watch(from), watch(to)),
  }
}

const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE', 'PATCH', 'PROPFIND')
const pathPiece = fc.oneof(
  fc.constantFrom('/', '..', '%2f', '%2e%2e', '%00', '\\', 'alice', '.xml', '.html', 'health', 'metrics', '?after='),
  fc.constantFrom('constructor', '__proto__', 'CON', 'a'.repeat(21), 'http://', '[', '@', ':', '%', ';', '//', '#'),
  fc.string({ maxLength: 12, unit: 'binary' }),
)
const path = fc.array(pathPiece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`)
const headers = fc.dictionary(
  fc.constantFrom('if-none-match', 'content-length', 'x-forwarded-for', 'content-type', 'host', 'range', 'cookie'),
  fc.oneof(fc.constantFrom('0', '-1', '1e9', 'NaN', '99999999999999999999', '*', 'W/"', '"a", "b"'), fc.string()),
  { maxKeys: 3 },
)
const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.record({ at: fc.nat(3_000), size: fc.nat(20), text: fc.string({ maxLength: 20, unit: 'binary' }) }).map(splice),
)

/** The honest document with something else in one place. */
function splice({ at, size, text }: { at: number; size: number; text: string }): Uint8Array {
  const start = at % honest.length
  return Buffer.concat([honest.subarray(0, start), Buffer.from(text.toWellFormed()), honest.subarray(start + size)])
}

test(
  'any request to fetch() gets an answer below 500, and the store sees valid names only',
  async () => {
    const memory = testServer()
    await memory.ask('PUT', '/alice.xml', { body: honest })
    await fc.assert(
      fc.asyncProperty(method, path, headers, body, async (verb, target, fields, content) => {
        const hasBody = verb !== 'GET' && verb !== 'HEAD'
        const request = requestOrNull(target, { method: verb, ...(hasBody ? { body: Uint8Array.from(content) } : {}) })
        if (request === null) return
        for (const [name, value] of Object.entries(fields)) setHeader(request.headers, name, value)
        const answer = await memory.fetch(request, { remoteAddress: '203.0.113.7' })
        expect(answer.status).toBeLessThan(500)
        const text = await answer.text()
        if (answer.headers.get('content-type') === 'application/json' && verb !== 'HEAD')
          expect(JSON.parse(text)).toEqual({ code: expect.any(String), message: expect.any(String) })
        expect([...memory.store.gets, ...memory.store.puts].filter((name) => !NAME.test(name))).toEqual([])
      }),
      { numRuns: RUNS },
    )
    expect((await memory.store.get('alice'))?.bytes).toEqual(honest)
  },
  TIMEOUT_MS,
)

test(
  'any bytes on a socket get an answer below 500 or a closed connection, and no file outside the folder is opened',
  async () => {
    const line = fc
      .tuple(method, path, fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9', ''))
      .map((words) => words.join(' '))
    const header = fc.oneof(
      fc.constantFrom(
        `Host: ${HOST}`,
        'Content-Length: 5',
        'Content-Length: -5',
        'Content-Length: 5\r\nContent-Length: 6',
        'Transfer-Encoding: chunked',
        'Transfer-Encoding: chunked, chunked',
        'Expect: 100-continue',
        'Upgrade: h2c\r\nConnection: upgrade',
        'Connection: close',
        'If-None-Match: *',
      ),
      fc.string({ maxLength: 60, unit: 'binary' }),
    )
    const wellMade = body.map((content) =>
      Buffer.concat([
        Buffer.from(`PUT /alice.xml HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${content.length}\r\n\r\n`),
        content,
      ]),
    )
    const illMade = fc
      .tuple(line, fc.array(header, { maxLength: 4 }), body)
      .map(([first, fields, content]) =>
        Buffer.concat([Buffer.from([first, ...fields, '', ''].join('\r\n'), 'latin1'), content]),
      )
    const message = fc.oneof(fc.uint8Array({ maxLength: 400 }), wellMade, illMade)
    let answers = 0
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 3 }), async (messages) => {
        const received = await exchange(Buffer.concat(messages))
        for (const [, status] of received.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) {
          answers += 1
          expect(Number(status)).toBeLessThan(500)
        }
      }),
      { numRuns: Math.ceil(RUNS / 2) },
    )
    expect(answers).toBeGreaterThan(RUNS / 10)
    const place = join(folder.path, 'identities')
    const inside = new RegExp(`^${place}(?:$|/(?:[a-z0-9_-]{2,20}\\.xml|\\.bitdust-[0-9a-f]{32}\\.tmp)$)`)
    expect([...opened].filter((one) => !inside.test(one))).toEqual([])
    expect(faults).toEqual([])
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
  },
  TIMEOUT_MS,
)

/** Sends everything and ends. @returns What came back until the server closed. */
function exchange(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port: server.port, host: '127.0.0.1' })
    let received = ''
    socket.setEncoding('latin1').on('data', (text) => {
      received += text
    })
    socket.on('error', () => {}) // A reset is one way for the server to close.
    socket.on('close', () => resolve(received))
    socket.end(bytes)
  })
}

/** `null` for what the platform refuses to send. */
function requestOrNull(target: string, init: RequestInit): Request | null {
  try {
    return new Request(`http://${HOST}${target}`, init)
  } catch {
    return null
  }
}

function setHeader(target: Headers, name: string, value: string): void {
  try {
    target.set(name, value)
  } catch {
    // Not a value that HTTP can carry.
  }
}
