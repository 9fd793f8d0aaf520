import { utf8Encode } from '@bitdust/crypto'

/** An HTTP answer before it becomes a `Response`. Header names are in lower case. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** `null` for statuses that have no body. */
  readonly body: Uint8Array | null
}

/** Headers of every answer. Reading is free for pages of any origin; nothing served here may run as a script. */
const COMMON = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'etag, retry-after',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
}

/** The one shape of all answers but documents and the index: `{code, message}`. */
export function jsonAnswer(
  status: number,
  content: { readonly code: string; readonly message: string },
  headers = {},
): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: utf8Encode(`${JSON.stringify(content)}\n`),
  }
}

/** All headers of an answer. They are those of GET for HEAD too, whose body is left out. */
export function headersOf({ headers, body }: Answer): Record<string, string> {
  const length = body === null ? {} : { 'content-length': String(body.length) }
  return { ...COMMON, ...length, ...headers }
}
