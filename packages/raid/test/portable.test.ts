/** The package as a bundler makes it for browsers: nothing of Node, no file, no network. */
import { createContext, runInContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { beforeAll, expect, test, vi } from 'vitest'
import { createCoder, createWasmCoder } from '../src/index.ts'

/** Codes two fragments, loses one of each kind and says what it did; `raid` is the package. */
const PROGRAM = `raid.createCoder().then(async (coder) => {
  const all = await raid.encodeBlock(coder, Uint8Array.of(1, 2, 3, 4, 5), 2)
  const block = await raid.decodeBlock(coder, [null, all[1], null, all[3]], 2, 5)
  return coder.name + ' ' + block.join()
})`

const EXPECTED = 'relaxed-simd 1,2,3,4,5'

let bundle: string
beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [new URL('../src/index.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'raid',
    conditions: ['@bitdust/source'],
  })
  bundle = outputFiles[0]!.text
})

test('works where there is nothing but the language, WebAssembly and atob', async () => {
  expect(bundle).not.toContain('node:')
  const context = createContext({ atob })
  runInContext(bundle, context)
  expect(await runInContext(PROGRAM, context)).toBe(EXPECTED)
})

test('works in a worker', async () => {
  const worker = new Worker(
    `${bundle}; ${PROGRAM}.then((said) => require('node:worker_threads').parentPort.postMessage(said))`,
    { eval: true },
  )
  expect(await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))).toBe(EXPECTED)
})

const found = vi.hoisted(() => ({ times: 0 }))
vi.mock('#library-bytes', async (original) => {
  found.times++
  return await original()
})

test('looks for the library only when it is asked for', async () => {
  await createCoder()
  expect(found.times).toBe(0)
  await createWasmCoder()
  expect(found.times).toBe(1)
})
