import { decodeCanonical, encodeCanonical, type Fingerprint, importRsaPublicKey } from '@bitdust/crypto'
import { openIdentity } from '@bitdust/identity'
import { familyRecord } from '@bitdust/records'
import { DhtError } from './errors.ts'
import type { DhtName } from './key.ts'
import { MAX_VALUE_BYTES } from './limits.ts'

/**
 * A value of the DHT. It proves itself: the key inside hashes to the fingerprint under which it stands, and signed the record.
 *
 * Form: canonical CBOR [1, kind, record] for an identity, whose XML holds the key, and [1, kind, record, SPKI] for a family.
 */
export interface DhtValue {
  /** Identity XML, or family record. */
  readonly record: Uint8Array
  /** The owner's master key; null for an identity, which has it inside. */
  readonly ownerKey: Uint8Array | null
}

/** A value whose signature was checked for the name under which it stands. */
export interface VerifiedValue extends DhtValue {
  /** Revision of the record: of two, the higher one counts. */
  readonly sequence: number
}

/** Writes a value. */
export function encodeDhtValue({ kind }: DhtName, { record, ownerKey }: DhtValue): Uint8Array {
  return encodeCanonical(ownerKey === null ? [1, kind, record] : [1, kind, record, ownerKey])
}

/**
 * Reads a value and checks that it belongs under this name: syntax, owner, signature.
 *
 * @throws {DhtError} `LimitExceeded` above 16 KiB, `RecordInvalid` for everything else.
 */
export async function verifyDhtValue(
  name: DhtName,
  bytes: Uint8Array,
  options: { readonly allowPrivate?: boolean },
): Promise<VerifiedValue> {
  if (bytes.length > MAX_VALUE_BYTES)
    throw new DhtError('LimitExceeded', `a value has ${bytes.length} bytes, at most ${MAX_VALUE_BYTES} are kept`)
  try {
    const value = readValue(name, bytes)
    const { owner, sequence } =
      value.ownerKey === null ? await readIdentity(value, options) : await readFamily(value, value.ownerKey)
    if (owner !== name.fingerprint)
      throw new DhtError('RecordInvalid', `the record of ${owner} stands under ${name.fingerprint}`)
    return { ...value, sequence }
  } catch (cause) {
    if (cause instanceof DhtError) throw cause
    throw new DhtError(
      'RecordInvalid',
      `${name.kind} of ${name.fingerprint}: ${cause instanceof Error ? cause.message : 'unreadable'}`,
      { cause },
    )
  }
}

function readValue({ kind }: DhtName, bytes: Uint8Array): DhtValue {
  const parts = decodeCanonical(bytes, { maxBytes: MAX_VALUE_BYTES })
  const [version, found, record, ownerKey] = Array.isArray(parts) ? parts : []
  const isFamily = kind === 'family'
  const rightForm = Array.isArray(parts) && parts.length === (isFamily ? 4 : 3) && version === 1 && found === kind
  if (!rightForm || !(record instanceof Uint8Array))
    throw new DhtError('RecordInvalid', `not a value of the kind ${kind}`)
  if (!isFamily) return { record, ownerKey: null }
  if (!(ownerKey instanceof Uint8Array)) throw new DhtError('RecordInvalid', 'a family comes with the key of its owner')
  return { record, ownerKey }
}

async function readIdentity(
  { record }: DhtValue,
  options: { readonly allowPrivate?: boolean },
): Promise<{ owner: Fingerprint; sequence: number }> {
  const { fingerprint, revision } = await openIdentity(record, options)
  return { owner: fingerprint, sequence: revision }
}

async function readFamily({ record }: DhtValue, spki: Uint8Array): Promise<{ owner: Fingerprint; sequence: number }> {
  const ownerKey = await importRsaPublicKey(spki)
  const family = familyRecord.open(record)
  await familyRecord.verify(family, 'owner', ownerKey)
  return { owner: ownerKey.fingerprint, sequence: family.body.revision }
}
