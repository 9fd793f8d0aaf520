import { timingSafeEqual } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { isBitdustError, randomBytes, sha256, toBase64Url, utf8Encode } from '@bitdust/crypto'
import { writeFileDurable } from '@bitdust/crypto/files'
import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { NodeError } from '../errors.ts'
import type { BitdustNode } from '../node.ts'
import type { CommandArea } from './command.ts'
import { describeError } from './error-report.ts'
import { parseUntrustedJson } from './json.ts'

const MAX_BODY_BYTES = 1024 * 1024
const TOKEN_BYTES = 32

export interface LocalApiOptions {
  readonly node: BitdustNode
  /** Commands by area; an area's commands answer at `POST /v1/<area>/<verb>`. */
  readonly areas: Readonly<Record<string, CommandArea>>
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port: number
  /** Where port and token are written for the CLI, mode 0600. */
  readonly file: string
}

/** The running local API. */
export interface LocalApi {
  readonly port: number
  /** Aborts running commands, closes the port and removes the file. Idempotent. */
  stop(): Promise<void>
}

/**
 * Serves the local API on loopback: HTTP with a bearer token out of a 0600 file.
 *
 * A command answers with JSON lines: any number of `{"progress": …}`, then one `{"result": …}` or `{"error": …}`.
 * Web pages cannot use it: a foreign `Host` or any `Origin` is refused, and so is any other content type than JSON (threats.md A19).
 */
export async function serveLocalApi({ node, areas, port, file }: LocalApiOptions): Promise<LocalApi> {
  const token = toBase64Url(randomBytes(TOKEN_BYTES))
  const lifetime = new AbortController()
  const app = new Hono()

  app.use(async (context, next) => {
    const refusal = refusalOf(context, token)
    if (refusal !== null)
      return context.json({ error: describeError(refusal) }, refusal.code === 'Unauthorized' ? 401 : 403)
    return next()
  })
  app.post(
    '/v1/:area/:verb',
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (context) => context.json({ error: describeError(tooLarge()) }, 413),
    }),
    async (context) => {
      const { area, verb } = context.req.param()
      const command = Object.hasOwn(areas, area) ? ownCommand(areas[area], verb) : undefined
      if (command === undefined)
        return context.json({ error: describeError(new NodeError('NotFound', `no command ${area}/${verb}`)) }, 404)
      const input = parseOrRefuse(await context.req.text())
      if (input instanceof NodeError) return context.json({ error: describeError(input) }, 400)
      const signal = AbortSignal.any([context.req.raw.signal, lifetime.signal])
      const lines = jsonLines((progress) => command.invoke(node, input, { signal, progress }))
      return context.body(lines, 200, { 'content-type': 'application/x-ndjson' })
    },
  )
  app.notFound((context) => context.json({ error: describeError(new NodeError('NotFound', 'no such resource')) }, 404))

  const { server, boundPort } = await listen(app, port)
  await writeFileDurable(file, utf8Encode(`${JSON.stringify({ port: boundPort, token, pid: process.pid })}\n`))
  let stopped: Promise<void> | undefined
  return {
    port: boundPort,
    stop() {
      stopped ??= (async () => {
        lifetime.abort(new NodeError('Cancelled', 'the node is stopping'))
        await new Promise<void>((resolve) => {
          server.close(() => resolve())
          if ('closeIdleConnections' in server) server.closeIdleConnections()
        })
        await rm(file, { force: true })
      })()
      return stopped
    },
  }
}

function ownCommand(area: CommandArea | undefined, verb: string) {
  return area !== undefined && Object.hasOwn(area, verb) ? area[verb] : undefined
}

/** Why a request is not served at all, or null. */
function refusalOf(context: Context, token: string): NodeError | null {
  const host = context.req.header('host') ?? ''
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return new NodeError('PacketMalformed', 'wrong Host')
  if (context.req.header('origin') !== undefined)
    return new NodeError('PacketMalformed', 'web pages may not use the local API')
  const given = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1] ?? ''
  // Hashing makes both sides equally long, so that the comparison takes the same time whatever was given.
  if (!timingSafeEqual(sha256(utf8Encode(given)), sha256(utf8Encode(token))))
    return new NodeError('Unauthorized', 'wrong or missing token')
  const type = context.req.header('content-type') ?? ''
  if (context.req.method === 'POST' && !/^application\/json\b/.test(type))
    return new NodeError('PacketMalformed', 'content type must be application/json')
  return null
}

function parseOrRefuse(text: string): unknown | NodeError {
  try {
    return parseUntrustedJson(text)
  } catch (error) {
    if (isBitdustError(error)) return error
    throw error
  }
}

function tooLarge(): NodeError {
  return new NodeError('LimitExceeded', `a request has at most ${MAX_BODY_BYTES} bytes`)
}

/** Runs work and streams its progress and outcome. Progress that nobody reads in time is dropped: only the latest matters. */
function jsonLines(work: (progress: (event: object) => void) => Promise<unknown>): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async start(controller) {
        let open = true
        const send = (line: object) => {
          if (open) controller.enqueue(utf8Encode(`${JSON.stringify(line)}\n`))
        }
        const progress = (event: object) => {
          if ((controller.desiredSize ?? 0) > 0) send({ progress: event })
        }
        try {
          send({ result: (await work(progress)) ?? null })
        } catch (error) {
          send({ error: describeError(error) })
        }
        open = false
        controller.close()
      },
    },
    { highWaterMark: 64 },
  )
}

async function listen(app: Hono, port: number) {
  return new Promise<{ server: ReturnType<typeof serve>; boundPort: number }>((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port }, (info) =>
      resolve({ server, boundPort: info.port }),
    )
    server.once('error', reject)
  })
}
