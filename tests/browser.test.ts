/** `@bitdust/crypto` and `@bitdust/identity` in a web page and in a worker, as a bundler takes them from what is built. */
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { builtinModules } from 'node:module'
import { basename, join } from 'node:path'
import { requirement, testKeys } from '@bitdust/testing'
import { type BuildOptions, build, type Metafile } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, launchChromium } from './browser/chromium.ts'
import type { Actions, Call } from './browser/in-page.ts'
import { exportKinds, unusedExports } from './browser/packages.ts'
import { makeParcel, openParcel } from './browser/parcel.ts'
import { runPart, type TourInput, tourParts } from './browser/tour.ts'

const root = join(import.meta.dirname, '..')
/** Packages whose default entry also runs in browsers, as the README marks them. */
const NEUTRAL = ['crypto', 'raid', 'machine', 'identity']
const LEFT_OUT = 'what is exported must also run in a page: use it in tests/browser/tour.ts'
const NO_CHROMIUM = requirement('chromium', findChromium() !== undefined, 'no Chromium on the PATH')

describe('what is built', () => {
  test('the README marks the packages that run in browsers', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const marked = Array.from(readme.matchAll(/^\| \[(\w+)\]\(packages\/\w+\) \\\* \|/gm), ([, name]) => name)
    expect(marked).toEqual(NEUTRAL)
  })

  test.each(NEUTRAL)('the default entry of %s imports nothing of Node', async (name) => {
    const { metafile } = await bundle({ stdin: entry(`export * from '@bitdust/${name}'`) })
    const ours = Object.entries(metafile.inputs).filter(([path]) => path.startsWith('packages/'))
    expect(ours.map(([path]) => path)).toContain(`packages/${name}/dist/index.js`)
    expect(ours.map(([path]) => path).filter((path) => !/^packages\/\w+\/dist\//.test(path))).toEqual([])
    const imported = ours.flatMap(([, { imports }]) => imports.map(({ path, original }) => original ?? path))
    expect(imported.filter(isOfNode)).toEqual([])
  })

  test('a page that reaches something of Node cannot be bundled', async () => {
    await expect(bundle({ stdin: entry(`export * from '@bitdust/crypto/files'`) })).rejects.toThrow(
      'Could not resolve "node:',
    )
  })
})

describe('Node, with the same program', () => {
  test.each(tourParts)('%s', (name) => runPart({ name, input: tourInput() }))

  test('no exported function was left out', async () => {
    await openParcel(await makeParcel())
    expect(unusedExports(), LEFT_OUT).toEqual([])
  })
})

describe.skipIf(NO_CHROMIUM)('Chromium', () => {
  let server: Server
  let browser: Browser
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    const { outputFiles, warnings } = await bundle({ entryPoints: [join(import.meta.dirname, 'browser/in-page.ts')] })
    expect(warnings).toEqual([])
    server = serve(new Map(outputFiles.map(({ path, contents }) => [`/${basename(path)}`, contents])))
    await once(server, 'listening')
    browser = await launchChromium()
    page = await browser.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(addressOf(server))
    await page.waitForFunction('globalThis.callInWorker !== undefined')
  })

  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  describe.each([
    ['a page', 'callHere'],
    ['a worker', 'callInWorker'],
  ] as const)('%s', (_, call) => {
    const run = async <Name extends keyof Actions>(name: Name, input?: Parameters<Actions[Name]>[0]) => {
      const answer = await page.evaluate(
        ([how, action, value]) => (globalThis as unknown as Record<string, Call>)[how]!(action, value),
        [call, name, input] as const,
      )
      if ('error' in answer) throw new Error(answer.error)
      return answer.result as Awaited<ReturnType<Actions[Name]>>
    }

    test('the same names are exported as in Node', async () => {
      expect(await run('exportKinds')).toEqual(exportKinds())
    })

    test.each(tourParts)('%s', async (name) => {
      await run('runPart', { name, input: tourInput() })
    })

    test('what Node signed, sealed and encrypted is opened', async () => {
      await run('openParcel', await makeParcel())
    })

    test('Node opens what was signed, sealed and encrypted here', async () => {
      const parcel = await run('makeParcel')
      await openParcel(parcel)
      await run('openParcel', parcel)
    })

    test('a byte that was changed on the way is noticed', async () => {
      const parcel = await makeParcel()
      const sealed = `${parcel.sealed.startsWith('A') ? 'B' : 'A'}${parcel.sealed.slice(1)}`
      await expect(run('openParcel', { ...parcel, sealed })).rejects.toThrow('CryptoError')
    })

    test('no exported function was left out', async () => {
      expect(await run('unusedExports'), LEFT_OUT).toEqual([])
    })
  })

  test('the page, under a policy that forbids evaluating text, has nothing to complain about', () => {
    expect(complaints).toEqual([])
  })
})

/** Bundles for browsers as an application does: nothing polyfilled, nothing left out. */
function bundle(options: BuildOptions) {
  return build({
    ...options,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    splitting: true,
    outdir: '/',
    absWorkingDir: root,
    // The settings of this repository would lead to sources instead of what is built.
    tsconfigRaw: {},
    write: false,
    metafile: true,
    logLevel: 'silent',
  }) as Promise<{ outputFiles: { path: string; contents: Uint8Array }[]; warnings: unknown[]; metafile: Metafile }>
}

function entry(contents: string): NonNullable<BuildOptions['stdin']> {
  return { contents, resolveDir: root }
}

function isOfNode(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier)
}

function serve(files: ReadonlyMap<string, Uint8Array>): Server {
  const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; img-src data:"
  return createServer(({ url = '' }, response) => {
    const script = files.get(url)
    const page = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/in-page.js"></script>'
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
    response.setHeader('content-security-policy', policy)
    response.end(script ?? page)
  }).listen(0, '127.0.0.1')
}

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return `http://127.0.0.1:${address.port}/`
}

function tourInput(): TourInput {
  const [pem = ''] = testKeys[2048]
  const encryption = { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'open sesame' } as const
  return {
    pems: testKeys[2048],
    encryptedPem: createPrivateKey(pem).export(encryption) as string,
    legacyXml: firstOriginal('identities-good'),
    tamperedXml: firstOriginal('identities-tampered'),
  }
}

/** An identity file that the original made. */
function firstOriginal(name: string): string {
  const file = join(root, 'packages/identity/test/vectors/original', `${name}.json`)
  const [item] = (JSON.parse(readFileSync(file, 'utf8')) as { items: { xml: string }[] }).items
  if (item === undefined) throw new Error(`${file} holds nothing`)
  return item.xml
}
