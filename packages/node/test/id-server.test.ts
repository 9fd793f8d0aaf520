/** `bitdust id-server` in a process of its own, and the role in a node. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { importRsaPrivateKey } from '@bitdust/crypto'
import { formatIdentityDate, parseIdurl, signIdentity } from '@bitdust/identity'
import { temporaryFolder, testKeys } from '@bitdust/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { completeConfig } from '../src/config.ts'
import { openFolder } from '../src/folder.ts'
import { startOwnIdServer } from '../src/id-server.ts'
import { silentNodeLogger } from '../src/wiring/logger.ts'

const BIN = fileURLToPath(new URL('../src/bin.ts', import.meta.url))
const CERTIFICATE = fileURLToPath(new URL('../../idserver/test/vectors/tls-cert.pem', import.meta.url))
const KEY = fileURLToPath(new URL('../../idserver/test/vectors/tls-key.pem', import.meta.url))
/** A process that imports everything from the sources: seconds on a busy machine. */
const PROCESS_TIMEOUT_MS = 60_000

const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
})

describe('bitdust id-server', () => {
  test(
    'serves HTTPS behind a proxy within its quota, logs as JSON lines, and ends when told to stop',
    async () => {
      await using folder = await temporaryFolder()
      const home = join(folder.path, 'home')
      const tls = ['--tls-cert', CERTIFICATE, '--tls-key', KEY]
      const place = ['--host', 'id.example', '--address', '127.0.0.1', '--port', '0', '--folder', home, '--json']
      const program = run(...place, ...tls, '--trusted-proxy', '127.0.0.1', '10.0.0.0/8', '--max-identities', '1')
      const ready = JSON.parse(await program.firstLine()) as { event: string; url: string; port: number }
      expect(ready).toEqual({ event: 'ready', url: 'https://id.example', port: expect.any(Number) })
      expect(await publish(ready.port, 'alice', '203.0.113.7')).toEqual([201, 'Created'])
      expect(await publish(ready.port, 'bob', '203.0.113.7')).toEqual([507, 'DiskFull'])
      const [status, health] = await ask(ready.port, 'GET', '/health')
      expect([status, JSON.parse(health).code]).toEqual([200, 'Ok'])
      program.child.kill('SIGTERM')
      const { code, errors } = await program.ended
      expect(code).toBe(0)
      const messages = errors
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).message)
      expect(messages[0]).toBe('listening')
      expect(messages).toContain('identity accepted')
      expect(messages.at(-1)).toBe('stopped')
      expect(await readdir(join(home, 'idserver'))).toEqual(['alice.xml'])
    },
    PROCESS_TIMEOUT_MS,
  )

  test(
    'refuses wrong arguments with 2 and says why',
    async () => {
      await using folder = await temporaryFolder()
      const cases: [readonly string[], RegExp][] = [
        [[], /--host/],
        [['--host', '127.0.0.1'], /--local/],
        [['--host', 'id.example', '--tls-cert', 'x'], /go together/],
        [['--host', 'id.example', '--trusted-proxy', '10.0.0.0/40'], /neither an IP address nor a network/],
      ]
      const outcomes = await Promise.all(cases.map(([args]) => run(...args, '--folder', folder.path).ended))
      for (const [index, [, reason]] of cases.entries()) {
        expect(outcomes[index]).toEqual({ code: 2, errors: expect.stringMatching(reason) })
      }
    },
    PROCESS_TIMEOUT_MS,
  )
})

describe('the role of a node', () => {
  test('serves as its settings say, and stops', async () => {
    await using folder = await temporaryFolder()
    const { paths, release } = await openFolder(join(folder.path, 'home'))
    const config = completeConfig({
      idserver: {
        enabled: true,
        host: 'id.example',
        port: 0,
        address: '127.0.0.1',
        tlsCert: CERTIFICATE,
        tlsKey: KEY,
        trustedProxies: ['127.0.0.1'],
        maxIdentities: 1,
      },
    })
    const server = await startOwnIdServer(config, paths, silentNodeLogger)
    try {
      expect(server.url).toBe(`https://127.0.0.1:${server.port}`)
      expect(await publish(server.port, 'alice', '203.0.113.7')).toEqual([201, 'Created'])
      expect(await publish(server.port, 'bob', '203.0.113.7')).toEqual([507, 'DiskFull'])
    } finally {
      await server.stop()
      release()
    }
    await expect(ask(server.port, 'GET', '/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('a setting that cannot be is told by its name', async () => {
    await using folder = await temporaryFolder()
    const { paths, release } = await openFolder(join(folder.path, 'home'))
    const start = (idserver: object) =>
      startOwnIdServer(
        completeConfig({ idserver: { host: 'id.example', port: 0, ...idserver } }),
        paths,
        silentNodeLogger,
      )
    const cases: [object, RegExp][] = [
      [{ host: '' }, /^idserver\.host /],
      [{ host: '127.0.0.1' }, /^idserver\.host /],
      [{ tlsCert: CERTIFICATE }, /^idserver\.tlsCert /],
      [{ trustedProxies: ['proxy.example'] }, /^idserver\.trustedProxies /],
    ]
    for (const [settings, message] of cases)
      await expect(start(settings)).rejects.toMatchObject({
        code: 'ConfigInvalid',
        message: expect.stringMatching(message),
      })
    release()
  })
})

/** The command with these arguments. */
function run(...args: string[]) {
  const child = spawn(process.execPath, ['--conditions=@bitdust/source', '--no-warnings', BIN, 'id-server', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    return { code: code as number | null, errors }
  })
  async function firstLine(): Promise<string> {
    const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) => text as string)
    const end = ended.then(() => {
      throw new Error(`the program ended: ${errors}`)
    })
    return Promise.race([line, end])
  }
  return { child, ended, firstLine }
}

/** Uploads a new identity by way of a proxy. @returns Status and code of the answer. */
async function publish(port: number, name: string, sender: string): Promise<[number | undefined, string]> {
  const lists = { contacts: [], certificates: [], scrubbers: [] }
  const sources = [parseIdurl(`https://id.example/${name}.xml`)]
  const fields = { ...lists, sources, postage: '1', date: formatIdentityDate(0), version: 'test', revision: 1 }
  const { bytes } = await signIdentity(fields, await importRsaPrivateKey(testKeys[2048][0]))
  const [status, body] = await ask(port, 'PUT', `/${name}.xml`, bytes, { 'x-forwarded-for': sender })
  return [status, JSON.parse(body).code]
}

async function ask(
  port: number,
  method: string,
  path: string,
  body?: Uint8Array,
  headers: Record<string, string> = {},
): Promise<[number | undefined, string]> {
  const ca = await readFile(CERTIFICATE)
  const place = { host: '127.0.0.1', servername: 'id.example', port, ca, agent: false }
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, method, path, headers }, async (answer) => {
      resolve([answer.statusCode, (await answer.toArray()).join('')])
    })
    asked.once('error', reject).end(body)
  })
}
