import { type Fingerprint, fromBase32, fromHex, LABELS, sha256, signedBytes, toBase32 } from '@bitdust/crypto'
import { enrolmentHash } from './enrolment-request.ts'
import { invalid } from './errors.ts'
import type { Hash32 } from './ids.ts'

/** 5 bits each. */
const CODE_CHARACTERS = 20
/** 100 bits; the lower half of the last byte is 0. */
const CODE_BYTES = 13
/** Longest text that is looked at: a code with separators. */
const MAX_TEXT_CHARACTERS = 64

/**
 * The code of an enrolment request: what its device shows, and what is typed in where the master key is. 100 bits of the
 * request's hash, so nobody can make another request with the same code.
 *
 * @returns 20 characters of Crockford's base32 in groups, as in `ABCDE-FGHJK-MNPQR-STVWX`.
 */
export function enrolmentCode(request: Uint8Array): string {
  const characters = toBase32(fromHex(enrolmentHash(request)).subarray(0, CODE_BYTES)).slice(0, CODE_CHARACTERS)
  return characters.replaceAll(/.{5}(?!$)/g, '$&-')
}

/** The same code as bytes: what {@link parseEnrolmentCode} reads from its text. */
export function enrolmentCodeBytes(request: Uint8Array): Uint8Array {
  return parseEnrolmentCode(enrolmentCode(request))
}

/**
 * Reads a code as people type it: lower case, spaces and dashes anywhere, o for 0, i and l for 1.
 *
 * @returns 13 bytes, of which the first 100 bits are the code and the rest is 0.
 * @throws {RecordError} `RecordInvalid`, which does not repeat the text.
 */
export function parseEnrolmentCode(text: string): Uint8Array {
  const characters = text.length > MAX_TEXT_CHARACTERS ? '' : text.replaceAll(/[\s-]/g, '')
  if (!/^[0-9A-Za-z]+$/.test(characters) || characters.length !== CODE_CHARACTERS)
    return invalid('code', `a code has ${CODE_CHARACTERS} letters and digits, as in ABCDE-FGHJK-MNPQR-STVWX`)
  try {
    // One more character of zeros makes whole bytes of it.
    return fromBase32(`${characters}0`)
  } catch (cause) {
    return invalid('code', 'a code has the digits 0-9 and the letters A-Z without U', cause)
  }
}

/**
 * What both sides turn into words and compare: it differs for every other request and for every other owner.
 *
 * @param request - Of {@link enrolmentHash}.
 * @returns 32 bytes.
 */
export function enrolmentWordsHash({
  request,
  owner,
}: {
  readonly request: Hash32
  readonly owner: Fingerprint
}): Uint8Array {
  return sha256(signedBytes(LABELS.enrolment, fromHex(request), fromHex(owner)))
}
