/** Puts that outlive their process: a daemon is killed in the middle, and goes on with what is missing. */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type LocalNetwork, type LocalNode, startLocalNetwork } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const MIB = 1024 * 1024
const FILE_BYTES = 80 * MIB
const LIMIT_MS = 120_000

interface Listed {
  readonly transfers: readonly {
    readonly id: string
    readonly state: string
    readonly reason: { readonly code: string } | null
  }[]
}

describe('a put that is interrupted', () => {
  let folder: TemporaryFolder
  let network: LocalNetwork
  let file: string
  let bytes: Buffer

  beforeAll(async () => {
    folder = await temporaryFolder()
    const offer = { supplier: { offer: '1 GiB' } }
    network = await startLocalNetwork({
      directory: join(folder.path, 'network'),
      nodes: {
        ...Object.fromEntries([1, 2, 3, 4].map((number) => [`supplier-${number}`, offer])),
        // Slow enough to be met in the middle. A supplier that is away here comes back.
        alice: { customer: { replaceAfter: '1 h', repairEvery: '1 h' }, transfer: { upload: '16 MiB' } },
      },
    })
    await alice().cli(['supplier', 'hire', '4', '--needed', '1 GiB'])
    file = join(folder.path, 'file')
    bytes = randomBytes(FILE_BYTES)
    await writeFile(file, bytes)
  })

  afterAll(async () => {
    await network?.stop()
    await folder?.[Symbol.asyncDispose]()
  })

  function nodeOf(name: string): LocalNode {
    const found = network.nodes.get(name)
    if (found === undefined) throw new Error(`no node is called ${name}`)
    return found
  }

  const alice = () => nodeOf('alice')

  async function transfers(): Promise<Listed['transfers']> {
    return ((await alice().cli(['transfers'])) as Listed).transfers
  }

  /** Bytes that all suppliers together hold. */
  async function held(): Promise<number> {
    const lists = await Promise.all(
      [1, 2, 3, 4].map(async (number) => {
        const node = nodeOf(`supplier-${number}`)
        const { customers } = (await node.cli(['customer', 'list'])) as { customers: { usage: { used: number } }[] }
        return customers.reduce((sum, { usage }) => sum + usage.used, 0)
      }),
    )
    return lists.reduce((sum, used) => sum + used, 0)
  }

  async function until(what: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + LIMIT_MS
    while (!(await what())) {
      if (performance.now() > end) throw new Error('waited too long')
      await pause(100)
    }
  }

  test('goes on after kill -9 and sends little more than what was missing', async () => {
    const before = await held()
    expect(await alice().cli(['put', file, 'file', '--no-wait'])).toMatchObject({ remote: 'file', reason: null })
    await until(async () => (await held()) > before + FILE_BYTES)
    await alice().kill('SIGKILL')
    // What had left may still arrive.
    await pause(500)
    const atKill = await held()
    const missing = before + 2 * FILE_BYTES - atKill
    expect(missing).toBeGreaterThan(FILE_BYTES / 4)
    await alice().start()
    expect((await transfers()).length).toBe(1)
    await until(async () => (await transfers()).length === 0)
    // What remained of blocks that less than three of four suppliers had, repair makes whole at once.
    const sent = (await held()) - atKill
    console.info(`kill -9: ${(sent / missing).toFixed(3)} times the missing bytes were sent`)
    expect(sent / missing).toBeLessThan(1.2)
    const target = join(folder.path, 'restored')
    await alice().cli(['get', 'file', target])
    expect(Buffer.compare(await readFile(target), bytes)).toBe(0)
  })

  test('the same again sends nothing but the entry', async () => {
    const before = await held()
    expect(await alice().cli(['put', file, 'again'])).toMatchObject({ blocks: 0 })
    expect(await held()).toBe(before)
  })

  test('below H it waits with its reason, and goes on when suppliers come back; another one is cancelled', async () => {
    const small = join(folder.path, 'small')
    await writeFile(small, randomBytes(MIB))
    for (const number of [1, 2]) await nodeOf(`supplier-${number}`).kill('SIGKILL')
    await expect(alice().cli(['put', small, 'small'])).rejects.toMatchObject({
      report: expect.objectContaining({ retryable: true }),
    })
    const [waiting] = await transfers()
    expect(waiting).toMatchObject({ state: 'waiting', reason: { code: expect.any(String) } })
    await alice().cli(['put', small, 'other', '--no-wait'])
    const other = (await transfers()).find(({ id }) => id !== waiting?.id)
    await alice().cli(['transfers', '--cancel', other?.id ?? ''])
    expect((await transfers()).map(({ id }) => id)).toEqual([waiting?.id])
    for (const number of [1, 2]) await nodeOf(`supplier-${number}`).start()
    await until(async () => (await transfers()).length === 0)
    const { entries } = (await alice().cli(['ls'])) as { entries: { path: string }[] }
    expect(entries.map(({ path }) => path).sort()).toEqual(['again', 'file', 'small'])
  })
})
