/** The examples, run as their README says, against a network of real processes. */
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { type LocalNetwork, prepareFolder, runCli, startLocalNetwork } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

const examples = join(import.meta.dirname, '../examples')
const SUPPLIER = { supplier: { offer: '256 MiB' } } as const

let folder: TemporaryFolder
let network: LocalNetwork

beforeAll(async () => {
  folder = await temporaryFolder()
  network = await startLocalNetwork({
    directory: join(folder.path, 'network'),
    nodes: { one: SUPPLIER, two: SUPPLIER },
  })
})

afterAll(async () => {
  await network?.stop()
  await folder?.[Symbol.asyncDispose]()
})

test('reference-node starts with its configuration file, is reached by others, and stops when told to', async () => {
  const home = join(folder.path, 'reference')
  const settings = join(folder.path, 'settings')
  // What is shipped, but in the network of this test and on a port that is free here.
  const { listen: _, ...shipped } = JSON.parse(await readFile(join(examples, 'reference-node/config.json'), 'utf8'))
  await prepareFolder(settings, { ...shipped, network: network.config().network })

  for (const start of ['with a new identity', 'with the same again']) {
    const { child, ready } = await startReferenceNode([home, 'alice', join(settings, 'config.json')])
    expect(ready, start).toMatchObject({ event: 'ready', offered: 10 * 2 ** 30 })
    expect(await network.nodes.get('one')?.cli(['ping', ready.idurl])).toMatchObject({ idurl: ready.idurl })
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  }
})

test('embed-storage stores, lists and reads', async () => {
  const home = join(folder.path, 'embedded')
  await prepareFolder(home, network.config())
  await runCli(home, ['init', 'bob'])
  const app = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, [join(examples, 'embed-storage/app.mjs'), home, ...args])).stdout

  expect(await app('put', 'shopping', 'milk, bread')).toMatch(/^complete: shopping, version F\d{14}[AP]M\n$/)
  expect(await app('list')).toBe('notes/shopping (11 bytes)\n')
  expect(await app('get', 'shopping')).toBe('milk, bread\n')
})

async function startReferenceNode(
  args: readonly string[],
): Promise<{ child: ChildProcessByStdio<null, Readable, null>; ready: { event: string; idurl: string } }> {
  const child = spawn(process.execPath, [join(examples, 'reference-node/start.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) return { child, ready: JSON.parse(line) }
  throw new Error('the example ended before it was ready')
}
