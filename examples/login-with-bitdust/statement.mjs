// What a visitor signs, for both ends: the page writes it, the server reads it. Label: `LABELS.login`.
import { decodeCanonical, encodeCanonical } from '@bitdust/crypto'
import { SignInError } from './sign-in-error.mjs'

const VERSION = 1
const FIELDS = ['v', 'origin', 'idurl', 'challenge', 'expires']
const MAX_BYTES = 1024

/**
 * "I, whose identity stands at `idurl`, sign in at `origin`, in answer to this challenge, not after `expires` (ms since
 * the epoch)." Deterministic CBOR, so that there is one spelling of it.
 */
export function encodeStatement({ origin, idurl, challenge, expires }) {
  return encodeCanonical({ v: VERSION, origin, idurl, challenge, expires })
}

/** Undoes {@link encodeStatement}. */
export function decodeStatement(bytes) {
  const statement = decodeRecord(bytes)
  const { v, origin, idurl, challenge, expires } = statement
  const isComplete = Object.keys(statement).length === FIELDS.length && FIELDS.every((name) => name in statement)
  const isTyped = typeof origin === 'string' && typeof idurl === 'string' && challenge instanceof Uint8Array
  if (!isComplete || !isTyped || v !== VERSION || typeof expires !== 'number') throw malformed()
  return { origin, idurl, challenge, expires }
}

function decodeRecord(bytes) {
  try {
    return Object(decodeCanonical(bytes, { maxBytes: MAX_BYTES }))
  } catch {
    throw malformed()
  }
}

function malformed() {
  return new SignInError('RequestMalformed', 'this is no statement of a visitor')
}
