import { utf8Decode } from '@bitdust/crypto'
import { IdServerError, type IdServerErrorCode } from '../errors.ts'
import { readBody } from '../http/read-body.ts'
import { knownCode } from '../http/status.ts'

/** Longest `{code, message}` that is read, in bytes. */
const MAX_ANSWER_BYTES = 8 * 1024

/** Longest text of a stranger that gets into our error messages, in characters. */
const MAX_MESSAGE_CHARACTERS = 300

/** Statuses of servers that do not speak `{code, message}`. */
const CODE_OF_STATUS: ReadonlyMap<number, IdServerErrorCode> = new Map([
  [400, 'IdentityMalformed'],
  [403, 'IdurlForbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [408, 'Timeout'],
  [409, 'IdentityNameTaken'],
  [413, 'LimitExceeded'],
  [429, 'RateLimited'],
  [507, 'DiskFull'],
])

/** What an answer of an ID-server says, as far as it can be read. */
export interface AnswerContent {
  readonly code?: unknown
  readonly message?: unknown
}

/** Reads the JSON object of an answer; empty when it is anything else. */
export async function readAnswer(response: Response, signal: AbortSignal): Promise<AnswerContent> {
  try {
    const content: unknown = JSON.parse(
      utf8Decode(await readBody(response.body, { maxBytes: MAX_ANSWER_BYTES, signal })),
    )
    return typeof content === 'object' && content !== null ? content : {}
  } catch {
    return {}
  }
}

/** The refusal in an answer as an error: with the server's code, or the one that its status means. */
export async function answerError(url: string, response: Response, signal: AbortSignal): Promise<IdServerError> {
  const { code, message } = await readAnswer(response, signal)
  const known = knownCode(code) ?? CODE_OF_STATUS.get(response.status) ?? 'Internal'
  const said = typeof message === 'string' ? `: ${message.slice(0, MAX_MESSAGE_CHARACTERS)}` : ''
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new IdServerError(known, `${url} answered ${response.status}${said}`, {
    subject: url,
    retryable: response.status >= 500 || response.status === 429 || response.status === 408,
    ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {}),
  })
}
