import { type Fingerprint, parseFingerprint, utf8Decode, utf8Encode } from '@bitdust/crypto'
import { DhtError } from './errors.ts'

/** What is published under a fingerprint. */
export type DhtKind = 'identity' | 'family'

/** Where a record is stored: what it is, and whose. */
export interface DhtName {
  readonly kind: DhtKind
  readonly fingerprint: Fingerprint
}

/** Name spaces of kad-dht, which are the names of its validators. */
export const NAMESPACES = { identity: 'bd-identity', family: 'bd-family' } as const satisfies Record<DhtKind, string>

/** Writes a DHT key: `/bd-identity/<fingerprint in hex>`. */
export function encodeDhtKey({ kind, fingerprint }: DhtName): Uint8Array {
  return utf8Encode(`/${NAMESPACES[kind]}/${fingerprint}`)
}

/**
 * Reads a DHT key; the inverse of {@link encodeDhtKey}.
 *
 * @throws {DhtError} `RecordInvalid`
 */
export function decodeDhtKey(key: Uint8Array): DhtName {
  const match = /^\/(bd-identity|bd-family)\/([0-9a-f]{64})$/.exec(key.length > 128 ? '' : textOf(key))
  if (match?.[2] === undefined) throw new DhtError('RecordInvalid', 'not a key of this network')
  return { kind: match[1] === NAMESPACES.identity ? 'identity' : 'family', fingerprint: parseFingerprint(match[2]) }
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes)
  } catch {
    return ''
  }
}
