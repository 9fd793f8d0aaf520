/** An identity on a web site that takes nothing: its owner copies the exported folder, the node looks at it. */
import { cp, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type LocalNetwork, type LocalNode, startLocalNetwork } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const SETTINGS = {
  roles: { customer: false, supplier: false },
  identity: { checkEvery: '300 ms', sources: 1 },
} as const
const WAIT = { timeout: 30_000, interval: 300 }

interface SourceState {
  readonly source: string
  readonly is: string
  readonly isStatic: boolean
  readonly since: number
}

let folder: TemporaryFolder
let network: LocalNetwork
let ann: LocalNode
/** Where the node writes, and what the web server serves. */
let exported: string
let served: string
let site: Server
let siteUrl: string
let address: string
const methods = new Set<string | undefined>()

beforeAll(async () => {
  folder = await temporaryFolder()
  exported = join(folder.path, 'site')
  served = join(folder.path, 'public')
  await listen(0)
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  address = `${siteUrl}/ann.xml`
  network = await startLocalNetwork({
    directory: join(folder.path, 'network'),
    idServers: 2,
    nodes: { ann: SETTINGS, ben: SETTINGS },
  })
  const found = network.nodes.get('ann')
  if (found === undefined) throw new Error('ann is in the network')
  ann = found
})

afterAll(async () => {
  await network?.stop()
  await closeSite()
  await folder?.[Symbol.asyncDispose]()
})

async function listen(port: number): Promise<void> {
  site = createServer(async ({ method, url = '/' }, response) => {
    methods.add(method)
    if (method !== 'GET') return response.writeHead(405).end()
    const bytes = /^\/[\w.-]+$/.test(url) ? await readFile(join(served, url.slice(1))).catch(() => null) : null
    if (bytes === null) return response.writeHead(404).end('not here')
    return response.writeHead(200, { 'content-type': 'application/xml' }).end(bytes)
  })
  await new Promise<void>((resolve) => site.listen(port, '127.0.0.1', resolve))
}

async function closeSite(): Promise<void> {
  site?.closeAllConnections()
  await new Promise((resolve) => site?.close(resolve))
}

async function status(): Promise<{ sources: string[]; sourceStates: SourceState[] }> {
  return (await ann.cli(['status'])) as { sources: string[]; sourceStates: SourceState[] }
}

async function siteIs(expected: string): Promise<SourceState> {
  return vi.waitFor(async () => {
    const found = (await status()).sourceStates.find(({ source }) => source === address)
    expect(found).toMatchObject({ is: expected, isStatic: true })
    return found as SourceState
  }, WAIT)
}

/** What the owner does with FTP, git, rsync. */
async function upload(): Promise<void> {
  await cp(exported, served, { recursive: true })
}

test('the site becomes a source and is behind until its owner copied the folder', async () => {
  const began = Date.now()
  expect(await ann.cli(['identity', 'export-site', exported, '--url', siteUrl])).toMatchObject({ idurl: address })
  const { since } = await siteIs('missing')
  expect(since).toBeGreaterThanOrEqual(began)
  expect((await status()).sources).toEqual([ann.idurl, address])
  await upload()
  await siteIs('current')
  expect(await (await fetch(address)).text()).toBe(await (await fetch(ann.idurl)).text())
})

test('the identity changes: the folder follows by itself, the site is behind until it is copied again', async () => {
  const { sources } = (await ann.cli(['identity', 'rotate'])) as { sources: string[] }
  expect(sources).toContain(address)
  await siteIs('stale')
  expect(await readFile(join(exported, 'ann.xml'), 'utf8')).toContain(`<source>${sources[0]}</source>`)
  await upload()
  await siteIs('current')
})

test('others find her by the address of the site, which may be the first', async () => {
  await ann.cli(['identity', 'export-site', exported, '--url', siteUrl, '--primary'])
  expect((await status()).sources[0]).toBe(address)
  await upload()
  await siteIs('current')
  const ben = network.nodes.get('ben')
  expect(await ben?.cli(['ping', address])).toMatchObject({ idurl: address })
})

test('a site that is silent is told and not replaced', async () => {
  const { sources: before } = await status()
  await closeSite()
  const { since } = await siteIs('dead')
  // Two more looks, after which an ID-server would be replaced.
  await vi.waitFor(async () => {
    const { machines } = (await ann.cli(['machines'])) as { machines: { name: string; since: number }[] }
    const rotation = machines.find(({ name }) => name === 'identity-rotation')
    expect(rotation?.since).toBeGreaterThan(since + 1_000)
  }, WAIT)
  expect((await status()).sources).toEqual(before)
  await listen(Number(new URL(siteUrl).port))
  await siteIs('current')
})

test('it was never sent anything', () => {
  expect([...methods]).toEqual(['GET'])
})
