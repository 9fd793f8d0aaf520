/** Nicknames, every node a process of its own: published at the start, chosen anew, found by others, shared by several. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fingerprintWords, parseFingerprint } from '@bitdust/crypto'
import { type LocalNetwork, type LocalNode, runCli, startLocalNetwork } from '@bitdust/node/network'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

interface Holder {
  readonly nickname: string
  readonly idurl: string
  readonly fingerprint: string
  readonly words: string
}

let folder: TemporaryFolder
let network: LocalNetwork

beforeAll(async () => {
  folder = await temporaryFolder()
  const directory = join(folder.path, 'network')
  network = await startLocalNetwork({ directory, nodes: { alice: {}, bob: {}, carol: {} } })
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

async function find(by: string, nickname: string): Promise<readonly Holder[]> {
  const { holders } = (await node(by).cli(['identity', 'find', nickname])) as { holders: Holder[] }
  return holders
}

/** Publishing at the start and on the way is nothing that anybody waits for. */
async function foundBy(by: string, nickname: string, idurls: readonly string[]): Promise<readonly Holder[]> {
  for (let attempt = 0; ; attempt++) {
    const holders = await find(by, nickname)
    const found = holders.map(({ idurl }) => idurl).toSorted()
    if (attempt === 20) expect(found).toEqual(idurls.toSorted())
    if (found.join() === idurls.toSorted().join()) return holders
    await sleep(500)
  }
}

test('at first it is the user name, and others find it', async () => {
  expect(await node('alice').cli(['identity', 'nickname'])).toEqual({ nickname: 'alice' })
  const [alice] = await foundBy('bob', 'Alice', [node('alice').idurl])
  const { fingerprint } = (await node('alice').cli(['identity', 'show'])) as { fingerprint: string }
  const words = fingerprintWords(parseFingerprint(fingerprint))
  expect(alice).toMatchObject({ nickname: 'alice', fingerprint, words })
})

test('another one is chosen, and several may have it', async () => {
  for (const [name, text, nickname] of [
    ['alice', '  Queen  of Hearts ', 'Queen of Hearts'],
    ['bob', 'QUEEN OF HEARTS', 'QUEEN OF HEARTS'],
  ] as const) {
    const set = (await node(name).cli(['identity', 'nickname', text])) as { nickname: string; stored: number }
    expect(set.nickname).toBe(nickname)
    // Three, unless one is too busy to answer in time.
    expect(set.stored).toBeGreaterThan(0)
  }
  const holders = await foundBy('carol', 'queen of hearts', [node('alice').idurl, node('bob').idurl])
  expect(holders.map(({ nickname }) => nickname).toSorted()).toEqual(['QUEEN OF HEARTS', 'Queen of Hearts'])
  expect(await node('alice').cli(['identity', 'nickname'])).toEqual({ nickname: 'Queen of Hearts' })
})

test('it is kept and published again when the node starts again, and names nobody in a protocol', async () => {
  await node('alice').kill('SIGTERM')
  expect(await node('alice').cli(['identity', 'nickname'])).toEqual({ nickname: 'Queen of Hearts' })
  await node('alice').start()
  await foundBy('carol', 'Queen of Hearts', [node('alice').idurl, node('bob').idurl])
  expect(await node('carol').cli(['ping', node('alice').idurl])).toMatchObject({ idurl: node('alice').idurl })
  await expect(node('carol').cli(['ping', 'Queen of Hearts'])).rejects.toMatchObject({ code: expect.any(String) })
})

test('nobody is an empty answer', async () => {
  expect(await find('alice', 'nobody at all')).toEqual([])
})

test('errors have names', async () => {
  const bad = ['', 'a\u202eb']
  for (const name of bad)
    await expect(node('alice').cli(['identity', 'nickname', name]), JSON.stringify(name)).rejects.toMatchObject({
      code: 'ConfigInvalid',
    })
  await expect(find('alice', 'a\u202eb')).rejects.toMatchObject({ code: 'RecordInvalid' })
  expect(await node('alice').cli(['identity', 'nickname'])).toEqual({ nickname: 'Queen of Hearts' })
  const empty = join(folder.path, 'empty')
  await expect(runCli(empty, ['identity', 'nickname'])).rejects.toMatchObject({ code: 'NotInitialized' })
  await node('bob').kill('SIGTERM')
  await expect(node('bob').cli(['identity', 'nickname', 'ben'])).rejects.toMatchObject({ code: 'NotRunning' })
  await expect(find('bob', 'alice')).rejects.toMatchObject({ code: 'NotRunning' })
  const file = join(node('bob').folder, 'metadata', 'nickname.json')
  await writeFile(file, '{"format":"bitdust-nickname","version":1,"nickname":"a\\u0007b"}', { mode: 0o600 })
  await expect(node('bob').cli(['identity', 'nickname'])).rejects.toMatchObject({ code: 'StorageCorrupt' })
  await rm(file)
  expect(await node('bob').cli(['identity', 'nickname'])).toEqual({ nickname: 'bob' })
})
