import { type CanonicalValue, decodeCanonical, encodeCanonical, isBitdustError } from '@bitdust/crypto'
import * as v from 'valibot'
import { TransportError, type TransportErrorCode, type TransportErrorOptions } from '../errors.ts'

/** The command of a reply that says no. */
export const FAIL = 'Fail'

const MAX_MESSAGE_CHARACTERS = 500
const MAX_FAILURE_BYTES = 4096

/** Codes that may travel. Everything else stays here and becomes `Internal`: it would tell strangers about our insides. */
const PUBLIC_CODES: ReadonlySet<string> = new Set<TransportErrorCode>([
  'PacketMalformed',
  'SignatureInvalid',
  'ReplayDetected',
  'ClockSkew',
  'WrongAudience',
  'PeerIdentityMismatch',
  'Unauthorized',
  'NotFound',
  'QuotaExceeded',
  'LimitExceeded',
  'RateLimited',
  'Busy',
  'Timeout',
  'VersionUnsupported',
  'KeyRevoked',
  'DiskFull',
  'FragmentCorrupt',
  'RecordInvalid',
  'RecordRollback',
  'KeyConflict',
  'KeyGrantInvalid',
])

/** What a peer is told about an error. */
export interface PublicFailure {
  readonly code: TransportErrorCode
  readonly message: string
  readonly retryable: boolean
}

const failureSchema = v.strictObject({ code: v.string(), message: v.string(), retryable: v.boolean() })

/** What may be said of an error outside: code and message of those that are meant for peers, else `Internal` alone. */
export function refusalOf(error: unknown): PublicFailure {
  if (!isBitdustError(error) || !isPublicCode(error.code)) {
    return { code: 'Internal', message: 'internal error', retryable: false }
  }
  return { code: error.code, message: error.message.slice(0, MAX_MESSAGE_CHARACTERS), retryable: error.retryable }
}

/** The payload of a `Fail` reply: canonical CBOR { code, message, retryable }. */
export function encodeFailure({ code, message, retryable }: PublicFailure): Uint8Array {
  return encodeCanonical({ code, message: message.toWellFormed(), retryable })
}

/**
 * The error that a `Fail` reply stands for.
 *
 * @param culprit - Fingerprint of the peer that signed the reply.
 * @throws {TransportError} `PacketMalformed` for another payload.
 */
export function decodeFailure(payload: Uint8Array, culprit: string): TransportError {
  const result = v.safeParse(failureSchema, decode(payload))
  if (!result.success) throw new TransportError('PacketMalformed', `payload of Fail: ${result.issues[0].message}`)
  const { code, message, retryable } = result.output
  return errorOfPeer(code, message, { retryable, culprit })
}

/** An error as a peer told it. Its text is foreign: cut, and freed of what could command a terminal. */
export function errorOfPeer(
  code: string,
  message: string,
  options: Pick<TransportErrorOptions, 'retryable' | 'culprit'> = {},
): TransportError {
  const text = message.slice(0, MAX_MESSAGE_CHARACTERS).replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ')
  const known = isPublicCode(code) ? code : 'Internal'
  return new TransportError(known, `peer answered: ${text}`, options)
}

function isPublicCode(code: string): code is TransportErrorCode {
  return PUBLIC_CODES.has(code)
}

function decode(payload: Uint8Array): CanonicalValue {
  try {
    return decodeCanonical(payload, { maxBytes: MAX_FAILURE_BYTES })
  } catch (cause) {
    if (!isBitdustError(cause)) throw cause
    throw new TransportError('PacketMalformed', `payload of Fail: ${cause.message}`, { cause })
  }
}
