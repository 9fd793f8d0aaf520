import { sha256, toHex } from '@bitdust/crypto'

/** Tags already made. Stores hand out the same bytes again and again, and nobody changes them. */
const made = new WeakMap<Uint8Array, string>()

/**
 * The strong entity tag of these bytes: 128 bits of their SHA-256, so it survives restarts and is equal everywhere.
 *
 * @param bytes - Must not change afterwards.
 */
export function formatEtag(bytes: Uint8Array): string {
  const known = made.get(bytes)
  if (known !== undefined) return known
  const etag = `"${toHex(sha256(bytes).subarray(0, 16))}"`
  made.set(bytes, etag)
  return etag
}

/**
 * Whether an `If-None-Match` header names the tag. Weak tags count, as RFC 9110 §13.1.2 demands for this header: of both
 * sides only the tag behind `W/` is compared.
 *
 * @param header - The header's value, `null` when absent.
 */
export function etagMatches(header: string | null, etag: string): boolean {
  if (header === null) return false
  const wanted = opaque(etag)
  return header.split(',').some((item) => {
    const tag = item.trim()
    return tag === '*' || opaque(tag) === wanted
  })
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}
