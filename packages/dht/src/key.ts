import { utf8Decode, utf8Encode } from '@bitdust/crypto'
import { DhtError } from './errors.ts'

/** What is published. */
export type DhtKind = 'identity' | 'family' | 'nickname' | 'enrolment-request' | 'enrolment-answer'

/** Where something is stored: what it is, and whose. */
export interface DhtName {
  readonly kind: DhtKind
  /**
   * 64 lower-case hex digits: fingerprint of the owner's key for an identity or family, hash of a nickname, address of a
   * letter about an enrolment.
   */
  readonly id: string
}

/** Name spaces of kad-dht, which are the names of its validators. */
export const NAMESPACES = {
  identity: 'bd-identity',
  family: 'bd-family',
  nickname: 'bd-nickname',
  'enrolment-request': 'bd-enrolment-request',
  'enrolment-answer': 'bd-enrolment-answer',
} as const satisfies Record<DhtKind, string>

const KINDS = Object.keys(NAMESPACES) as DhtKind[]
const MAX_KEY_BYTES = 128

/** Writes a DHT key: `/bd-identity/<fingerprint in hex>`. */
export function encodeDhtKey(name: DhtName): Uint8Array {
  return utf8Encode(dhtKeyText(name))
}

/** A DHT key as text. */
export function dhtKeyText({ kind, id }: DhtName): string {
  return `/${NAMESPACES[kind]}/${id}`
}

/**
 * Reads a DHT key; the inverse of {@link encodeDhtKey}.
 *
 * @throws {DhtError} `RecordInvalid`
 */
export function decodeDhtKey(key: Uint8Array): DhtName {
  const match = /^\/([a-z-]+)\/([0-9a-f]{64})$/.exec(key.length > MAX_KEY_BYTES ? '' : textOf(key))
  const kind = KINDS.find((one) => NAMESPACES[one] === match?.[1])
  if (kind === undefined || match?.[2] === undefined) throw new DhtError('RecordInvalid', 'not a key of this network')
  return { kind, id: match[2] }
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes)
  } catch {
    return ''
  }
}
