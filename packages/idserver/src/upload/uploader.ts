import { equalBytes, isBitdustError } from '@bitdust/crypto'
import { type IdentityDocument, MAX_IDENTITY_BYTES, openIdentity, openLegacyIdentity } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { withDeadline } from '../deadline.ts'
import { IdServerError } from '../errors.ts'
import { type Answer, jsonAnswer } from '../http/answer.ts'
import type { Ask, RequestInfo } from '../http/ask.ts'
import { codeOf } from '../http/error-answer.ts'
import { formatEtag } from '../http/etag.ts'
import { knownCode } from '../http/status.ts'
import { addressGroup, NEIGHBOURHOOD } from '../limits/address-group.ts'
import { createKeyedQueue } from '../limits/keyed-queue.ts'
import { type IdServerLimits, UPLOAD_TIMEOUT_MS } from '../limits/limits.ts'
import { createRateLimiter, type RateLimiter } from '../limits/rate-limiter.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { openStored } from '../read/open-stored.ts'
import type { IdentityFileStore } from '../store/identity-file-store.ts'
import { checkSuccession, nameHere } from './admission.ts'

export interface UploaderOptions {
  /** The server's own host, canonical. */
  readonly host: string
  readonly store: Pick<IdentityFileStore, 'get' | 'put'>
  readonly clock: Clock
  readonly limits: IdServerLimits
  /** Also lifts `limits`. */
  readonly allowPrivate: boolean
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'upload'>
}

/** Takes one upload. `pathName` is the name in the address it was sent to, `null` for `/`. */
export type Uploader = (
  ask: Pick<Ask, 'header' | 'readBody'>,
  info: RequestInfo,
  pathName: string | null,
) => Promise<Answer>

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** What happened to an accepted document; also the `code` of the answer. */
type Outcome = 'Created' | 'Updated' | 'Unchanged'

/** The writing side of an ID-server. Checks go from cheap to dear, and nothing is written before all have passed. */
export function createUploader(options: UploaderOptions): Uploader {
  const { host, store, clock, limits, allowPrivate, logger, metrics } = options
  const names = createKeyedQueue()
  // Names whose last write failed. What is read there may be new and yet not durable, so it is written once more.
  const doubtful = new Set<string>()
  const uploads = createRateLimiter({ requests: limits.uploadsPerMinute, periodMs: MINUTE_MS, clock })
  const newNames = createRateLimiter({ requests: limits.newNamesPerDay, periodMs: DAY_MS, clock })

  function count(limiter: RateLimiter, group: string, what: string): void {
    if (allowPrivate) return
    const waitMs = limiter.take(group)
    if (waitMs === 0) return
    const seconds = Math.ceil(waitMs / 1000)
    throw new IdServerError('RateLimited', `too many ${what} from your network, try again in ${seconds} s`, {
      retryable: true,
      retryAfterMs: waitMs,
    })
  }

  /** Runs alone for its name: what it compares with is what it replaces. */
  async function keep(name: string, bytes: Uint8Array, document: IdentityDocument, group: string): Promise<Outcome> {
    const stored = await store.get(name)
    const same = stored !== null && equalBytes(stored.bytes, bytes)
    if (same && !doubtful.has(name)) return 'Unchanged'
    if (stored === null) count(newNames, group, 'new names')
    else if (!same) checkSuccession(await openStored(stored.bytes, name), document, name)
    doubtful.add(name)
    await store.put(name, bytes)
    doubtful.delete(name)
    if (same) return 'Unchanged'
    return stored === null ? 'Created' : 'Updated'
  }

  async function take(ask: Pick<Ask, 'header' | 'readBody'>, group: string, pathName: string | null): Promise<Answer> {
    checkDeclaredLength(ask.header('content-length'))
    count(uploads, group, 'uploads')
    const bytes = await withDeadline({ timeoutMs: UPLOAD_TIMEOUT_MS, clock, what: 'the upload' }, (signal) =>
      ask.readBody({ maxBytes: MAX_IDENTITY_BYTES, signal }),
    )
    const document = await openOffered(bytes, allowPrivate)
    const name = nameHere(document, host, pathName)
    const outcome = await names.run(name, () => keep(name, bytes, document, group))
    const { revision, fingerprint } = document
    metrics.upload(outcome)
    logger.info('identity accepted', { name, outcome, revision, fingerprint })
    const message = `/${name}.xml is at revision ${revision}`
    const etag = formatEtag(bytes)
    if (outcome === 'Created') return jsonAnswer(201, { code: outcome, message }, { etag, location: `/${name}.xml` })
    return jsonAnswer(200, { code: outcome, message }, { etag })
  }

  return async (ask, { remoteAddress }, pathName) => {
    try {
      return await take(ask, addressGroup(remoteAddress, NEIGHBOURHOOD), pathName)
    } catch (error) {
      metrics.upload(codeOf(error))
      // One line per refused flood request would fill the disk of logs.
      if (error instanceof IdServerError && error.code !== 'RateLimited')
        logger.warn('upload refused', { code: error.code, reason: error.message, remoteAddress })
      throw error
    }
  }
}

function checkDeclaredLength(header: string | null): void {
  if (header !== null && Number(header) > MAX_IDENTITY_BYTES)
    throw new IdServerError('LimitExceeded', `the body has ${header} bytes, limit is ${MAX_IDENTITY_BYTES}`)
}

/** The document that somebody sent; whatever is wrong with it is his failure. */
async function openOffered(bytes: Uint8Array, allowPrivate: boolean): Promise<IdentityDocument> {
  try {
    return await openIdentity(bytes, { allowPrivate })
  } catch (cause) {
    const code = isBitdustError(cause) ? knownCode(cause.code) : null
    if (code === null) throw cause
    if (await isLegacy(bytes))
      throw new IdServerError(
        'VersionUnsupported',
        'the document has the signature scheme of the original BitDust, which is not safe today',
        { cause },
      )
    throw new IdServerError(code, (cause as Error).message, { cause })
  }
}

/** Whether the document is a valid one of the original. Such are read by clients, never taken by servers. */
function isLegacy(bytes: Uint8Array): Promise<boolean> {
  return openLegacyIdentity(bytes).then(
    () => true,
    () => false,
  )
}
