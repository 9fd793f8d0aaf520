/** Every line of docs/seed-node.md, run as a reader would run it. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { BITDUST_PROGRAM } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cleanEnvironment } from './packed-app.ts'

const run = promisify(execFile)

interface Block {
  readonly language: string
  readonly text: string
}

interface Serving {
  readonly firstLine: string
  stop(): Promise<unknown[]>
}

let folder: TemporaryFolder
let blocks: readonly Block[]
/** Ports of this machine in place of those of the page. */
let ports: Readonly<Record<'7770' | '8084', string>>
const running = new Set<ChildProcessByStdio<null, Readable, null>>()

beforeAll(async () => {
  folder = await temporaryFolder()
  const page = await readFile(join(import.meta.dirname, '../docs/seed-node.md'), 'utf8')
  blocks = Array.from(page.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm), ([, language = '', text = '']) => ({
    language,
    text,
  }))
  ports = { '7770': String(await freePort()), '8084': String(await freePort()) }
  // What `npm install --global` gives: a program of this name on the PATH.
  const program = join(folder.path, 'bin', 'bitdust')
  await mkdir(dirname(program))
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${BITDUST_PROGRAM}" "$@"\n`)
  await chmod(program, 0o755)
})

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await folder?.[Symbol.asyncDispose]()
})

/** Lines of one language in order, with folders and ports of this test. */
function lines(language: string): string[] {
  return blocks
    .filter((block) => block.language === language)
    .flatMap(({ text }) => text.trim().split('\n'))
    .map(onThisMachine)
}

function onThisMachine(text: string): string {
  return text
    .replaceAll('/var/lib/', `${folder.path}/lib/`)
    .replaceAll('./', `${folder.path}/`)
    .replaceAll('7770', ports['7770'])
    .replaceAll('8084', ports['8084'])
}

function environment(): NodeJS.ProcessEnv {
  const clean = cleanEnvironment()
  return { ...clean, PATH: [join(folder.path, 'bin'), clean.PATH].join(delimiter) }
}

async function shell(line: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', line], { env: environment(), cwd: folder.path })
  return stdout
}

