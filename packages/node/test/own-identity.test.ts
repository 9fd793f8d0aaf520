import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { IdentityDocument } from '@bitdust/identity'
import { createIdServer, createIdServerClient, type HttpFetch, memoryIdentityFileStore } from '@bitdust/idserver'
import { systemClock } from '@bitdust/machine'
import { type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { completeConfig, type PartialConfig, readConfig } from '../src/config.ts'
import type { FolderPaths } from '../src/folder.ts'
import { readMetadata } from '../src/metadata.ts'
import { createNode } from '../src/node.ts'
import { type OwnIdentity, wireOwnIdentity } from '../src/wiring/own-identity.ts'
import { type AliceOptions, aliceKey, giveIdentity, openOwnFolder, signAlice } from './own-folder.ts'

const SITE = 'https://my.site/alice.xml'
const { signal } = new AbortController()

let folder: TemporaryFolder
let paths: FolderPaths
let named: AliceOptions['devices']
let own: OwnIdentity
let told: IdentityDocument[]
/** What the static site at my.site serves. */
let site: Uint8Array | null
/** Hosts that do not answer. */
let dead: Set<string>

beforeEach(async () => {
  folder = await temporaryFolder()
  const opened = await openOwnFolder(folder.path)
  paths = opened.paths
  named = [{ key: opened.device }]
  told = []
  site = null
  dead = new Set()
  await giveIdentity(paths, { devices: named })
})

afterEach(async () => {
  await own?.stop()
  await folder[Symbol.asyncDispose]()
})

/** Real ID-servers without sockets, and a site which serves one file and takes none. */
function internet(): HttpFetch {
  const hosts = ['id.example.com', 'id.example.net']
  const servers = new Map(
    hosts.map((host) => [host, createIdServer({ host, store: memoryIdentityFileStore(), clock: systemClock })]),
  )
  return async (url, request) => {
    const { host } = new URL(url)
    if (dead.has(host)) throw new TypeError('no answer')
    const server = servers.get(host)
    if (server !== undefined) return server.fetch(new Request(url, request as RequestInit))
    if (request.method !== 'GET') throw new Error(`${request.method} to ${url}`)
    return site === null || url !== SITE ? new Response('', { status: 404 }) : new Response(site.slice())
  }
}

async function wire(identity: PartialConfig['identity'] = {}): Promise<OwnIdentity> {
  const network = { idServers: ['http://id.example.com', 'http://id.example.net'] }
  own = await wireOwnIdentity({
    metadata: await readMetadata(paths, { allowPrivate: false, masterKey: aliceKey }),
    masterKey: aliceKey,
    paths,
    config: completeConfig({ network, identity: { checkEvery: '20 ms', sources: 1, ...identity } }),
    idServers: createIdServerClient({ fetch: internet() }),
    store: memoryKeyValueStore(),
    observe: () => undefined,
    onChanged: async (document) => void told.push(document),
    onError: () => undefined,
  })
  return own
}

const states = () => own.sources().map(({ is }) => is)
const folderOfSite = () => join(folder.path, 'site')
const addSite = (primary = false) =>
  own.addSite({ url: 'https://my.site', folder: folderOfSite(), primary }, { signal })
const settings = async () => (await readConfig(paths.config)).identity

test('the unchanged identity goes to those who are told, again and again', async () => {
  await wire({ propagateEvery: '50 ms' })
  await own.start()
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(2), { interval: 5 })
  expect(new Set(told.slice(-2).map(({ revision }) => revision)).size).toBe(1)
  expect(states()).toEqual(['current'])
})

test('a site becomes the last source, is remembered, and its folder follows the identity', async () => {
  await wire()
  expect(await addSite()).toEqual({ directory: folderOfSite(), file: 'alice.xml', changed: true, idurl: SITE })
  expect(own.document().sources).toEqual(['http://id.example.com/alice.xml', SITE])
  expect(await settings()).toMatchObject({ staticSources: [SITE], siteFolder: folderOfSite() })
  expect(own.sources()[1]).toMatchObject({ is: 'missing', isStatic: true })
  const { bytes } = await own.rotate()
  expect(await readFile(join(folderOfSite(), 'alice.xml'))).toEqual(Buffer.from(bytes))
  expect(own.document().sources).toContain(SITE)
})

test('a site may become the first source, at once or later', async () => {
  await wire()
  await addSite()
  await addSite(true)
  expect(own.document().sources).toEqual([SITE, 'http://id.example.com/alice.xml'])
  expect(own.idurl()).toBe(SITE)
})

test('after a restart the site is known as one, and its folder is brought up to date', async () => {
  await wire()
  await addSite()
  await own.stop()
  await rm(join(folderOfSite(), 'alice.xml'))
  await wire(await settings())
  expect(own.sources()[1]).toMatchObject({ source: SITE, isStatic: true })
  expect(await readFile(join(folderOfSite(), 'alice.xml'))).toEqual(Buffer.from(own.document().bytes))
})

test('a folder that was taken away is not made again', async () => {
  await wire()
  await addSite()
  await rm(folderOfSite(), { recursive: true })
  await own.rotate()
  await expect(readFile(join(folderOfSite(), 'alice.xml'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('where something else is, the site does not become a source, and nothing is remembered', async () => {
  await wire()
  site = new TextEncoder().encode('<html>a shop</html>')
  await expect(addSite()).rejects.toMatchObject({ code: 'IdentityNameTaken' })
  expect(own.document().sources).toHaveLength(1)
  expect(await settings()).toMatchObject({ staticSources: [], siteFolder: '' })
})

test('a folder with foreign files is refused before anything is changed', async () => {
  await wire()
  const at = join(folder.path, 'taken')
  await mkdir(at)
  await writeFile(join(at, 'index.html'), 'mine')
  await expect(own.addSite({ url: 'https://my.site', folder: at, primary: false }, { signal })).rejects.toMatchObject({
    code: 'TargetExists',
  })
  expect(own.document().revision).toBe(1)
  expect(await settings()).toMatchObject({ staticSources: [] })
})

test('a newer document that came another way is taken over when no source has it', async () => {
  await wire()
  dead.add('id.example.com')
  const { document } = await signAlice({ devices: named, revision: 7 })
  await own.take(document)
  expect(own.document().revision).toBe(7)
  await own.take((await signAlice({ devices: named, revision: 5 })).document)
  expect(own.document().revision).toBe(7)
  expect(told.map(({ revision }) => revision)).toEqual([7])
})

test('machines that ran before the node are listed with its own', async () => {
  const at = 1_700_000_000_000
  const step = { machine: 'identity-registration', from: 'confirming', to: 'done', event: 'confirmed', at }
  const node = await createNode({ directory: paths.root, transitions: [step] })
  expect(node.machines()).toEqual([{ name: 'identity-registration', state: 'done', since: at }])
  await node.stop()
})
