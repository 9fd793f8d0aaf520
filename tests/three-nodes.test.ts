/** Three nodes, each a customer of the two others and their supplier, every one a process of its own. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LocalNetwork, type LocalNode, startLocalNetwork } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const NAMES = ['ann', 'ben', 'cleo'] as const
const SETTINGS = {
  supplier: { offer: '256 MiB' },
  // One supplier dies in this test and nobody could take its place.
  customer: { suppliers: 2, needed: '32 MiB', replaceAfter: '1 h' },
} as const

describe('three nodes with two suppliers each', () => {
  let folder: TemporaryFolder
  let network: LocalNetwork

  beforeAll(async () => {
    folder = await temporaryFolder()
    network = await startLocalNetwork({
      directory: join(folder.path, 'network'),
      nodes: Object.fromEntries(NAMES.map((name) => [name, SETTINGS])),
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

  async function expectRestored(name: string, as: string): Promise<void> {
    const target = join(folder.path, `${name}-${as}`)
    await node(name).cli(['get', 'diary', target])
    expect(await readFile(target)).toEqual(diaryOf(name))
  }

  test.each(NAMES)('%s hires the two others', async (name) => {
    const others = NAMES.filter((other) => other !== name).map((other) => node(other).idurl)
    const { suppliers } = (await node(name).cli(['supplier', 'hire'])) as { suppliers: { idurl: string }[] }
    expect(suppliers.map(({ idurl }) => idurl).sort()).toEqual(others.sort())
  })

  test.each(NAMES)('%s stores on them and gets back the same', async (name) => {
    const file = join(folder.path, `${name}.txt`)
    await writeFile(file, diaryOf(name))
    expect(await node(name).cli(['put', file, 'diary'])).toMatchObject({ state: 'complete' })
    await expectRestored(name, 'first')
  })

  test('each has the two others as customers', async () => {
    for (const name of NAMES) {
      const { customers } = (await node(name).cli(['customer', 'list'])) as { customers: { usage: { used: number } }[] }
      expect(customers.map(({ usage }) => usage.used > 0)).toEqual([true, true])
    }
  })

  test('what is stored can be verified without restoring it, and it is told how well it is kept', async () => {
    const verified = await node('ann').cli(['verify', '--percent', '50'])
    expect(verified).toMatchObject({ files: 1, lost: [], suppliers: [{ corrupt: 0 }, { corrupt: 0 }] })
    const { items } = (await node('ann').cli(['ls', '--health'])) as { items: object[] }
    expect(items).toMatchObject([{ item: { path: 'diary' }, spare: 2, losses: 1, state: 'complete' }])
  })

  test('one of them is killed, the others still have their data and it has its own when it is back', async () => {
    await node('cleo').kill('SIGKILL')
    await expectRestored('ann', 'without-cleo')
    await expectRestored('ben', 'without-cleo')
    await node('cleo').start()
    await expectRestored('cleo', 'back')
  })
})

/** Several blocks, other bytes for everybody. */
function diaryOf(name: string): Buffer {
  return Buffer.alloc(5_000_000, `${name} was here. `)
}
