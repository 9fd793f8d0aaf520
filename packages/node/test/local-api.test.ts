import { readFile, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { temporaryFolder } from '@bitdust/testing'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectDaemon } from '../src/daemon/client.ts'
import { type CommandArea, command } from '../src/daemon/command.ts'
import { type LocalApi, serveLocalApi } from '../src/daemon/server.ts'
import { NodeError } from '../src/errors.ts'
import type { BitdustNode } from '../src/node.ts'

// These commands ask nothing of the node.
const node = {} as BitdustNode
let calls = 0
const test_: CommandArea = {
  echo: command(v.strictObject({ text: v.string() }), async (_, { text }, { progress }) => {
    calls++
    progress({ step: 'echoing', done: 1, total: 2 })
    return { text }
  }),
  fail: command(v.strictObject({}), async () => {
    throw new NodeError('DiskFull', 'no room', { retryable: true, subject: 'here' })
  }),
  hang: command(v.strictObject({}), async (_, __, { signal }) => {
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }),
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let api: LocalApi
let token: string

beforeEach(async () => {
  calls = 0
  folder = await temporaryFolder()
  const file = join(folder.path, 'api.json')
  api = await serveLocalApi({ node, areas: { test: test_ }, port: 0, file })
  token = (JSON.parse(await readFile(file, 'utf8')) as { token: string }).token
})

afterEach(async () => {
  await api.stop()
  await folder[Symbol.asyncDispose]()
})

interface Answer {
  readonly status: number
  readonly text: string
}

/** A request with headers that `fetch` would not let a caller choose. */
function ask(headers: Record<string, string>, body = '{"text":"x"}', path = '/v1/test/echo'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers }
    const asked = request({ host: '127.0.0.1', port: api.port, path, method: 'POST', headers: all }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

describe('the local API', () => {
  test('answers with progress and the result', async () => {
    const daemon = await connectDaemon(folder.path)
    const progress: unknown[] = []
    const result = await daemon.call('test/echo', { text: 'hello' }, { onProgress: (event) => progress.push(event) })
    expect(result).toEqual({ text: 'hello' })
    expect(progress).toEqual([{ step: 'echoing', done: 1, total: 2 }])
  })

  test('passes errors on with code and subject', async () => {
    const daemon = await connectDaemon(folder.path)
    const failure = { code: 'DiskFull', message: 'no room', retryable: true, subject: 'here' }
    await expect(daemon.call('test/fail', {})).rejects.toMatchObject(failure)
  })

  test('names a field that is wrong', async () => {
    const daemon = await connectDaemon(folder.path)
    await expect(daemon.call('test/echo', { text: 5 })).rejects.toMatchObject({
      code: 'PacketMalformed',
      message: expect.stringContaining('text'),
    })
  })

  test('a command ends when its caller goes away or the node stops', async () => {
    const daemon = await connectDaemon(folder.path)
    const leaving = new AbortController()
    const left = daemon.call('test/hang', {}, { signal: leaving.signal })
    leaving.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    const hanging = daemon.call('test/hang', {})
    const stopped = api.stop()
    await expect(hanging).rejects.toBeDefined()
    await stopped
    await expect(connectDaemon(folder.path)).rejects.toMatchObject({ code: 'NotRunning' })
  })

  test('T55 its token is in a file that only we can read', async () => {
    expect((await stat(join(folder.path, 'api.json'))).mode & 0o777).toBe(0o600)
  })
})

describe('T60 what is refused, and nothing done', () => {
  test.each<[string, Record<string, string>, string, number]>([
    ['no token', { authorization: '' }, '{"text":"x"}', 401],
    ['a wrong token', { authorization: 'Bearer AAAA' }, '{"text":"x"}', 401],
    ['a foreign Host', { host: 'evil.example' }, '{"text":"x"}', 403],
    ['a foreign Origin', { origin: 'http://evil.example' }, '{"text":"x"}', 403],
    ['text/plain', { 'content-type': 'text/plain' }, '{"text":"x"}', 403],
    ['no JSON', {}, '{"text":', 400],
    ['JSON of depth 10 000', {}, `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 400],
    ['a __proto__ key', {}, '{"__proto__":{"text":"x"}}', 400],
    ['a constructor key', {}, '{"text":"x","deep":{"constructor":1}}', 400],
    ['more than 1 MiB', {}, `{"text":"${'x'.repeat(1_100_000)}"}`, 413],
  ])('%s', async (_, headers, body, status) => {
    const answer = await ask(headers, body)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text)).toHaveProperty('error.code')
    expect(calls).toBe(0)
  })

  test.each(['/v1/test/nothing', '/v1/nothing/echo', '/v1/test/constructor', '/v1/constructor/echo', '/'])(
    '%s does not exist',
    async (path) => {
      expect((await ask({}, '{"text":"x"}', path)).status).toBe(404)
      expect(calls).toBe(0)
    },
  )
})
