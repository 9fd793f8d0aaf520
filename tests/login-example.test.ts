/** `examples/login-with-bitdust` as a stranger gets it: from packed packages, driven in a browser. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { importRsaPrivateKey, writeKeyFile } from '@bitdust/crypto'
import { formatIdentityDate, parseIdurl, signIdentity } from '@bitdust/identity'
import { requirement, type TemporaryFolder, temporaryFolder, testKeys } from '@bitdust/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findChromium, launchChromium } from './browser/chromium.ts'
import { cleanEnvironment, packedApp } from './packed-app.ts'

const example = join(import.meta.dirname, '../examples/login-with-bitdust')
const NO_CHROMIUM = requirement('chromium', findChromium() !== undefined, 'no Chromium on the PATH')
const ALICE = 'http://first-machine.com/alice.xml'
const [alicePem = '', malloryPem = ''] = testKeys[2048]
const PASSPHRASE = 'correct horse battery'
/** Cheap to unlock; what a passphrase costs is tested elsewhere. */
const COST = { N: 2 ** 12, r: 8, p: 1 }

interface Manifest {
  readonly scripts: { readonly start: string }
  readonly dependencies: Readonly<Record<string, string>>
}

let folder: TemporaryFolder
/** Where a stranger has installed the packages and copied the example. */
let app: string
let manifest: Manifest

beforeAll(async () => {
  folder = await temporaryFolder()
  app = join(folder.path, 'app')
  manifest = JSON.parse(await readFile(join(example, 'package.json'), 'utf8'))
  const { '@bitdust/crypto': crypto, '@bitdust/identity': identity, ...others } = manifest.dependencies
  expect([crypto, identity, Object.keys(others)]).toEqual(['workspace:^', 'workspace:^', ['esbuild']])
  // `machine` is a dependency of `identity`; the example itself does not use it.
  await packedApp(app, ['crypto', 'machine', 'identity'], others)
  const isOurs = (path: string) => !['node_modules', 'package.json', 'data'].includes(basename(path))
  await cp(example, app, { recursive: true, filter: isOurs })
})

afterAll(() => folder?.[Symbol.asyncDispose]())

const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

