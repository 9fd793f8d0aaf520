/** A customer comes back with her master key alone while every ID-server is dead, all processes real. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type LocalNetwork, prepareFolder, runCli, startLocalNetwork, startNodeProcess } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const comparison = join(import.meta.dirname, '../examples/main-job/compare-trees.mjs')
const { compareTrees } = (await import(pathToFileURL(comparison).href)) as {
  compareTrees(expected: string, actual: string, options: { signal: AbortSignal }): Promise<void>
}

const LENDER = { supplier: { offer: '256 MiB' } } as const
const ANN = { customer: { suppliers: 2, needed: '32 MiB' }, identity: { checkEvery: '500 ms' } } as const

let folder: TemporaryFolder
let network: LocalNetwork
let restored: string
let original: string
let key: string
let idurl: string

beforeAll(async () => {
  folder = await temporaryFolder()
  original = join(folder.path, 'photos')
  restored = join(folder.path, 'restored')
  key = join(folder.path, 'ann.key')
  await makePhotos(original)
  network = await startLocalNetwork({
    directory: join(folder.path, 'network'),
    idServers: 2,
    nodes: { 'supplier-1': LENDER, 'supplier-2': LENDER, ann: ANN },
  })
})

afterAll(async () => {
  await network?.stop()
  await folder?.[Symbol.asyncDispose]()
})

const cli = (...args: string[]) => runCli(restored, args)

test('ann stores a folder and writes a backup of her key', async () => {
  const ann = network.nodes.get('ann')
  if (ann === undefined) throw new Error('ann is in the network')
  idurl = ann.idurl
  await ann.cli(['supplier', 'hire'])
  expect(await ann.cli(['put', original, 'photos'])).toMatchObject({ state: 'complete' })
  await ann.cli(['identity', 'backup', key])
  await ann.kill('SIGKILL')
  await rm(ann.folder, { recursive: true })
})

test('every ID-server is killed', async () => {
  await Promise.all(network.idServers.map((server) => server.kill('SIGKILL')))
  for (const { ready } of network.idServers) await expect(fetch(`${ready.url}/ann.xml`)).rejects.toThrow()
})

test('her identity comes back by its key, and the command says where it is', async () => {
  await prepareFolder(restored, network.config(ANN))
  expect(await cli('identity', 'restore', key, idurl)).toMatchObject({
    idurl,
    sources: network.idServers.map(({ ready }) => ({ source: `${ready.url}/ann.xml`, is: 'dead' })),
    inDht: true,
  })
})

test('the new device restores the folder byte for byte', async () => {
  const node = await startNodeProcess('ann-restored', restored, ['start'])
  try {
    const target = join(folder.path, 'photos-restored')
    await cli('get', 'photos', target)
    await compareTrees(original, target, { signal: new AbortController().signal })
    await publishesAgain()
  } finally {
    await node.kill('SIGTERM')
  }
})

/** As soon as one of the ID-servers is back, it gets the identity that names the new device. */
async function publishesAgain(): Promise<void> {
  const [first] = network.idServers
  if (first === undefined) throw new Error('the network has an ID-server')
  const host = new URL(String(first.ready.url)).host
  const back = await startNodeProcess('id-server-1', first.folder, ['id-server', '--host', host, '--local'])
  try {
    await vi.waitFor(
      async () => {
        const { sourceStates } = (await cli('status')) as { sourceStates: { source: string; is: string }[] }
        expect(sourceStates).toContainEqual(expect.objectContaining({ source: idurl, is: 'current' }))
      },
      { timeout: 30_000, interval: 500 },
    )
    const published = await (await fetch(idurl)).text()
    expect(published.match(/<certificate>/g)).toHaveLength(2)
  } finally {
    await back.kill('SIGTERM')
  }
}

async function makePhotos(at: string): Promise<void> {
  await mkdir(join(at, 'summer', 'empty'), { recursive: true })
  await writeFile(join(at, 'cat.png'), Buffer.alloc(3_000_000, 'a cat, '))
  await writeFile(join(at, 'summer', 'sea.png'), Buffer.alloc(100_000, 'waves. '))
  await writeFile(join(at, 'summer', 'names.txt'), 'sea\n')
}
