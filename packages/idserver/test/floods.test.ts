/** What strangers can do to a server in a process of its own, by many sockets at once. `BITDUST_LONG=1` for full size. */
import { readdir, readFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileIdentityStore } from '../src/node/file-identity-store.ts'
import { HOST, makeIdentity } from './support/identities.ts'
import { type Program, startServing } from './support/program.ts'

const LONG = process.env.BITDUST_LONG === '1'
/** Where the hostile ones are; the honest ones are at 127.0.0.1. */
const HOSTILE = '127.0.0.2'
/** Longest answer for 95 of 100 honest readers, in ms (`threats.md` T12, T16). */
const HONEST_P95_MS = 200
/** And how much longer than in peace, where the machine is so busy that even then it takes longer. */
const MOST_SLOWDOWN = 3
const PEACE_MS = 500
const TEST_TIMEOUT_MS = 120_000

let folder: TemporaryFolder
let server: Program & { readonly port: number }
/** Longest answer for 95 of 100 honest readers on this machine now, in ms. */
let patience: number

beforeEach(async () => {
  folder = await temporaryFolder()
  await fileIdentityStore(`${folder.path}/identities`).put('alice', await makeIdentity())
  server = await startServing(`${folder.path}/identities`)
  const began = performance.now()
  const inPeace = p95(await readHonestly(() => performance.now() - began > PEACE_MS))
  patience = Math.max(HONEST_P95_MS, MOST_SLOWDOWN * inPeace)
}, TEST_TIMEOUT_MS)

afterEach(async () => {
  server.child.kill('SIGKILL')
  await server.ended
  await folder[Symbol.asyncDispose]()
})

test(
  'T12 slow sockets of one address: others read as ever, and the slow ones are closed after 10 s',
  async () => {
    const began = performance.now()
    const slow = Array.from({ length: LONG ? 2_000 : 300 }, () => dial(HOSTILE))
    for (const { socket } of slow) {
      socket.once('connect', () => socket.write('GET /alice.xml HTTP/1.1\r\nX-Slow: '))
      // A byte now and then, so that silence is not what closes them.
      const drip = setInterval(() => socket.write('x'), 1_000)
      socket.once('close', () => clearInterval(drip))
    }
    expect(p95(await readHonestly(() => performance.now() - began > 3_000))).toBeLessThan(patience)
    // 16 are let in; all others are closed at once.
    expect(slow.filter(({ socket }) => !socket.destroyed)).toHaveLength(16)
    await Promise.all(slow.map(({ closed }) => closed))
    const seconds = (performance.now() - began) / 1000
    expect(seconds).toBeGreaterThan(9)
    expect(seconds).toBeLessThan(12.5)
    expect(p95(await readHonestly(() => performance.now() - began > seconds * 1000 + 200))).toBeLessThan(patience)
  },
  TEST_TIMEOUT_MS,
)

test(
  'T16 a flood of bad signatures: ten are checked, the rest is RateLimited, others read as ever, the disk stays as it is',
  async () => {
    const forged = (await makeIdentity({ sources: [`http://${HOST}/mallory.xml`] })).slice()
    const place = Buffer.from(forged).indexOf('<signature>') + '<signature>'.length + 5
    forged[place] = forged[place] === 0x31 ? 0x32 : 0x31
    const began = performance.now()
    const durationMs = LONG ? 60_000 : 3_000
    const isOver = () => performance.now() - began > durationMs
    const codes = new Map<string, number>()
    const agent = new Agent({ keepAlive: true, maxSockets: 16, localAddress: HOSTILE })
    const flood = async () => {
      while (!isOver()) {
        const { body } = await ask(agent, 'POST', '/', forged)
        const { code } = JSON.parse(body) as { code: string }
        codes.set(code, (codes.get(code) ?? 0) + 1)
      }
    }
    const [times] = await Promise.all([readHonestly(isOver), ...Array.from({ length: 16 }, flood)])
    agent.destroy()
    const { IdentitySignatureInvalid: checked = 0, RateLimited: limited = 0, ...others } = Object.fromEntries(codes)
    expect(others).toEqual({})
    // Ten at once, and one each six seconds.
    expect(checked).toBeGreaterThanOrEqual(10)
    expect(checked).toBeLessThanOrEqual(11 + durationMs / 6_000)
    expect(limited).toBeGreaterThan(10 * checked)
    expect(p95(times)).toBeLessThan(patience)
    expect(await readdir(`${folder.path}/identities`)).toEqual(['alice.xml'])
  },
  TEST_TIMEOUT_MS,
)

test(
  'T11 bodies without end from every allowed socket: memory stays, nothing is stored, others read',
  async () => {
    const before = await residentKib()
    const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`
    const senders = Array.from({ length: 16 }, () => {
      const { socket, closed } = dial(HOSTILE)
      let sent = 0
      const send = () => {
        while (socket.writable && socket.write(piece)) sent += piece.length
      }
      socket.once('connect', () => {
        socket.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n`)
        socket.on('drain', send)
        send()
      })
      return closed.then(() => sent)
    })
    const times = readHonestly(() => senders.length === 0)
    const sent = await Promise.all(senders)
    senders.length = 0
    expect(p95(await times)).toBeLessThan(patience)
    // What the kernels of both sides hold comes on top of what the server takes.
    expect(Math.max(...sent)).toBeLessThan(16 * 1024 * 1024)
    // 16 bodies of 64 KiB, and what the requests of the readers left to be collected.
    expect((await residentKib()) - before).toBeLessThan(48 * 1024)
    expect(await readdir(`${folder.path}/identities`)).toEqual(['alice.xml'])
  },
  TEST_TIMEOUT_MS,
)

/** Reads one document again and again until it is enough. @returns How long each answer took, in ms. */
async function readHonestly(isOver: () => boolean): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  const times: number[] = []
  const read = async () => {
    do {
      const sent = performance.now()
      const { status } = await ask(agent, 'GET', '/alice.xml')
      times.push(performance.now() - sent)
      expect(status).toBe(200)
    } while (!isOver())
  }
  await Promise.all([read(), read(), read(), read()])
  agent.destroy()
  return times
}

function p95(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.95)]!
}

function ask(agent: Agent, method: string, path: string, body?: Uint8Array) {
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server.port, agent, method, path }, async (answer) => {
      resolve({ status: answer.statusCode, body: (await answer.toArray()).join('') })
    })
    asked.once('error', reject).end(body)
  })
}

/** A raw connection. */
function dial(from: string): { readonly socket: Socket; readonly closed: Promise<unknown> } {
  const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: from })
  socket.on('error', () => {}).resume() // A reset is one way for the server to close.
  return { socket, closed: new Promise((resolve) => socket.on('close', resolve)) }
}

/** Memory of the server now. */
async function residentKib(): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])
}
