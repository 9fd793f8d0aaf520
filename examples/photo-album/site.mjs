import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isBitdustError } from '@bitdust/crypto'
import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { AlbumError } from './album-error.mjs'
import { byteRange } from './byte-range.mjs'
import { checkMediaName, mediaTypeOf } from './media.mjs'

const MAX_FILE_BYTES = 2 ** 30
/** A put takes up to 200 MiB of memory. */
const MAX_UPLOADS = 2
const FOLDER = 'album'

const PAGE = {
  '/': ['page.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css'],
  '/page.mjs': ['page.mjs', 'text/javascript'],
  '/talk.mjs': ['talk.mjs', 'text/javascript'],
}

/** The page runs scripts of this site, shows what is kept here, and nothing else; no other site can frame it. */
const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  mediaSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
}

const STATUS = {
  NameRefused: 400,
  PathUnsafe: 400,
  WrongOrigin: 403,
  NotFound: 404,
  LengthRequired: 411,
  LimitExceeded: 413,
  Busy: 503,
  UploadIncomplete: 503,
  NotEnoughFragments: 503,
  CatalogFreshnessUnknown: 503,
  Timeout: 504,
  QuotaExceeded: 507,
}

/**
 * The site: the page, and what the page asks.
 *
 *     GET    /album                           -> { items, suppliers, maxBytes }
 *     GET    /media/NAME, ?version=VERSION    -> the file or a part of it
 *     GET    /media/NAME/versions             -> what was put under this name, newest first
 *     PUT    /media/NAME                      -> { name, version, state }; the body is the file
 *     DELETE /media/NAME
 *
 * What is refused is answered `{ code, message }`.
 *
 * @param customer - Of `@bitdust/customer`, whatever it was wired from.
 */
export function createSite({ origin, customer, log }) {
  const { host } = new URL(origin)
  const app = new Hono()
  let uploads = 0

  app.use(secureHeaders({ contentSecurityPolicy: POLICY }))
  app.use(async (c, next) => {
    // A name that was made to lead here must not share our origin.
    if (c.req.header('host') !== host) throw new AlbumError('WrongOrigin', `this album is ${origin}`)
    // Browsers tell the truth here, so no other site can put anything into the album.
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && c.req.header('origin') !== origin)
      throw new AlbumError('WrongOrigin', `only pages of ${origin} may ask this`)
    c.header('cache-control', 'no-store')
    await next()
  })

  for (const [path, [file, type]] of Object.entries(PAGE))
    app.get(path, async (c) =>
      c.body(await readFile(join(import.meta.dirname, file)), { headers: { 'content-type': type } }),
    )

  app.get('/album', async (c) => {
    const links = customer.family.links()
    const connected = links.filter(({ state }) => state === 'connected').length
    const items = await listItems(c.req.raw.signal)
    return c.json({ items, suppliers: { connected, count: links.length }, maxBytes: MAX_FILE_BYTES })
  })

  app.get('/media/:name', async (c) => {
    const { signal } = c.req.raw
    const version = c.req.query('version')
    const reader = await customer.get(pathOf(c), { signal, ...(version === undefined ? {} : { version }) })
    const { name, size, mtime } = reader.entry
    // Each put has a time of its own.
    const etag = `"${mtime.toString(36)}-${size.toString(36)}"`
    const headers = {
      'content-type': mediaTypeOf(name),
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      etag,
    }
    if (knows(c.req.header('if-none-match'), etag)) return c.body(null, 304, headers)
    if (c.req.method === 'HEAD') return c.body(null, 200, { ...headers, 'content-length': String(size) })

    // A part of another version would be of no use. Times are too coarse to tell versions apart, so none is believed.
    const isCurrent = (c.req.header('if-range') ?? etag) === etag
    const range = isCurrent ? byteRange(c.req.header('range'), size) : 'whole'
    if (range === 'unsatisfiable') return c.body(null, 416, { ...headers, 'content-range': `bytes */${size}` })
    const { first, last } = range === 'whole' ? { first: 0, last: size - 1 } : range
    const length = last - first + 1
    const body = await begun(reader.range(first, length))
    headers['content-length'] = String(length)
    if (range === 'whole') return c.body(body, 200, headers)
    return c.body(body, 206, { ...headers, 'content-range': `bytes ${first}-${last}/${size}` })
  })

  app.get('/media/:name/versions', async (c) => {
    const versions = await customer.versions(pathOf(c), { signal: c.req.raw.signal })
    return c.json(versions.map(({ version, date, size, current }) => ({ version, date, size, current })))
  })

  app.put('/media/:name', async (c) => {
    const path = pathOf(c)
    // Then node:http takes so many bytes or fails, and what broke off is not taken for a file.
    const length = Number(c.req.header('content-length') ?? 0)
    if (length === 0) throw new AlbumError('LengthRequired', 'the size of the file must be told, and not be 0')
    if (length > MAX_FILE_BYTES) throw new AlbumError('LimitExceeded', `more than ${MAX_FILE_BYTES} bytes`)
    if (uploads === MAX_UPLOADS) throw new AlbumError('Busy', 'other files are being stored')
    uploads += 1
    try {
      const { version, state } = await customer.put(path, c.req.raw.body, { signal: c.req.raw.signal })
      log({ event: 'stored', path, version, state })
      return c.json({ name: path.slice(FOLDER.length + 1), version, state }, 201)
    } finally {
      uploads -= 1
    }
  })

  app.delete('/media/:name', async (c) => {
    const path = pathOf(c)
    await customer.remove(path, { signal: c.req.raw.signal })
    log({ event: 'removed', path })
    return c.body(null, 204)
  })

  app.notFound(() => {
    throw new AlbumError('NotFound', 'there is no such page')
  })

  app.onError((error, c) => {
    if (c.req.raw.signal.aborted) return c.body(null, 408)
    if (!isBitdustError(error)) {
      console.error(error)
      return c.json({ code: 'Internal', message: 'something is wrong here' }, 500)
    }
    const { code, message } = error
    log({ event: 'refused', code })
    return c.json({ code, message }, STATUS[code] ?? 500)
  })

  async function listItems(signal) {
    const items = []
    try {
      for await (const { name, size, mtime, version } of customer.list(FOLDER, { signal }))
        items.push({ name, size, mtime, version, type: mediaTypeOf(name) })
    } catch (error) {
      // Before the first upload there is no such folder.
      if (!isBitdustError(error, 'NotFound')) throw error
    }
    return items.sort((a, b) => b.mtime - a.mtime)
  }

  return app
}

function pathOf(c) {
  return `${FOLDER}/${checkMediaName(c.req.param('name'))}`
}

/** Whether an `If-None-Match` header names the version that we have. */
function knows(header, etag) {
  const known = (header ?? '').split(',').map((text) => text.trim().replace(/^W\//, ''))
  return known.includes(etag) || known.includes('*')
}

/** Bytes of which the first have come: what cannot be read is told by a status, not by an answer that breaks off. */
async function begun(bytes) {
  const iterator = bytes[Symbol.asyncIterator]()
  const first = await iterator.next()
  const rest = { [Symbol.asyncIterator]: () => iterator }
  return ReadableStream.from(
    (async function* () {
      if (!first.done) yield first.value
      yield* rest
    })(),
  )
}
