import type { FuzzTarget } from '@bitdust/testing'
import { readAnswer } from '../src/client/answer-error.ts'
import { HOST, makeIdentity } from './support/identities.ts'
import { testServer } from './support/servers.ts'

const identity = new TextDecoder().decode(await makeIdentity())
const server = testServer()
await server.ask('PUT', '/alice.xml', { body: identity })

const STATUSES: readonly number[] = [200, 201, 204, 304, 400, 403, 404, 405, 409, 413, 414, 429, 431]

/** `METHOD target`, headers, an empty line, the body: as on the wire, but for the version of HTTP. */
interface WrittenRequest {
  readonly method: string
  readonly target: string
  readonly headers: Record<string, string>
  readonly body: string
}

function readRequest(text: string): WrittenRequest {
  const [head = '', ...rest] = text.split('\n\n')
  const [first = '', ...lines] = head.split('\n')
  const [method = '', target = ''] = first.split(' ')
  const headers = lines.map((line) => line.split(': ')).map(([name = '', value = '']) => [name, value] as const)
  return { method, target, headers: Object.fromEntries(headers), body: rest.join('\n\n') }
}

/** Null for what no HTTP server would hand on as a request. */
async function ask({ method, target, headers, body }: WrittenRequest): Promise<Response | null> {
  const hasBody = method !== 'GET' && method !== 'HEAD'
  try {
    const _ = new Request(`http://${HOST}${target}`, { method, headers, ...(hasBody ? { body } : {}) })
  } catch {
    return null
  }
  return server.ask(method, target, { headers, ...(hasBody ? { body } : {}) })
}

/** The parsers of this package: what it makes of requests, and of answers. */
export const targets: readonly FuzzTarget[] = [
  {
    name: 'request',
    seeds: [
      'GET /alice.xml\nif-none-match: "abc", W/"def"\n\n',
      'HEAD /alice.xml\n\n',
      'GET /?after=alice&limit=10\naccept: text/html\n\n',
      'GET /alice\n\n',
      'GET /health\n\n',
      'GET /metrics\n\n',
      'OPTIONS /alice.xml\norigin: http://a.com\n\n',
      `PUT /alice.xml\ncontent-type: application/xml\nx-forwarded-for: 1.2.3.4, 5.6.7.8\n\n${identity}`,
      `POST /\ncontent-length: 10\n\n${identity}`,
    ],
    tokens: [
      '/..%2f..%2fetc%2fpasswd.xml',
      '//x.xml',
      '%00',
      '%',
      'CON.xml',
      'http://b.com/',
      '?',
      '*',
      '"',
      'W/',
      ',',
      '\n\n',
      '\r\n',
    ],
    async parse(input: string | Uint8Array) {
      const response = await ask(readRequest(String(input)))
      if (response === null) return null
      if (!STATUSES.includes(response.status)) throw new Error(`answered ${response.status}`)
      const answer = await response.text()
      const isJson = answer !== '' && response.headers.get('content-type')?.startsWith('application/json') === true
      const { code, message } = isJson ? (JSON.parse(answer) as { code?: unknown; message?: unknown }) : {}
      if (
        response.status >= 400 &&
        response.status !== 405 &&
        answer !== '' &&
        (typeof code !== 'string' || typeof message !== 'string')
      )
        throw new Error(`${response.status} without code and message`)
      return response.status
    },
    errors: {},
  },
  {
    name: 'answer',
    seeds: ['{"code":"IdentityRollback","message":"older"}', '{"code":"Ok"}', ''],
    tokens: ['{', '}', '"code"', ':', 'null', '[', '1e999', '"\\ud800"'],
    parse: (input: string | Uint8Array) => readAnswer(new Response(input as string), new AbortController().signal),
    errors: {},
  },
]
