/** `examples/photo-album` as a stranger gets it: from packed packages, with suppliers in processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { runCli } from '@bitdust/node/network'
import { requirement, type TemporaryFolder, temporaryFolder } from '@bitdust/testing'
import { keyValueStoreConformance } from '@bitdust/upkeep/conformance'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, launchChromium } from './browser/chromium.ts'
import { cleanEnvironment, packedApp } from './packed-app.ts'

const example = join(import.meta.dirname, '../examples/photo-album')
const NO_CHROMIUM = requirement('chromium', findChromium() !== undefined, 'no Chromium on the PATH')
/** What the example uses, and what that depends on. */
const PACKAGES = [
  ...['crypto', 'machine', 'raid', 'identity', 'records', 'transport', 'idserver', 'upkeep', 'dht'],
  ...['supplier', 'customer', 'shares', 'node'],
]
const SECONDS = 60
const BYTES_PER_SECOND = 44_100 * 4
/** Larger than two blocks, and than what a browser reads ahead. */
const SOUND = wav(SECONDS)
/** Without a header that anybody could play; the server does not look. */
const CLIP = noise(200_000)

interface Album {
  readonly items: readonly { readonly name: string; readonly size: number; readonly type: string }[]
  readonly suppliers: { readonly connected: number; readonly count: number }
}

let folder: TemporaryFolder
/** Where a stranger has installed the packages and copied the example. */
let app: string
let data: string
let origin: string
let running: ChildProcess

beforeAll(async () => {
  folder = await temporaryFolder()
  app = join(folder.path, 'app')
  data = join(folder.path, 'data')
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(join(example, 'package.json'), 'utf8'),
  )
  const others = Object.entries(dependencies).filter(([name]) => !name.startsWith('@bitdust/'))
  expect(others.map(([name]) => name)).toEqual(['@hono/node-server', 'hono'])
  await packedApp(app, PACKAGES, Object.fromEntries(others))
  const isOurs = (path: string) => !['node_modules', 'package.json', '.bitdust-run'].includes(basename(path))
  await cp(example, app, { recursive: true, filter: isOurs })
  origin = `http://127.0.0.1:${await freePort()}`
  await start()
})

afterAll(async () => {
  // Told to stop, it stops its suppliers as well.
  running?.kill('SIGTERM')
  if (running?.exitCode === null) await once(running, 'exit')
  await folder?.[Symbol.asyncDispose]()
})

