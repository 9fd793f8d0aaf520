import { once } from 'node:events'
import { copyFile, readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { temporaryFolder } from '@bitdust/testing'
import { afterEach, expect, test } from 'vitest'
import { makeIdentity } from './support/identities.ts'
import { type Program, startProgram } from './support/program.ts'

const vector = (name: string) => join(import.meta.dirname, 'vectors', name)

/** Processes that import everything from the sources: seconds on a busy machine. */
const PROCESS_TIMEOUT_MS = 60_000

const running = new Set<Program>()
afterEach(() => {
  for (const { child } of running) child.kill('SIGKILL')
})

/** The program with these arguments, and the lines of its log. */
function run(...args: string[]) {
  const program = startProgram(...args)
  running.add(program)
  const ended = program.ended.finally(() => running.delete(program))
  /** The next line of the log, which must have this message. */
  async function logged(message: string): Promise<Record<string, unknown>> {
    const line = await program.nextLine()
    expect(line).toMatchObject({ message, time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) })
    return line
  }
  return { child: program.child, ended, logged }
}

test(
  'serves HTTPS from a folder, takes a renewed certificate, ends an upload under way when told to stop',
  async () => {
    await using folder = await temporaryFolder()
    const [cert, key] = ['tls-cert.pem', 'tls-key.pem'].map((name) => join(folder.path, name)) as [string, string]
    for (const path of [cert, key]) await copyFile(vector(path.slice(folder.path.length + 1)), path)
    const store = join(folder.path, 'identities')
    const common = ['--host', 'id.example', '--folder', store, '--address', '127.0.0.1', '--port', '0']
    const program = run(...common, '--tls-cert', cert, '--tls-key', key, '--trusted-proxy', '10.0.0.0/8', '127.0.0.1')
    const { port: given, url } = await program.logged('listening')
    const port = Number(given)
    expect(url).toBe(`https://127.0.0.1:${port}`)

    program.child.kill('SIGHUP')
    await program.logged('certificate read again')
    await copyFile(key, cert)
    program.child.kill('SIGHUP')
    expect((await program.logged('certificate cannot be used, the old one stays')).error).toMatchObject({
      message: expect.any(String),
    })

    const bytes = await makeIdentity({ sources: ['https://id.example/alice.xml'] })
    const upload = request({
      port,
      host: '127.0.0.1',
      servername: 'id.example',
      ca: await readFile(vector('tls-cert.pem')),
      method: 'PUT',
      path: '/alice.xml',
      headers: { 'content-length': String(bytes.length), 'x-forwarded-for': '203.0.113.7', expect: '100-continue' },
    })
    const answered = once(upload, 'response')
    upload.flushHeaders()
    await once(upload, 'continue')
    upload.write(bytes.subarray(0, 100))
    program.child.kill('SIGTERM')
    expect(await program.logged('stopping')).toMatchObject({ signal: 'SIGTERM' })
    upload.end(bytes.subarray(100))
    const [response] = await answered
    expect(response.statusCode).toBe(201)
    response.resume()
    expect(await program.logged('identity accepted')).toMatchObject({ name: 'alice', outcome: 'Created' })
    await program.logged('stopped')
    expect(await program.ended).toEqual({ code: 0, errors: '' })
    expect(new Uint8Array(await readFile(join(store, 'alice.xml')))).toEqual(bytes)
  },
  PROCESS_TIMEOUT_MS,
)

test(
  'wrong arguments end with 2, what cannot be used with 1, and both say why',
  async () => {
    await using folder = await temporaryFolder()
    const common = ['--folder', join(folder.path, 'identities'), '--port', '0']
    const cases: [readonly string[], number, RegExp][] = [
      [[], 2, /--host/],
      [['--host', '127.0.0.1'], 2, /--local/],
      [['--host', 'id.example', '--tls-cert', 'x'], 2, /go together/],
      [['--host', 'id.example', '--trusted-proxy', '10.0.0.0/40'], 2, /neither an IP address nor a network/],
      [['--host', 'id.example', '--tls-cert', 'missing', '--tls-key', 'missing'], 1, /ENOENT/],
    ]
    const outcomes = await Promise.all(cases.map(([args]) => run(...common, ...args).ended))
    for (const [index, [, code, reason]] of cases.entries()) {
      expect(outcomes[index]!.code).toBe(code)
      expect(outcomes[index]!.errors).toMatch(reason)
    }
  },
  PROCESS_TIMEOUT_MS,
)
