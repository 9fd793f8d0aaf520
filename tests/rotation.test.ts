/** A customer, a supplier and a friend move to other ID-servers and the old one dies; nobody is restarted. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LocalNetwork, type LocalNode, startLocalNetwork } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const COMMON = { identity: { checkEvery: '500 ms', sources: 2 } } as const
const LENDER = { ...COMMON, supplier: { offer: '256 MiB' } } as const
const ANN = { ...COMMON, customer: { suppliers: 2, needed: '32 MiB', replaceAfter: '1 h' } } as const
const NOBODY = { roles: { customer: false, supplier: false } } as const
const MOVING = ['ann', 'supplier-1', 'ben'] as const
const ACQUAINTED = [
  ['ann', 'supplier-1'],
  ['ann', 'ben'],
  ['ben', 'ann'],
] as const
const WAIT = { timeout: 120_000, interval: 500 }

let folder: TemporaryFolder
let network: LocalNetwork
let keyId: string

beforeAll(async () => {
  folder = await temporaryFolder()
  network = await startLocalNetwork({
    directory: join(folder.path, 'network'),
    idServers: 4,
    nodes: {
      'supplier-1': LENDER,
      'supplier-2': LENDER,
      ann: ANN,
      ben: COMMON,
      wanderer: { ...NOBODY, identity: { ...COMMON.identity, migrate: '2 s' } },
    },
  })
})

afterAll(async () => {
  await network?.stop()
  await folder?.[Symbol.asyncDispose]()
})

function node(name: string): LocalNode {
  const found = network.nodes.get(name)
  if (found === undefined) throw new Error(`no node is called ${name}`)
  return found
}

function serverUrl(index: number): string {
  return String(network.idServers[index]?.ready.url)
}

/** What the ID-servers that live say: much quicker than to ask the node by a process of its own. */
async function sourcesOf(name: string): Promise<readonly string[]> {
  const documents = await Promise.all(
    network.idServers.map(async ({ ready, running }) => {
      const response = running ? await fetch(`${ready.url}/${name}.xml`) : null
      return response?.ok ? await response.text() : ''
    }),
  )
  const revisionOf = (text: string) => Number(/<revision>(\d+)</.exec(text)?.[1] ?? -1)
  const newest = documents.reduce((best, text) => (revisionOf(text) > revisionOf(best) ? text : best))
  return Array.from(newest.matchAll(/<source>([^<]+)</g), ([, source = '']) => source)
}

/** Stores new bytes as one person and reads them as another. */
async function expectPassed(from: string, to: string, remote: string): Promise<void> {
  const bytes = Buffer.alloc(300_000, `${from} for ${to}: ${remote}. `)
  const file = join(folder.path, 'sent')
  const target = join(folder.path, `received-${to}-${remote.replaceAll(/\W/g, '-')}`)
  await writeFile(file, bytes)
  await node(from).cli(['put', file, remote])
  await vi.waitFor(() => node(to).cli(['get', remote, target]), WAIT)
  expect(await readFile(target)).toEqual(bytes)
}

test('ann has suppliers, and a share with ben; they know each other by their first addresses', async () => {
  await node('ann').cli(['supplier', 'hire'])
  await expectPassed('ann', 'ann', 'diary')
  keyId = ((await node('ann').cli(['share', 'create'])) as { keyId: string }).keyId
  await node('ann').cli(['share', 'grant', keyId, node('ben').idurl])
  await expectPassed('ann', 'ben', `${keyId}:first.txt`)
  for (const [from, to] of ACQUAINTED) await node(from).cli(['ping', node(to).idurl])
})

test.each(MOVING)(
  '%s moves by request; the old primary stays as the second source and has the same document',
  async (name) => {
    const before = await sourcesOf(name)
    const { sources } = (await node(name).cli(['identity', 'rotate'])) as { sources: string[] }
    expect(before).not.toContain(sources[0])
    expect(sources[1]).toBe(before[0])
    const copies = await Promise.all(sources.map(async (source) => (await fetch(source)).text()))
    expect(copies[0]).toContain(`<source>${sources[0]}</source>`)
    expect(copies[1]).toBe(copies[0])
  },
)

test('the old ID-server is killed: everybody leaves it by himself', async () => {
  await network.idServers[0]?.kill('SIGKILL')
  for (const name of [...MOVING, 'supplier-2'])
    await vi.waitFor(async () => {
      const sources = await sourcesOf(name)
      expect(sources).toHaveLength(2)
      expect(sources.join()).not.toContain(serverUrl(0))
    }, WAIT)
})

test('they reach each other by the addresses that are gone', async () => {
  for (const [from, to] of ACQUAINTED) {
    const [now] = await sourcesOf(to)
    expect(await node(from).cli(['ping', node(to).idurl])).toMatchObject({ idurl: now })
  }
})

test('files, contracts and the share work as before', async () => {
  await node('ann').cli(['get', 'diary', join(folder.path, 'old-diary')])
  await expectPassed('ann', 'ann', 'diary-after')
  await expectPassed('ann', 'ben', `${keyId}:second.txt`)
  await expectPassed('ben', 'ann', `${keyId}:answer.txt`)
  const { customers } = (await node('supplier-1').cli(['customer', 'list'])) as { customers: unknown[] }
  expect(customers).toHaveLength(1)
  const { suppliers } = (await node('ann').cli(['supplier', 'list'])) as { suppliers: { state: string }[] }
  expect(suppliers.map(({ state }) => state)).toEqual(['connected', 'connected'])
})

test('who moves by schedule has another primary again and again', async () => {
  const seen = new Set<string | undefined>()
  await vi.waitFor(async () => {
    seen.add((await sourcesOf('wanderer'))[0])
    expect(seen.size).toBeGreaterThan(1)
  }, WAIT)
})

test('the rotation is listed among the machines of a node', async () => {
  const { machines } = (await node('ann').cli(['machines'])) as { machines: { name: string }[] }
  expect(machines.map(({ name }) => name)).toContain('identity-rotation')
})
