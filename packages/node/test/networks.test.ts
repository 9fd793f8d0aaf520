import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import shipped from '../src/networks.json' with { type: 'json' }
import { findNetwork, knownNetworks, parseNetwork } from '../src/networks.ts'

const PEER = '12D3KooWEL7fibSqBBGjFLQrqZFxY9XQAu9U7cVjAuWEJS49duWm'
const NETWORK = {
  name: 'home',
  local: true,
  idServers: ['http://192.168.1.2:8084'],
  seeds: [`/ip4/192.168.1.2/tcp/7771/p2p/${PEER}`],
}

let folder: TemporaryFolder
let matches: (value: unknown) => boolean

beforeAll(async () => {
  folder = await temporaryFolder()
  const schema = JSON.parse(await readFile(join(import.meta.dirname, '../../../docs/network.schema.json'), 'utf8'))
  matches = new Ajv2020({ strict: true }).compile(schema)
})

afterAll(() => folder?.[Symbol.asyncDispose]())

function problemOf(value: unknown): string | null {
  try {
    parseNetwork(typeof value === 'string' ? value : JSON.stringify(value), 'FILE')
    return null
  } catch (error) {
    const { name, code, message } = error as { name: string; code: string; message: string }
    return name === 'NodeError' && code === 'ConfigInvalid' ? message : `not ours: ${error}`
  }
}

describe('networks.json', () => {
  test('is a list of networks by the published schema, each with a name of its own', () => {
    for (const network of shipped) expect(matches(network), JSON.stringify(network)).toBe(true)
    const names = knownNetworks().map(({ name }) => name)
    expect(names).toContain('main')
    expect(new Set(names).size).toBe(names.length)
  })

  test('names no private address, unless the network is local', () => {
    for (const network of shipped) expect(problemOf(network)).toBeNull()
  })
})

test('the example of docs/networks.md is a network', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/networks.md'), 'utf8')
  const [, example = ''] = /^```json\n([\s\S]*?)^```/m.exec(page) ?? []
  expect(problemOf(example)).toBeNull()
  expect(matches(JSON.parse(example))).toBe(true)
})

describe('the published schema and the program agree', () => {
  test.each([
    NETWORK,
    { ...NETWORK, local: undefined, idServers: ['http://first-machine.com', 'https://second-machine.net:8084'] },
    { ...NETWORK, idServers: [], seeds: [] },
    { ...NETWORK, seeds: [`/dns4/seed.example.com/tcp/443/wss/p2p/${PEER}`, `/ip6/2001:db8::1/tcp/1/p2p/${PEER}`] },
  ])('that this is a network: %j', (network) => {
    expect(problemOf(network)).toBeNull()
    expect(matches(JSON.parse(JSON.stringify(network)))).toBe(true)
  })

  test.each([
    ['name', { ...NETWORK, name: 'Home' }],
    ['name', { ...NETWORK, name: '' }],
    ['name', { ...NETWORK, name: undefined }],
    ['local', { ...NETWORK, local: 'yes' }],
    ['idServers', { ...NETWORK, idServers: undefined }],
    ['idServers', { ...NETWORK, idServers: 'http://first-machine.com' }],
    ['idServers', { ...NETWORK, idServers: ['http://a.com', 'http://a.com'] }],
    ['idServers', { ...NETWORK, idServers: Array.from({ length: 65 }, (_, index) => `http://a${index}.com`) }],
    ['idServers.1', { ...NETWORK, idServers: ['http://a.com', 'http://a.com/alice.xml'] }],
    ['idServers.0', { ...NETWORK, idServers: ['ftp://a.com'] }],
    ['seeds.0', { ...NETWORK, seeds: ['/ip4/192.168.1.2/tcp/7771'] }],
    ['seeds.0', { ...NETWORK, seeds: [7] }],
    ['relays', { ...NETWORK, relays: [] }],
    [null, []],
    [null, [NETWORK]],
    [null, 'null'],
  ])('that this is none, because of %s', (key, value) => {
    const problem = problemOf(value)
    expect(problem).toContain(`FILE does not describe a network: ${key === null ? '' : `${key}: `}`)
    expect(matches(typeof value === 'string' ? JSON.parse(value) : JSON.parse(JSON.stringify(value)))).toBe(false)
  })
})

describe('what a schema cannot say is checked too', () => {
  test.each([
    ['idServers.0', { ...NETWORK, local: false }],
    ['idServers.0', { ...NETWORK, idServers: ['http://user@first-machine.com'] }],
    [
      'seeds.0',
      { ...NETWORK, seeds: ['/ip4/192.168.1.2/tcp/7771/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'] },
    ],
  ])('%s', (key, network) => {
    expect(problemOf(network)).toContain(`${key}: `)
  })

  test('what is no JSON', () => {
    expect(problemOf('{')).toContain('is not JSON')
  })
})

describe('finding a network', () => {
  test('by name, or in a file', async () => {
    expect(await findNetwork('main')).toMatchObject({ name: 'main' })
    const file = join(folder.path, 'home.json')
    await writeFile(file, JSON.stringify(NETWORK))
    expect(await findNetwork(file)).toEqual(NETWORK)
  })

  test('an unknown name is answered with the known ones', async () => {
    await expect(findNetwork('mian')).rejects.toMatchObject({
      code: 'NotFound',
      message: 'mian is neither a known network (main) nor a file',
    })
  })

  test('files that are too long, no text or no files say so', async () => {
    const [long, binary, directory] = ['long', 'binary', 'directory'].map((name) => join(folder.path, name))
    await writeFile(long!, ' '.repeat(256 * 1024 + 1))
    await writeFile(binary!, Uint8Array.of(0xff, 0xfe))
    await mkdir(directory!)
    for (const file of [long!, binary!, directory!, '/dev/zero'])
      await expect(findNetwork(file)).rejects.toMatchObject({
        code: 'ConfigInvalid',
        message: expect.stringContaining(`${file} cannot be read: `),
      })
  })
})
