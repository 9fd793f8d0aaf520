import { backend } from '#backend'
import type { Sha256 } from './backend/backend.ts'

/** Length of a SHA-256 hash, in bytes. */
export const HASH_BYTES = 32

/** SHA-256 of the parts as if they were one byte string. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return backend.sha256(parts)
}

/** SHA-256 of bytes that arrive in pieces. */
export function createSha256(): Sha256 {
  return backend.createSha256()
}

/** SHA-256 by the fastest way of the platform; in browsers that one is asynchronous. For inputs of 64 KiB and more. */
export function sha256Bulk(bytes: Uint8Array): Promise<Uint8Array> {
  return backend.sha256Bulk(bytes)
}

/** HMAC-SHA-256 (RFC 2104) of the parts as if they were one byte string. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return backend.hmacSha256(key, parts)
}