describe('parts of a file', () => {
  const name = 'the sea.wav'
  const size = SOUND.length
  let etag: string

  beforeAll(async () => {
    expect(await put(name, SOUND)).toBe('201')
    etag = (await head(name)).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]+"$/)
  })

  test('the whole of it comes as it was sent', async () => {
    const response = await fetch(mediaUrl(name))
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': String(size),
      'content-type': 'audio/wav',
      'x-content-type-options': 'nosniff',
    })
    expect(Buffer.from(await response.arrayBuffer()).equals(SOUND)).toBe(true)
  })

  test('HEAD tells about it and has no body, whatever part is asked for', async () => {
    for (const headers of [{}, { range: 'bytes=0-9' }, { range: `bytes=${size}-` }]) {
      const response = await head(name, headers)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-length')).toBe(String(size))
      expect(response.headers.get('content-range')).toBeNull()
      expect((await response.arrayBuffer()).byteLength).toBe(0)
    }
  })

  test.each([
    ['the first byte', 'bytes=0-0', 0, 0],
    ['the last byte', `bytes=${size - 1}-${size - 1}`, size - 1, size - 1],
    ['the last byte as a suffix', 'bytes=-1', size - 1, size - 1],
    ['a suffix over a block', 'bytes=-4500000', size - 4_500_000, size - 1],
    ['a suffix longer than the file', `bytes=-${size + 1}`, 0, size - 1],
    ['the middle', 'bytes=4194000-4195000', 4_194_000, 4_195_000],
    ['from the middle to the end', 'bytes=9000000-', 9_000_000, size - 1],
    ['an end behind the end', `bytes=9000000-${size + 1000}`, 9_000_000, size - 1],
    ['an end that no number holds', `bytes=9000000-${'9'.repeat(400)}`, 9_000_000, size - 1],
  ])('%s', async (_, range, first, last) => {
    const response = await fetch(mediaUrl(name), { headers: { range } })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/${size}`)
    expect(response.headers.get('content-length')).toBe(String(last - first + 1))
    expect(Buffer.from(await response.arrayBuffer()).equals(SOUND.subarray(first, last + 1))).toBe(true)
  })

  test.each(['bytes=-0', `bytes=${size}-`, `bytes=${size}-${size + 9}`, `bytes=${'9'.repeat(400)}-`])(
    '%s is not there',
    async (range) => {
      const response = await fetch(mediaUrl(name), { headers: { range } })
      expect(response.status).toBe(416)
      expect(response.headers.get('content-range')).toBe(`bytes */${size}`)
      expect((await response.arrayBuffer()).byteLength).toBe(0)
    },
  )

  test.each(['bytes=0-0,5-9', 'bytes=5-4', 'bytes=-', 'bytes=a-b', 'bytes=0x1-2', 'bytes=0-1.5', 'seconds=1-2', 'x'])(
    '%s is answered by all of it',
    async (range) => {
      const response = await fetch(mediaUrl(name), { headers: { range } })
      expect([response.status, response.headers.get('content-length')]).toEqual([200, String(size)])
      await response.body?.cancel()
    },
  )

  test('If-Range gives a part of the same version alone', async () => {
    const statusFor = async (ifRange: string) => {
      const response = await fetch(mediaUrl(name), { headers: { range: 'bytes=0-0', 'if-range': ifRange } })
      await response.body?.cancel()
      return response.status
    }
    expect(await statusFor(etag)).toBe(206)
    expect(await statusFor('"another"')).toBe(200)
    expect(await statusFor(`W/${etag}`)).toBe(200)
    expect(await statusFor(new Date().toUTCString())).toBe(200)
  })

  test('If-None-Match saves what is known', async () => {
    const statusFor = async (known: string) => (await head(name, { 'if-none-match': known })).status
    expect(await statusFor(etag)).toBe(304)
    expect(await statusFor(`"another", W/${etag}`)).toBe(304)
    expect(await statusFor('"another"')).toBe(200)
  })

  test('a new version has another tag, and the one before can be read', async () => {
    expect(await put('clip.mp4', CLIP)).toBe('201')
    const before = (await head('clip.mp4')).headers.get('etag')
    expect(await put('clip.mp4', CLIP.subarray(1))).toBe('201')
    const response = await fetch(mediaUrl('clip.mp4'), { headers: { range: 'bytes=0-9', 'if-range': before ?? '' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('etag')).not.toBe(before)
    expect(Buffer.from(await response.arrayBuffer()).equals(CLIP.subarray(1))).toBe(true)

    const versions = (await (await fetch(`${mediaUrl('clip.mp4')}/versions`)).json()) as { version: string }[]
    expect(versions).toMatchObject([
      { size: CLIP.length - 1, current: true },
      { size: CLIP.length, current: false },
    ])
    const old = await fetch(`${mediaUrl('clip.mp4')}?version=${versions[1]?.version}`)
    expect(Buffer.from(await old.arrayBuffer()).equals(CLIP)).toBe(true)
    expect(await codeOf(await fetch(`${mediaUrl('clip.mp4')}?version=F20010101010101AM`))).toBe('404 NotFound')
  })
})

describe('the site', () => {
  test('pages and files carry the policy', async () => {
    for (const path of ['/', '/page.mjs', '/album', '/media/clip.mp4', '/media/nothing.png']) {
      const { headers, body } = await fetch(origin + path)
      await body?.cancel()
      expect(headers.get('content-security-policy'), path).toContain("default-src 'none'; script-src 'self'")
      expect(headers.get('x-content-type-options'), path).toBe('nosniff')
      expect(headers.get('cross-origin-resource-policy'), path).toBe('same-origin')
    }
  })

  test('nobody else may ask', async () => {
    const ask = async (method: string, headers: Record<string, string>) =>
      codeOf(await fetch(mediaUrl('clip.mp4'), { method, headers, ...(method === 'PUT' ? { body: 'x' } : {}) }))
    for (const method of ['PUT', 'DELETE']) {
      expect(await ask(method, {})).toBe('403 WrongOrigin')
      expect(await ask(method, { origin: 'http://evil.example' })).toBe('403 WrongOrigin')
    }
    // The name `localhost` leads here too, but is not the origin.
    expect(await codeOf(await fetch(origin.replace('127.0.0.1', 'localhost')))).toBe('403 WrongOrigin')
  })

  test.each([
    'page.html',
    'drawing.svg',
    'script.mjs',
    'mp4',
    '.mp4',
    'a\\b.png',
    '../a.png',
    'a\u202egnp.png',
    'a\n.png',
  ])('the name %j is refused', async (name) => {
    expect(await put(name, CLIP)).toBe('400 NameRefused')
    expect(await codeOf(await fetch(mediaUrl(name)))).toBe('400 NameRefused')
  })

  test('a file without a size, without content, or too large is refused before it is sent', async () => {
    const send = (headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(mediaUrl('clip.mp4'), { method: 'PUT', headers: { origin, ...headers } })
        sent.once('error', reject)
        sent.once('response', (response) => {
          resolve(response.statusCode ?? 0)
          sent.destroy()
        })
        sent.flushHeaders()
      })
    expect(await send({ 'transfer-encoding': 'chunked' })).toBe(411)
    expect(await send({ 'content-length': '0' })).toBe(411)
    expect(await send({ 'content-length': String(2 ** 30 + 1) })).toBe(413)
  })

  test('an upload that breaks off leaves nothing behind', async () => {
    const sent = request(mediaUrl('half.mp4'), {
      method: 'PUT',
      headers: { origin, 'content-length': String(2 * CLIP.length) },
    })
    sent.once('error', () => undefined)
    await new Promise((resolve) => sent.write(CLIP, resolve))
    sent.destroy()
    // One that is not broken off, to have given it the time.
    expect(await put('whole.mp4', CLIP)).toBe('201')
    expect(await names()).toContain('whole.mp4')
    expect(await names()).not.toContain('half.mp4')
  })

  test('what is not there cannot be read, listed or removed', async () => {
    expect(await codeOf(await fetch(`${origin}/nothing`))).toBe('404 NotFound')
    expect(await codeOf(await fetch(mediaUrl('nothing.png')))).toBe('404 NotFound')
    expect(await codeOf(await fetch(`${mediaUrl('nothing.png')}/versions`))).toBe('404 NotFound')
    const removal = { method: 'DELETE', headers: { origin } }
    expect(await codeOf(await fetch(mediaUrl('nothing.png'), removal))).toBe('404 NotFound')
    expect(await codeOf(await fetch(mediaUrl('whole.mp4'), removal))).toBe('204')
    expect(await codeOf(await fetch(mediaUrl('whole.mp4')))).toBe('404 NotFound')
  })
})

describe.skipIf(NO_CHROMIUM)('the page', () => {
  let browser: Browser
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    browser = await launchChromium()
    page = await (await browser.newContext()).newPage()
    page.on('console', (message) => {
      // Refusals are shown by the page; Chromium notes every answer of that kind as well.
      if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(origin)
    await page.locator('#suppliers', { hasText: '4 of 4 suppliers are there' }).waitFor()
  })

  afterAll(() => browser?.close())

  test('a picture and a video are added and shown', async () => {
    await page.setInputFiles('#add', [
      { name: 'a picture.png', mimeType: 'image/png', buffer: await page.screenshot() },
      { name: 'a walk.webm', mimeType: 'video/webm', buffer: await recordVideo() },
    ])
    await card('a walk.webm').waitFor()
    expect(await page.locator('#jobs li').count()).toBe(0)
    const picture = "[...document.querySelectorAll('#gallery img')].at(-1)"
    const width = await page.evaluate(`${picture}.decode().then(() => ${picture}.naturalWidth)`)
    expect(width).toBe(page.viewportSize()?.width)
    await until("[...document.querySelectorAll('#gallery video')].some(({ videoWidth }) => videoWidth === 320)")
  })

  test('a video plays', async () => {
    await card('a walk.webm').click()
    await until("document.querySelector('#stage video')?.currentTime > 0.2")
    await page.keyboard.press('Escape')
    expect(await page.locator('#stage video').count()).toBe(0)
  })

  test('seeking fetches the part that is played', async () => {
    const parts: { range: string; status: number; contentRange: string }[] = []
    page.on('response', async (response) => {
      const { range } = await response.request().allHeaders()
      if (range === undefined) return
      const contentRange = (await response.allHeaders())['content-range'] ?? ''
      parts.push({ range, status: response.status(), contentRange })
    })
    await card('the sea.wav').click()
    await until("document.querySelector('#stage audio')?.readyState >= 3")
    expect(await page.evaluate("document.querySelector('#stage audio').duration")).toBeCloseTo(SECONDS)
    await page.evaluate("document.querySelector('#stage audio').currentTime = 55")
    await until("!document.querySelector('#stage audio').seeking")
    await until("document.querySelector('#stage audio').currentTime > 55.1")
    await expect.poll(() => parts.length).toBeGreaterThan(1)
    const sought = parts.find(({ range }) => Number(/^bytes=(\d+)-/.exec(range)?.[1]) > 40 * BYTES_PER_SECOND)
    if (sought === undefined) throw new Error(`nothing was fetched for it: ${JSON.stringify(parts)}`)
    const { range, status, contentRange } = sought
    const from = Number(/\d+/.exec(range))
    expect([status, contentRange]).toEqual([206, `bytes ${from}-${SOUND.length - 1}/${SOUND.length}`])
    const again = await fetch(mediaUrl('the sea.wav'), { headers: { range } })
    expect(Buffer.from(await again.arrayBuffer()).equals(SOUND.subarray(from))).toBe(true)
    await page.click('text=Close')
  })

  test('what cannot be kept is refused in words', async () => {
    const files = [{ name: 'notes.html', mimeType: 'text/html', buffer: Buffer.from('<script>alert(1)</script>') }]
    await page.setInputFiles('#add', files)
    await page
      .locator('.failed', { hasText: 'notes.html The album takes pictures (jpg, png, gif, webp, avif)' })
      .waitFor()
    expect(await names()).not.toContain('notes.html')
  })

  test('what a browser cannot play is said', async () => {
    await card('clip.mp4').click()
    await page.locator('#viewer-problem', { hasText: 'This browser cannot show it' }).waitFor()
    expect(await page.locator('#versions option').count()).toBe(2)
    await page.click('text=Close')
  })

  test('a picture is deleted', async () => {
    await card('a picture.png').click()
    await page.click('text=Delete')
    await card('a picture.png').waitFor({ state: 'detached' })
    expect(await names()).not.toContain('a picture.png')
  })

  test('the page does nothing that its policy forbids', () => expect(complaints).toEqual([]))

  function card(name: string) {
    return page.locator('#gallery li', { hasText: name })
  }

  /** Waits until something holds in the page, whose policy forbids Playwright's own way to do so. */
  async function until(condition: string): Promise<void> {
    await expect.poll(() => page.evaluate(condition), { timeout: 30_000 }).toBe(true)
  }

  /** A second of moving colours. */
  async function recordVideo(): Promise<Buffer> {
    const bytes = (await page.evaluate(`(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 })
      const context = canvas.getContext('2d')
      const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' })
      const stopped = new Promise((resolve) => { recorder.onstop = resolve })
      const parts = []
      recorder.ondataavailable = ({ data }) => parts.push(data)
      recorder.start()
      for (let hue = 0; hue < 360; hue += 12) {
        context.fillStyle = 'hsl(' + hue + ' 70% 50%)'
        context.fillRect(0, 0, 320, 180)
        await new Promise((resolve) => setTimeout(resolve, 40))
      }
      recorder.stop()
      await stopped
      return [...new Uint8Array(await new Blob(parts).arrayBuffer())]
    })()`)) as number[]
    return Buffer.from(bytes)
  }
})

describe('suppliers', () => {
  test('with half of them gone everything can still be read, and what would not be safe is not stored', async () => {
    for (const name of ['supplier-2', 'supplier-3']) await runCli(join(data, 'trial-network', name), ['stop'])
    await expect.poll(async () => (await album()).suppliers, { timeout: 60_000 }).toEqual({ connected: 2, count: 4 })
    const response = await fetch(mediaUrl('clip.mp4'), { headers: { range: 'bytes=100000-100099' } })
    expect(Buffer.from(await response.arrayBuffer()).equals(CLIP.subarray(100_001, 100_101))).toBe(true)
    expect(await put('late.mp4', CLIP)).toBe('503 UploadIncomplete')
    expect(await names()).not.toContain('late.mp4')
  })

  test.each([
    ['after a restart', []],
    ['on a machine that has nothing but its master key', ['device.key', 'identity.xml', 'storage.sqlite']],
  ])('%s the album is as it was', async (_, lost) => {
    const before = (await album()).items
    running.kill('SIGTERM')
    expect(await once(running, 'exit')).toEqual([0, null])
    for (const name of lost) await rm(join(data, name))
    await start()
    expect((await album()).items).toEqual(before)
    const response = await fetch(mediaUrl('the sea.wav'))
    expect(Buffer.from(await response.arrayBuffer()).equals(SOUND)).toBe(true)
    expect(await put('again.mp4', CLIP)).toBe('201')
  })
})

keyValueStoreConformance('the one of the photo album', async () => {
  const { openKeyValueStore } = await import(join(app, 'key-value-store.mjs'))
  const store = openKeyValueStore(join(await mkdtemp(join(folder.path, 'store-')), 'store.sqlite'))
  return { store, close: () => store.close() }
})

/** Starts the album as its package says, on a port that is free here. */
async function start(): Promise<void> {
  const { scripts } = JSON.parse(await readFile(join(example, 'package.json'), 'utf8'))
  expect(scripts.start).toBe('node main.mjs http://127.0.0.1:8086 .bitdust-run')
  running = spawn(process.execPath, ['main.mjs', origin, data], {
    cwd: app,
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { stdout } = running
  if (stdout === null) throw new Error('its standard output is a pipe')
  const [firstLine] = await once(createInterface({ input: stdout }), 'line')
  expect(firstLine).toBe(origin)
}

function mediaUrl(name: string): string {
  return `${origin}/media/${encodeURIComponent(name)}`
}

function head(name: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(mediaUrl(name), { method: 'HEAD', headers })
}

async function put(name: string, bytes: Buffer): Promise<string> {
  return codeOf(await fetch(mediaUrl(name), { method: 'PUT', headers: { origin }, body: new Uint8Array(bytes) }))
}

async function codeOf(response: Response): Promise<string> {
  if (response.ok) {
    await response.body?.cancel()
    return String(response.status)
  }
  return `${response.status} ${((await response.json()) as { code: string }).code}`
}

async function album(): Promise<Album> {
  return (await (await fetch(`${origin}/album`)).json()) as Album
}

async function names(): Promise<string[]> {
  return (await album()).items.map(({ name }) => name)
}

/** Bytes that do not compress, the same ones each time. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = 1
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** Noise that browsers play: PCM, two channels of 16 bits. */
function wav(seconds: number): Buffer {
  const size = seconds * BYTES_PER_SECOND
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + size, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(2, 22)
  header.writeUInt32LE(44_100, 24)
  header.writeUInt32LE(BYTES_PER_SECOND, 28)
  header.writeUInt16LE(4, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(size, 40)
  return Buffer.concat([header, noise(size)])
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
