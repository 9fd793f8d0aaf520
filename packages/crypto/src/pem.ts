import { fromBase64, toBase64 } from './base64.ts'
import { isBitdustError } from './errors.ts'

const LINE_CHARACTERS = 64

/** Writes DER as PEM (RFC 7468) with lines of 64 characters and a newline at the end. */
export function formatPem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g')) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/**
 * Reads text that is exactly one PEM block without headers (RFC 7468 strict, but for white space around lines).
 *
 * @returns Label and DER, or `null` if the text is anything else.
 */
export function parsePem(text: string): { readonly label: string; readonly der: Uint8Array } | null {
  const match = /^\s*-----BEGIN ([A-Z0-9 ]+)-----[ \t\r]*\n([A-Za-z0-9+/=\s]+)-----END ([A-Z0-9 ]+)-----\s*$/.exec(text)
  const [, label, body, endLabel] = match ?? []
  if (label === undefined || body === undefined || label !== endLabel) return null
  try {
    return { label, der: fromBase64(body.replace(/\s/g, '')) }
  } catch (error) {
    if (isBitdustError(error, 'RecordInvalid')) return null
    throw error
  }
}
