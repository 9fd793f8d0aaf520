/** An ID-server as a stranger gets it: from packed packages, by the examples and by every command line of its page. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { importRsaPrivateKey } from '@bitdust/crypto'
import { formatIdentityDate, parseIdurl, signIdentity } from '@bitdust/identity'
import { startLocalNetwork } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder, testKeys } from '@bitdust/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { cleanEnvironment, packedApp } from './packed-app.ts'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)

/** `@bitdust/idserver` and what it stands on. */
const PACKAGES = ['crypto', 'machine', 'identity', 'idserver']

let folder: TemporaryFolder
/** Where a stranger has installed the packages. */
let app: string

beforeAll(async () => {
  folder = await temporaryFolder()
  app = join(folder.path, 'app')
  const example = JSON.parse(await readFile(join(root, 'examples/id-server-in-hono/package.json'), 'utf8'))
  await packedApp(app, PACKAGES, example.dependencies)
  for (const example of ['id-server-alone/main.mjs', 'id-server-in-hono/app.mjs'])
    await copyFile(join(root, 'examples', example), join(app, example.replace('/', '-')))
})

afterAll(() => folder?.[Symbol.asyncDispose]())

const running = new Set<ChildProcessByStdio<null, Readable, null>>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
})

describe('examples', () => {
  test('id-server-alone serves by its own rule', async () => {
    const host = `127.0.0.1:${await freePort()}`
    const program = await start([join(app, 'id-server-alone-main.mjs'), host, join(folder.path, 'alone')])
    expect(JSON.parse(program.firstLine)).toMatchObject({ message: 'listening', url: `http://${host}` })
    expect(await publish(`http://${host}`, 'alice')).toEqual([201, 'Created'])
    expect(await publish(`http://${host}`, 'carol')).toEqual([403, 'IdurlForbidden'])
    expect(await (await fetch(`http://${host}/`)).text()).toContain('alice')
    expect(await program.stop()).toEqual([0, null])
    expect(await readdir(join(folder.path, 'alone'))).toEqual(['alice.xml'])
  })

  test('id-server-in-hono serves identities beside its own pages', async () => {
    const host = `127.0.0.1:${await freePort()}`
    const program = await start([join(app, 'id-server-in-hono-app.mjs'), host, join(folder.path, 'hono')])
    expect(program.firstLine).toBe(`http://${host}`)
    expect(await (await fetch(`http://${host}/hello`)).text()).toBe('Hello!')
    expect(await publish(`http://${host}`, 'alice')).toEqual([201, 'Created'])
    const served = await fetch(`http://${host}/alice.xml`)
    expect([served.status, served.headers.get('content-type')]).toEqual([200, 'application/xml'])
    expect((await fetch(`http://${host}/alice.xml`, { method: 'HEAD' })).headers.get('etag')).toBe(
      served.headers.get('etag'),
    )
    expect((await fetch(`http://${host}/health`)).status).toBe(200)
    expect(await program.stop()).toEqual([0, null])
  })
})

