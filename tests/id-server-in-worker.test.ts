/** `createIdServer().fetch` where there is nothing of Node: bundled for the web, run in a thread without globals of Node. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** What the worker does: the life of one identity. */
const PROGRAM = `
import { generateRsaKey } from '@bitdust/crypto'
import { formatIdentityDate, parseIdurl, signIdentity } from '@bitdust/identity'
import { createIdServer, memoryIdentityFileStore } from '@bitdust/idserver'

export async function run() {
  const server = createIdServer({ host: 'id.example', store: memoryIdentityFileStore() })
  const ask = (method, path, init = {}) => server.fetch(new Request('http://id.example' + path, { method, ...init }))
  const lists = { contacts: [], sources: [parseIdurl('http://id.example/alice.xml')], certificates: [], scrubbers: [] }
  const fields = { ...lists, postage: '1', version: '1', date: formatIdentityDate(0) }
  const key = await generateRsaKey(2048)
  const [first, second] = await Promise.all([1, 2].map(async (revision) => (await signIdentity({ ...fields, revision }, key)).bytes))
  const outcomes = []
  const told = async (answer) => outcomes.push([answer.status, (await answer.json()).code])
  await told(await ask('PUT', '/alice.xml', { body: first }))
  await told(await ask('POST', '/', { body: second }))
  await told(await ask('PUT', '/alice.xml', { body: first }))
  await told(await ask('POST', '/', { body: new Uint8Array(65537) }))
  await told(await ask('GET', '/nobody.xml'))
  await told(await ask('DELETE', '/alice.xml'))
  const served = await ask('GET', '/alice.xml')
  const etag = served.headers.get('etag')
  const same = (await served.bytes()).toString() === second.toString()
  const known = await ask('GET', '/alice.xml', { headers: { 'if-none-match': etag } })
  const page = await (await ask('GET', '/')).text()
  return { outcomes, same, known: known.status, listed: page.includes('/alice.html'), metrics: (await ask('GET', '/metrics')).status }
}
`

/** Takes away what only Node has before the bundle is read. */
const HARNESS = `
const { parentPort, workerData } = require('node:worker_threads')
for (const name of workerData.globals) delete globalThis[name]
const left = workerData.globals.filter((name) => name in globalThis)
import('data:text/javascript;base64,' + workerData.bundle)
  .then(({ run }) => run())
  .then((result) => parentPort.postMessage({ left, result }), (error) => parentPort.postMessage({ left, error: String(error?.stack) }))
`

/** What only Node has. `Buffer` stays for Node's own `Response`, which wants it; the bundle does not get to see it. */
const NODE_GLOBALS = ['process', 'global', 'require', 'setImmediate', 'clearImmediate']

test('an ID-server in a worker without anything of Node', async () => {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM, resolveDir: root },
    banner: { js: 'const Buffer = undefined' },
    bundle: true,
    write: false,
    format: 'esm',
    // Of all platforms that esbuild knows the one nearest to a worker: it also leaves Node's branches of dependencies out.
    platform: 'browser',
    target: 'es2024',
  })
  const bundle = outputFiles[0]!
  expect(bundle.text).not.toMatch(/\bfrom\s*"node:|\brequire\(/)
  const worker = new Worker(HARNESS, {
    eval: true,
    workerData: { bundle: Buffer.from(bundle.contents).toString('base64'), globals: NODE_GLOBALS },
  })
  try {
    const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    expect(answer).toEqual({
      left: [],
      result: {
        outcomes: [
          [201, 'Created'],
          [200, 'Updated'],
          [409, 'IdentityRollback'],
          [413, 'LimitExceeded'],
          [404, 'NotFound'],
          [405, 'MethodNotAllowed'],
        ],
        same: true,
        known: 304,
        listed: true,
        metrics: 200,
      },
    })
  } finally {
    await worker.terminate()
  }
})
