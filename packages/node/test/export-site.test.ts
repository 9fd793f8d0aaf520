import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importRsaPrivateKey } from '@bitdust/crypto'
import { type IdentityDocument, type IdentityFields, openIdentity, parseIdurl, signIdentity } from '@bitdust/identity'
import { testKeys } from '@bitdust/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { exportSite } from '../src/site/export-site.ts'

const [aliceKey, malloryKey] = await Promise.all([
  importRsaPrivateKey(testKeys[2048][0]),
  importRsaPrivateKey(testKeys[2048][2]),
])
const FILES = ['README.txt', 'alice.html', 'alice.xml', 'index.html']
let root: string
let site: string
let alice: IdentityDocument

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bitdust-site-'))
  site = join(root, 'public', 'site')
  alice = await sign({})
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function sign(changes: Partial<IdentityFields>, key = aliceKey): Promise<IdentityDocument> {
  const sources = [parseIdurl('http://first-machine.com/alice.xml'), parseIdurl('https://my.site/alice.xml')]
  const lists = { sources, contacts: ['tcp://123.45.67.89:7771'], certificates: [], scrubbers: [] }
  const texts = { postage: '1', date: 'Sat Dec 13 14:08:36 2014', version: 'test', revision: 1 }
  return (await signIdentity({ ...lists, ...texts, ...changes }, key)).document
}

const at = (name: string) => readFile(join(site, name), 'utf8')

describe('an exported site', () => {
  test('has the identity byte for byte, pages for people and a README, readable for a web server', async () => {
    expect(await exportSite(site, alice)).toEqual({ directory: site, file: 'alice.xml', changed: true })
    expect((await readdir(site)).sort()).toEqual(FILES)
    const bytes = await readFile(join(site, 'alice.xml'))
    expect(bytes).toEqual(Buffer.from(alice.bytes))
    expect((await openIdentity(bytes)).fingerprint).toBe(alice.fingerprint)
    for (const name of FILES) expect((await stat(join(site, name))).mode & 0o777, name).toBe(0o644)
    expect(await at('index.html')).toContain('href="alice.xml"')
    expect(await at('alice.html')).toContain('https://my.site/alice.xml')
    expect(await at('README.txt')).toContain('application/xml')
  })

  test('follows the identity, and is left alone when nothing changed', async () => {
    await exportSite(site, alice)
    expect(await exportSite(site, alice)).toMatchObject({ changed: false })
    const newer = await sign({ revision: 2, contacts: [] })
    expect(await exportSite(site, newer)).toMatchObject({ changed: true })
    expect(await readFile(join(site, 'alice.xml'))).toEqual(Buffer.from(newer.bytes))
  })

  test('shows what the identity says as text and nothing else', async () => {
    const contact = 'tcp://a.org:1?"><script>alert(1)</script>\u202e'
    await exportSite(site, { ...alice, contacts: [contact] })
    const page = await at('alice.html')
    expect(page).not.toContain('<script')
    expect(page).not.toContain('\u202e')
    expect(page).toContain('&#60;script&#62;')
    expect(page).toContain(`default-src 'none'`)
  })

  test.each(['index.html', 'alice.html', 'README.txt', 'alice.xml'])(
    'a foreign %s stays, and nothing else is written',
    async (name) => {
      await mkdir(site, { recursive: true })
      await writeFile(join(site, name), 'mine')
      await expect(exportSite(site, alice)).rejects.toMatchObject({ code: 'TargetExists', subject: join(site, name) })
      expect(await readdir(site)).toEqual([name])
      expect(await at(name)).toBe('mine')
    },
  )

  test('the identity of another key stays', async () => {
    await exportSite(site, await sign({}, malloryKey))
    await expect(exportSite(site, alice)).rejects.toMatchObject({ code: 'TargetExists' })
    expect((await openIdentity(await readFile(join(site, 'alice.xml')))).fingerprint).toBe(
      malloryKey.publicKey.fingerprint,
    )
  })

  test('other files of the folder are not touched', async () => {
    await mkdir(site, { recursive: true })
    await writeFile(join(site, 'photo.jpg'), 'mine')
    await exportSite(site, alice)
    expect((await readdir(site)).sort()).toEqual([...FILES, 'photo.jpg'].sort())
  })

  test('where no folder can be', async () => {
    await writeFile(join(root, 'public'), 'a file')
    await expect(exportSite(site, alice)).rejects.toMatchObject({ code: 'FolderInvalid' })
  })

  test('where a folder has the name of a file', async () => {
    await mkdir(join(site, 'alice.xml'), { recursive: true })
    await expect(exportSite(site, alice)).rejects.toMatchObject({ code: 'TargetExists' })
  })
})