describe('docs/id-server.md', () => {
  const PROGRAM = 'npx @bitdust/idserver '
  const TRIAL = 'http://127.0.0.1:8084'

  test('every command line works', async () => {
    const [trial = '', ...others] = await commandLines('sh')
    const servers = [
      ...others.filter((line) => line.startsWith(PROGRAM)),
      ...(await commandLines('ini')).map((line) => line.replace(/^ExecStart=bitdust-idserver /, PROGRAM)),
    ]
    const questions = others.filter((line) => !line.startsWith(PROGRAM))
    expect([servers.length, questions.length]).toEqual([4, 3])

    // Ports may be taken on this machine; whichever it gets, the line is the one of the page.
    const port = await freePort()
    const program = await startBin(trial.replace('8084', String(port)))
    for (const question of questions) {
      expect(question).toMatch(/^curl http:\/\/127\.0\.0\.1:8084\/[a-z]*$/)
      expect((await fetch(question.slice('curl '.length).replace(TRIAL, program.url))).status).toBe(200)
    }
    expect(await publish(program.url, 'alice')).toEqual([201, 'Created'])
    expect(await program.stop()).toEqual([0, null])

    for (const line of servers) {
      const { url, host, stop } = await startBin(`${line} --port 0`)
      expect(host).toBe('id.example.com')
      expect(url).toMatch(line.includes('--tls-cert') ? /^https:/ : /^http:/)
      expect(await stop()).toEqual([0, null])
    }
  })

  test('npx finds the program', async () => {
    const options = { cwd: app, env: cleanEnvironment() }
    const { stdout } = await run('npx', ['--no', '--', '@bitdust/idserver', '--help'], options)
    const offered = Array.from(stdout.matchAll(/^ {2}(?:-[a-zA-Z], )?(--[a-z-]+)/gm), ([, name]) => name)
    const page = await readFile(join(root, 'docs/id-server.md'), 'utf8')
    const documented = Array.from(page.matchAll(/`(--[a-z-]+)(?: [A-Z.]+)?`(?= `| \|)/g), ([, name]) => name)
    expect(new Set([...documented, '--version', '--help'])).toEqual(new Set(offered))
  })

  /** Starts a line of the page, with folders and files of this test. */
  async function startBin(line: string) {
    const vectors = join(root, 'packages/idserver/test/vectors')
    const args = line
      .slice(PROGRAM.length)
      .replace('./identities', join(folder.path, 'trial'))
      .replace('/var/lib/bitdust-idserver', join(folder.path, 'served'))
      .replace('/etc/letsencrypt/live/id.example.com/fullchain.pem', join(vectors, 'tls-cert.pem'))
      .replace('/etc/letsencrypt/live/id.example.com/privkey.pem', join(vectors, 'tls-key.pem'))
    const program = await start([join(app, 'node_modules/@bitdust/idserver/dist/node/bin.js'), ...args.split(' ')])
    const ready = JSON.parse(program.firstLine) as { message: string; url: string; host: string }
    expect(ready.message).toBe('listening')
    return { ...ready, stop: program.stop }
  }
})

test('a node with the role serves from its start to its end, beside all else that it does', async () => {
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  const directory = join(folder.path, 'network')
  const network = await startLocalNetwork({ directory, nodes: { alice: { idserver: { enabled: true, host, port } } } })
  try {
    expect((await fetch(`http://${host}/health`)).status).toBe(200)
    expect(await publish(`http://${host}`, 'bob')).toEqual([201, 'Created'])
    const { folder: home } = network.nodes.get('alice')!
    expect(await readdir(join(home, 'idserver'))).toEqual(['bob.xml'])
  } finally {
    await network.stop()
  }
  await expect(fetch(`http://${host}/health`)).rejects.toThrow()
})

/** The command lines in blocks of one language: every line of `sh`, what a service of systemd starts for `ini`. */
async function commandLines(language: 'sh' | 'ini'): Promise<string[]> {
  const page = await readFile(join(root, 'docs/id-server.md'), 'utf8')
  const blocks = Array.from(page.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm))
  const lines = blocks.flatMap(([, name, text = '']) => (name === language ? text.trim().split('\n') : []))
  return language === 'sh' ? lines : lines.filter((line) => line.startsWith('ExecStart='))
}

/** A program that serves: its first line of output, and the way to end it. */
async function start(args: readonly string[]) {
  const child = spawn(process.execPath, args, {
    cwd: app,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: cleanEnvironment(),
  })
  running.add(child)
  const ended = once(child, 'exit').finally(() => running.delete(child))
  const stop = (): Promise<unknown[]> => {
    child.kill('SIGTERM')
    return ended
  }
  const lines = createInterface({ input: child.stdout })
  const [firstLine] = await Promise.race([once(lines, 'line'), ended.then(() => ['the program ended'])])
  return { firstLine: firstLine as string, stop }
}

/** Uploads a new identity. @returns Status and code of the answer. */
async function publish(server: string, name: string): Promise<[number, string]> {
  const source = parseIdurl(`${server}/${name}.xml`, { allowPrivate: true })
  const lists = { contacts: [], sources: [source], certificates: [], scrubbers: [] }
  const date = formatIdentityDate(Date.UTC(2026, 0, 1))
  const fields = { ...lists, postage: '1', date, version: 'test', revision: 1 }
  const { bytes } = await signIdentity(fields, await importRsaPrivateKey(testKeys[2048][0]!))
  const answer = await fetch(source, { method: 'PUT', body: Uint8Array.from(bytes) })
  return [answer.status, ((await answer.json()) as { code: string }).code]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}