describe.skipIf(NO_CHROMIUM)('the page', () => {
  let browser: Browser
  let page: Page
  let site: string
  let otherSite: string
  let aliceIdurl: string
  const complaints: string[] = []
  /** Bodies of all that pages sent. */
  const sent: string[] = []

  beforeAll(async () => {
    browser = await launchChromium()
    site = await startSite('data')
    otherSite = await startSite('other-data')
    aliceIdurl = `${site}/alice.xml`
    const upload = { method: 'PUT', headers: { origin: site }, body: await documentOf(aliceIdurl, alicePem) }
    expect((await fetch(aliceIdurl, upload)).status).toBe(200)
  })

  afterAll(() => browser?.close())

  beforeEach(async () => {
    page = await visit(site)
  })

  afterEach(() => page.context().close())

  test('a visitor without an identity makes one, signs in, stays signed in, and signs out', async () => {
    await page.click('text=Make an identity')
    await status('Made. Everything is filled in: sign in.')
    const idurl = await page.inputValue('#idurl')
    expect(idurl).toMatch(new RegExp(`^${site}/visitor-[0-9a-f]{6}\\.xml$`))
    await page.click('button[type=submit]')
    await page.waitForSelector('#visitor >> visible=true')
    expect(await page.textContent('#visitor-idurl')).toBe(idurl)
    expect(await page.inputValue('#key')).toBe('')

    await page.reload()
    await page.waitForSelector('#visitor >> visible=true')
    const [cookie] = await page.context().cookies()
    expect(cookie).toMatchObject({ name: 'session', httpOnly: true, sameSite: 'Strict', path: '/', secure: false })
    expect(await page.evaluate('document.cookie')).toBe('')

    await page.click('text=Sign out')
    await page.waitForSelector('#sign-in >> visible=true')
    await page.reload()
    await page.waitForSelector('#sign-in >> visible=true')
    expect(await page.context().cookies()).toEqual([])
  })

  test('a key file opens with its passphrase alone, and PEM is read too', async () => {
    await signIn(aliceIdurl, await keyFile(alicePem), 'wrong horse')
    await refused('KeyUnlockFailed')
    await signIn(aliceIdurl, await keyFile(alicePem), '')
    await refused('KeyUnlockFailed')
    await signIn(aliceIdurl, 'my shopping list', '')
    await refused('KeyMalformed')
    await signIn(aliceIdurl, await keyFile(alicePem), PASSPHRASE)
    await admitted('alice')
    await page.click('text=Sign out')
    await signIn(aliceIdurl, alicePem, '')
    await admitted('alice')
  })

  test('the key of somebody else is refused', async () => {
    await signIn(aliceIdurl, malloryPem, '')
    await refused('SignatureInvalid')
  })

  test('an IDURL at which nothing stands is refused', async () => {
    await signIn(`${site}/nobody.xml`, alicePem, '')
    await refused('NotFound')
  })

  test.each(['http://127.0.0.1:1/alice.xml', 'http://[::ffff:10.0.0.1]/alice.xml', 'file:///alice.xml', 'alice'])(
    'T10 nobody is asked for %s',
    async (idurl) => {
      await signIn(idurl, alicePem, '')
      await refused('IdurlForbidden')
    },
  )

  test('T19 an answer that was used is refused', async () => {
    const answer = await answerOf(page)
    await admitted('alice')
    await page.click('text=Sign out')
    await page.waitForSelector('#sign-in >> visible=true')
    await page.route('**/session', (route) => route.continue({ postData: answer }), { times: 1 })
    await signIn(aliceIdurl, alicePem, '')
    await refused('ReplayDetected')
  })

  test('T20 an answer that was signed at another site is refused', async () => {
    // The other site passes our challenge on to its visitor, to sign in here in his name.
    const elsewhere = await visit(otherSite)
    await elsewhere.route('**/challenge', async (route) => {
      const headers = { origin: site, 'content-type': 'application/json' }
      const ours = await fetch(`${site}/challenge`, { method: 'POST', headers, body: route.request().postData() })
      await route.fulfill({ json: await ours.json() })
    })
    const answer = await answerOf(elsewhere)
    await elsewhere.context().close()
    await page.route('**/session', (route) => route.continue({ postData: answer }), { times: 1 })
    await signIn(aliceIdurl, alicePem, '')
    await refused('WrongAudience')
  })

  test('the key never leaves the page, which does nothing that its policy forbids', async () => {
    expect(sent.length).toBeGreaterThan(20)
    const secret = alicePem.split('\n').slice(10, 12)
    for (const body of sent) {
      expect(body).toMatch(/^(?:$|\{"idurl":"[^"]*"\}$|\{"statement":"[\w-]+","signature":"[\w-]+"\}$|<\?xml )/)
      expect([...secret, PASSPHRASE].filter((text) => body.includes(text))).toEqual([])
    }
    expect(complaints).toEqual([])
  })

  async function visit(address: string): Promise<Page> {
    const opened = await (await browser.newContext()).newPage()
    opened.on('console', (message) => {
      // Refusals are shown by the page; Chromium notes every answer of that kind as well.
      if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text())
    })
    opened.on('pageerror', (error) => complaints.push(String(error)))
    opened.on('request', (request) => sent.push(request.postData() ?? ''))
    await opened.goto(address)
    await opened.waitForSelector('#trial >> visible=true')
    return opened
  }

  async function signIn(idurl: string, key: string, passphrase: string, where = page): Promise<void> {
    await where.fill('#idurl', idurl)
    await where.setInputFiles('#key', { name: 'key', mimeType: 'text/plain', buffer: Buffer.from(key) })
    await where.fill('#passphrase', passphrase)
    await where.click('button[type=submit]')
  }

  /** What a page sends when Alice signs in there. */
  async function answerOf(where: Page): Promise<string> {
    const request = where.waitForRequest(
      (candidate) => candidate.method() === 'POST' && candidate.url().endsWith('/session'),
    )
    await signIn(aliceIdurl, alicePem, '', where)
    return (await request).postData() ?? ''
  }

  async function status(text: string): Promise<void> {
    await page.locator('#status', { hasText: text }).waitFor()
  }

  async function refused(code: string): Promise<void> {
    await status(`(${code})`)
    expect(await page.isVisible('#visitor')).toBe(false)
  }

  async function admitted(name: string): Promise<void> {
    await page.waitForSelector('#visitor >> visible=true')
    expect(await page.textContent('#visitor-name')).toBe(name)
  }
})

describe('the site', () => {
  test('its pages and answers carry the policy, and nobody else may ask', async () => {
    const site = await startSite('policy')
    const answer = await fetch(`${site}/`)
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
    const ask = (headers: Record<string, string>, body = '{"idurl":"http://first-machine.com/alice.xml"}') =>
      codeOf(`${site}/challenge`, { method: 'POST', headers, body })
    expect(await ask({ origin: site })).toBe('200')
    expect(await ask({})).toBe('403 WrongOrigin')
    expect(await ask({ origin: 'http://evil.example' })).toBe('403 WrongOrigin')
    expect(await ask({ origin: site }, 'x')).toBe('400 RequestMalformed')
    expect(await ask({ origin: site }, 'x'.repeat(100_001))).toBe('413 LimitExceeded')
    // The name `localhost` leads here too, but is not the origin.
    expect(await codeOf(site.replace('127.0.0.1', 'localhost'), {})).toBe('403 WrongOrigin')
    expect(await codeOf(`${site}/../main.mjs`, {})).toBe('404 NotFound')
    expect(await codeOf(`${site}/..%2f..%2fpackage.xml`, {})).toBe('404 NotFound')
    for (let i = 0; i < 60; i++) await ask({ origin: site })
    expect(await ask({ origin: site })).toBe('429 RateLimited')
  })

  test('an identity for trying out is kept as it was first published, and only under its own name', async () => {
    const site = await startSite('trial')
    const idurl = `${site}/alice.xml`
    const publish = async (address: string, bytes: Uint8Array<ArrayBuffer>) =>
      codeOf(address, { method: 'PUT', headers: { origin: site }, body: bytes })
    const bytes = await documentOf(idurl, alicePem)
    expect(await publish(`${site}/bob.xml`, bytes)).toBe('403 IdurlForbidden')
    expect(await publish(idurl, bytes)).toBe('200')
    expect(await publish(idurl, await documentOf(idurl, malloryPem))).toBe('403 IdentityNameTaken')
    expect(new Uint8Array(await (await fetch(idurl)).arrayBuffer())).toEqual(bytes)
    expect(await publish(`${site}/carol.xml`, bytes.slice(0, -9))).toBe('403 IdentityMalformed')
  })

  test('over https the cookie is secure and for this host alone', async () => {
    const { createSessions } = await load('sessions')
    const sessions = createSessions({ secure: true, now: () => now })
    let now = 0
    const cookie: string = sessions.open({ idurl: ALICE })
    expect(cookie).toMatch(/^__Host-session=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Strict; Secure$/)
    const [pair] = cookie.split(';')
    expect(sessions.find(`other=1; ${pair}`)).toEqual({ idurl: ALICE })
    expect(sessions.find('__Host-session=guess')).toBeNull()
    now = 3_600_000
    expect(sessions.find(pair)).toBeNull()
  })
})

describe('the rules', () => {
  const origin = 'https://login.example.com'
  let now: number
  /** What the web serves at `ALICE`. */
  let served: Uint8Array | null

  beforeEach(async () => {
    now = Date.UTC(2026, 0, 1)
    served = await documentOf(ALICE, alicePem)
  })

  async function createRules(directory: string) {
    const [{ createSignIn }, { createVisitors }] = await Promise.all([load('sign-in'), load('visitors')])
    const web = { name: 'test', fetch: async () => served }
    const visitors = createVisitors({ folder: join(folder.path, directory), trial: web })
    return createSignIn({ origin, visitors, now: () => now })
  }

  async function answer(rules: Awaited<ReturnType<typeof createRules>>, changes = {}, pem = alicePem) {
    const { encodeStatement } = await load('statement')
    const statement = encodeStatement({ origin, idurl: ALICE, ...rules.challenge(ALICE), ...changes })
    const key = await importRsaPrivateKey(pem)
    return { statement, signature: await key.sign('bitdust/login/v1', statement) }
  }

  test('who holds the key is let in, once', async () => {
    const rules = await createRules('once')
    const signed = await answer(rules)
    const key = await importRsaPrivateKey(alicePem)
    expect(await rules.answer(signed)).toEqual({ idurl: ALICE, fingerprint: key.publicKey.fingerprint })
    await expect(rules.answer(signed)).rejects.toMatchObject({ code: 'ReplayDetected' })
  })

  test('T19 of two equal answers at the same moment one is let in', async () => {
    const rules = await createRules('race')
    const signed = await answer(rules)
    const results = await Promise.allSettled([rules.answer(signed), rules.answer(signed)])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test('an expired challenge is refused, and so is one with a later end or of somebody else', async () => {
    const rules = await createRules('expiry')
    const late = await answer(rules)
    now += 119_999
    const inTime = await answer(rules)
    now += 1
    await expect(rules.answer(late)).rejects.toMatchObject({ code: 'ChallengeExpired' })
    for (const changes of [
      { expires: now + 1e9 },
      { challenge: new Uint8Array(48) },
      { idurl: `${ALICE.slice(0, -9)}bob.xml` },
    ])
      await expect(rules.answer(await answer(rules, changes))).rejects.toMatchObject({ code: 'ChallengeUnknown' })
    await expect(rules.answer(inTime)).resolves.toMatchObject({ idurl: ALICE })
  })

  test('T20 an answer for another origin is refused', async () => {
    const rules = await createRules('audience')
    const signed = await answer(rules, { origin: 'https://login.example.com.evil.example' })
    await expect(rules.answer(signed)).rejects.toMatchObject({ code: 'WrongAudience' })
  })

  test('a signature of the same bytes for another purpose is refused', async () => {
    const rules = await createRules('label')
    const { statement } = await answer(rules)
    const signature = await (await importRsaPrivateKey(alicePem)).sign('bitdust/hello/v1', statement)
    await expect(rules.answer({ statement, signature })).rejects.toMatchObject({ code: 'SignatureInvalid' })
    const junk = { statement: new TextEncoder().encode('{}'), signature }
    await expect(rules.answer(junk)).rejects.toMatchObject({ code: 'RequestMalformed' })
  })

  test('T05 the key of the first visit stays the key, also after a restart', async () => {
    const rules = await createRules('pins')
    await rules.answer(await answer(rules))
    served = await documentOf(ALICE, malloryPem)
    const restarted = await createRules('pins')
    const attempt = restarted.answer(await answer(restarted, {}, malloryPem))
    await expect(attempt).rejects.toMatchObject({ code: 'IdentityKeyChanged' })
  })

  test('an identity whose key did not sign in leaves nothing behind', async () => {
    const rules = await createRules('guesses')
    const attempt = rules.answer(await answer(rules, {}, malloryPem))
    await expect(attempt).rejects.toMatchObject({ code: 'SignatureInvalid' })
    expect(await readdir(folder.path)).not.toContain('guesses')
    await rules.answer(await answer(rules))
    expect(await readdir(join(folder.path, 'guesses/visitors'))).toHaveLength(2)
  })

  test('T10 a name that leads into a private network is not connected to', async () => {
    const { webIdentities } = await load('web-identities')
    const connections: unknown[] = []
    const server = createServer((socket) => connections.push(socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const lookup = (_name: string, _options: object, callback: (error: null, found: object[]) => void) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    const query = { idurl: parseIdurl(`http://inside.example:${port}/alice.xml`) }
    const { signal } = new AbortController()
    await expect(webIdentities({ lookup }).fetch(query, { signal })).rejects.toMatchObject({ code: 'IdurlForbidden' })
    expect(await webIdentities().fetch({ idurl: `http://127.0.0.1:${port}/alice.xml` }, { signal })).toBeNull()
    expect(connections).toEqual([])
    server.close()
  })
})

/** Starts the site as its package says, on a port that is free here. @returns Its origin. */
async function startSite(data: string): Promise<string> {
  const origin = `http://127.0.0.1:${await freePort()}`
  const start = manifest.scripts.start.replace('http://127.0.0.1:8085', origin).replace('data', join(folder.path, data))
  const [command, ...args] = start.split(' ')
  expect([command, args[0]]).toEqual(['node', 'main.mjs'])
  const child = spawn(process.execPath, args, {
    cwd: app,
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  const [firstLine] = await once(createInterface({ input: child.stdout }), 'line')
  expect(firstLine).toBe(origin)
  return origin
}

/** A module of the example, with the packages that a stranger has. */
function load(name: string) {
  return import(join(app, `${name}.mjs`))
}

async function codeOf(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init)
  const body: { code?: string } | null = response.ok ? null : ((await response.json()) as { code: string })
  return body === null ? String(response.status) : `${response.status} ${body.code}`
}

async function documentOf(idurl: string, pem: string): Promise<Uint8Array<ArrayBuffer>> {
  const sources = [parseIdurl(idurl, { allowPrivate: true })]
  const date = formatIdentityDate(Date.UTC(2026, 0, 1))
  const fields = {
    sources,
    contacts: [],
    certificates: [],
    scrubbers: [],
    postage: '1',
    date,
    version: 'test',
    revision: 0,
  }
  return Uint8Array.from((await signIdentity(fields, await importRsaPrivateKey(pem))).bytes)
}

/** A key file as `bitdust identity backup --passphrase` writes it. */
async function keyFile(pem: string): Promise<string> {
  const names = {
    kind: 'private',
    keyId: 'master$alice@first-machine.com',
    key: await importRsaPrivateKey(pem),
  } as const
  return writeKeyFile(names, { passphrase: PASSPHRASE, cost: COST })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