/** Starts a line that serves, and waits for what it prints when it does. */
async function serve(line: string): Promise<Serving> {
  const child = spawn('sh', ['-c', `exec ${line}`], {
    env: environment(),
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  const ended = once(child, 'exit').finally(() => running.delete(child))
  const output = createInterface({ input: child.stdout })
  const [firstLine] = await Promise.race([once(output, 'line'), ended.then(() => ['the program ended'])])
  return {
    firstLine: firstLine as string,
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
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

const peerIdOf = ({ firstLine }: Serving) => /^seed at .*\/p2p\/(12D3Koo\w+)$/.exec(firstLine)?.[1] ?? firstLine

describe('docs/seed-node.md', () => {
  test('has the lines that these tests run, and no others', () => {
    const programs = lines('sh').map((line) => line.split(' ').slice(0, 2).join(' '))
    expect(programs).toEqual([
      'npm install',
      'bitdust seed',
      'bitdust id-server',
      'bitdust config',
      'bitdust init',
      'bitdust start',
      'bitdust status',
      'bitdust stop',
      'bitdust seed',
      'bitdust id-server',
      'cp -p',
      'install -d',
      'install -m',
      'bitdust config',
    ])
    expect(blocks.map(({ language }) => language).filter((language) => language !== 'sh')).toEqual([
      'json',
      'ini',
      'ini',
    ])
  })

  test('trying it out: somebody enters through the seed, and is kept by the ID-server', async () => {
    const [, seedLine = '', idServerLine = '', ...others] = lines('sh').slice(0, 8)
    const [seed, idServer] = await Promise.all([serve(seedLine), serve(idServerLine)])
    expect(idServer.firstLine).toBe(`ID-server at http://127.0.0.1:${ports['8084']}`)
    const file = lines('json').join('\n').replace('PEERID', peerIdOf(seed))
    await writeFile(join(folder.path, 'mine.json'), file)
    const told: string[] = []
    for (const line of others) {
      told.push(await shell(line))
      // The one that a node takes by itself, 7771, may be taken here.
      if (told.length === 1)
        await shell(
          `bitdust config set listen '["/ip4/127.0.0.1/tcp/${await freePort()}"]' ${line.slice(line.indexOf('--folder'))}`,
        )
    }
    expect(told[0]).toBe('using mine\n')
    expect(told[1]).toContain(`http://127.0.0.1:${ports['8084']}/alice.xml`)
    expect(told[3]).toContain('DHT peers 1')
    expect(told[4]).toBe('stopped\n')
    expect((await fetch(`http://127.0.0.1:${ports['8084']}/alice.xml`)).status).toBe(200)
    expect(await seed.stop()).toEqual([0, null])
    expect(await idServer.stop()).toEqual([0, null])
  })

  test('on the open Internet: the peer id stays over restarts, and moves with the copy of the key', async () => {
    const [seedLine = '', idServerLine = '', backup = '', makeFolder = '', restore = '', network = ''] =
      lines('sh').slice(8)
    const first = await serve(`${seedLine} --listen /ip4/127.0.0.1/tcp/${ports['7770']}`)
    const peerId = peerIdOf(first)
    expect(peerId).toMatch(/^12D3Koo/)
    expect(await first.stop()).toEqual([0, null])
    await shell(backup)
    const again = await serve(`${seedLine} --listen /ip4/127.0.0.1/tcp/${ports['7770']}`)
    expect(peerIdOf(again)).toBe(peerId)
    await again.stop()

    const other = (line: string) => line.replaceAll('/lib/bitdust-seed', '/other/bitdust-seed')
    await shell(other(makeFolder))
    await shell(other(restore))
    expect((await stat(join(folder.path, 'other/bitdust-seed/metadata/device.key'))).mode & 0o777).toBe(0o600)
    const moved = await serve(`${other(seedLine)} --listen /ip4/127.0.0.1/tcp/${ports['7770']}`)
    expect(peerIdOf(moved)).toBe(peerId)
    await moved.stop()

    const idServer = await serve(`${idServerLine} --address 127.0.0.1 --port 0`)
    expect(idServer.firstLine).toBe('ID-server at http://id.example.com')
    expect(await idServer.stop()).toEqual([0, null])

    // A second seed enters through the first, whose list names both.
    const seed = await serve(`${seedLine} --listen /ip4/127.0.0.1/tcp/${ports['7770']} --local`)
    const seeds = [`/ip4/127.0.0.1/tcp/${ports['7770']}/p2p/${peerId}`]
    await writeFile(
      join(folder.path, 'network.json'),
      JSON.stringify({ name: 'mine', local: true, idServers: [], seeds }),
    )
    expect(await shell(network.replaceAll('/lib/bitdust-seed', '/second/bitdust-seed'))).toBe('using mine\n')
    const second = await serve(
      `${seedLine.replaceAll('/lib/', '/second/')} --listen /ip4/127.0.0.1/tcp/${await freePort()} --json`,
    )
    const { addresses } = JSON.parse(second.firstLine) as { addresses: string[] }
    await expectNeighbours(addresses)
    expect(await second.stop()).toEqual([0, null])
    expect(await seed.stop()).toEqual([0, null])
  })

  test('the units start what the page says', () => {
    const started = lines('ini').filter((line) => line.startsWith('ExecStart='))
    expect(started.map((line) => line.slice('ExecStart='.length))).toEqual(lines('sh').slice(8, 10))
  })

  /** Enters through the second seed alone, and meets the first. */
  async function expectNeighbours(seeds: readonly string[]): Promise<void> {
    const file = join(folder.path, 'probe.json')
    await writeFile(
      file,
      JSON.stringify({ name: 'mine', local: true, idServers: [`http://127.0.0.1:${ports['8084']}`], seeds }),
    )
    const at = `--folder ${join(folder.path, 'probe')}`
    const idServer = await serve(lines('sh')[2]!)
    await shell(`bitdust config network ${file} ${at}`)
    await shell(`bitdust init probe ${at}`)
    await shell(`bitdust config set listen '["/ip4/127.0.0.1/tcp/${await freePort()}"]' ${at}`)
    await shell(`bitdust start --detach ${at}`)
    await expect
      .poll(() => shell(`bitdust status ${at}`), { timeout: 30_000, interval: 1_000 })
      .toContain('DHT peers 2')
    await shell(`bitdust stop ${at}`)
    await idServer.stop()
  }
})
