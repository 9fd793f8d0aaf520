import {
  type CanonicalValue,
  decodeCanonical,
  devicePublicKeyOf,
  encodeCanonical,
  importRsaPublicKey,
  isBitdustError,
} from '@bitdust/crypto'
import { openIdentity } from '@bitdust/identity'
import {
  type EnrolmentLetter,
  enrolmentLetterRecord,
  familyRecord,
  nicknameId,
  type Opened,
  requireFreshLetter,
  verifyNickname,
} from '@bitdust/records'
import { asDhtError, DhtError } from './errors.ts'
import type { DhtKind, DhtName } from './key.ts'
import { MAX_HOLDERS, MAX_VALUE_BYTES } from './limits.ts'

/** What a value holds, whose signature was checked for the name under which it stands. */
export interface VerifiedRecord {
  /** Identity XML, or the bytes of the record. */
  readonly record: Uint8Array
  /** Who signed: of two records of one owner, the one with the higher sequence counts. */
  readonly owner: string
  readonly sequence: number
}

/** What a value needs to be judged. */
export interface JudgeOptions {
  readonly allowPrivate: boolean
  /** Milliseconds since the Unix epoch: some records end. */
  readonly now: number
}

/**
 * Writes a value: canonical CBOR [1, kind, record], and for a family [1, 'family', record, SPKI of the owner's master key].
 * It proves itself: the key inside, or the name itself, is that of the owner, who signed the record.
 */
export function encodeDhtValue(
  kind: Exclude<DhtKind, 'nickname'>,
  record: Uint8Array,
  ownerKey?: Uint8Array,
): Uint8Array {
  return encodeCanonical(ownerKey === undefined ? [1, kind, record] : [1, kind, record, ownerKey])
}

/** Writes the value of a nickname, under which several may stand: canonical CBOR [1, 'nickname', [record, ...]]. */
export function encodeHolders(records: readonly Uint8Array[]): Uint8Array {
  return encodeCanonical([1, 'nickname', [...records]])
}

/**
 * Reads the value of a nickname without verifying anything.
 *
 * @throws {DhtError} `RecordInvalid`
 */
export function decodeHolders(bytes: Uint8Array): readonly Uint8Array[] {
  const [records] = readItems('nickname', bytes, 1)
  if (!Array.isArray(records) || records.length === 0 || records.length > MAX_HOLDERS)
    throw new DhtError('RecordInvalid', `a nickname has 1 to ${MAX_HOLDERS} holders`)
  return records.map(requireBytes)
}

/**
 * Reads the value of a letter without verifying anything.
 *
 * @throws {DhtError} `RecordInvalid`
 */
export function decodeLetter(bytes: Uint8Array): Opened<EnrolmentLetter> {
  const parts = decodeCanonical(bytes, { maxBytes: MAX_VALUE_BYTES })
  return enrolmentLetterRecord.open(requireBytes(Array.isArray(parts) ? (parts[2] ?? null) : null))
}

/**
 * Reads a value and checks that it belongs under this name: syntax, owner, signature, time.
 *
 * @returns One record. Of a nickname all that are valid, at least one: they come from different owners, and nobody can
 *   vouch for all.
 * @throws {DhtError} `LimitExceeded` above 16 KiB, `RecordExpired`, `RecordInvalid` for everything else.
 */
export async function verifyDhtValue(
  name: DhtName,
  bytes: Uint8Array,
  options: JudgeOptions,
): Promise<readonly VerifiedRecord[]> {
  if (bytes.length > MAX_VALUE_BYTES)
    throw new DhtError('LimitExceeded', `a value has ${bytes.length} bytes, at most ${MAX_VALUE_BYTES} are kept`)
  try {
    return await READERS[name.kind](name, bytes, options)
  } catch (cause) {
    // A record above the limit of its kind is malformed in a value that is not above that of values.
    if (isBitdustError(cause, 'LimitExceeded'))
      throw new DhtError('RecordInvalid', `${name.kind} of ${name.id}: ${cause.message}`, { cause })
    throw asDhtError(cause, `${name.kind} of ${name.id}`)
  }
}

type Reader = (name: DhtName, bytes: Uint8Array, options: JudgeOptions) => Promise<readonly VerifiedRecord[]>

const READERS: { readonly [K in DhtKind]: Reader } = {
  async identity(name, bytes, { allowPrivate }) {
    const [record] = readItems('identity', bytes, 1).map(requireBytes) as [Uint8Array]
    const { fingerprint, revision } = await openIdentity(record, { allowPrivate })
    return [{ record, owner: requireOwner(name, fingerprint), sequence: revision }]
  },
  async family(name, bytes) {
    const [record, spki] = readItems('family', bytes, 2).map(requireBytes) as [Uint8Array, Uint8Array]
    const ownerKey = await importRsaPublicKey(spki)
    const family = familyRecord.open(record)
    await familyRecord.verify(family, 'owner', ownerKey)
    return [{ record, owner: requireOwner(name, ownerKey.fingerprint), sequence: family.body.revision }]
  },
  async nickname(name, bytes, { now }) {
    const settled = await Promise.allSettled(decodeHolders(bytes).map((record) => readHolder(name, record, now)))
    const valid = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    if (valid.length === 0) throw settled.find((one) => one.status === 'rejected')?.reason
    return valid
  },
  'enrolment-request': (name, bytes, { now }) => readLetter(name, bytes, now),
  'enrolment-answer': (name, bytes, { now }) => readLetter(name, bytes, now),
}

async function readHolder(name: DhtName, record: Uint8Array, now: number): Promise<VerifiedRecord> {
  const { body } = await verifyNickname(record, now)
  requireOwner(name, nicknameId(body.nickname))
  return { record, owner: body.owner, sequence: body.created }
}

/** Who knows the code of an enrolment has the key of its address, and only he. */
async function readLetter(name: DhtName, bytes: Uint8Array, now: number): Promise<readonly VerifiedRecord[]> {
  const [record] = readItems(name.kind, bytes, 1).map(requireBytes) as [Uint8Array]
  const letter = enrolmentLetterRecord.open(record)
  if (`enrolment-${letter.body.purpose}` !== name.kind)
    throw new DhtError('RecordInvalid', `the letter is no ${name.kind}`)
  const owner = requireOwner(name, letter.body.address)
  await enrolmentLetterRecord.verify(letter, 'code', devicePublicKeyOf(letter.body.address))
  requireFreshLetter(letter.body, now)
  return [{ record, owner, sequence: letter.body.created }]
}

function readItems(kind: DhtKind, bytes: Uint8Array, count: number): CanonicalValue[] {
  const parts = decodeCanonical(bytes, { maxBytes: MAX_VALUE_BYTES })
  if (!Array.isArray(parts) || parts.length !== 2 + count || parts[0] !== 1 || parts[1] !== kind)
    throw new DhtError('RecordInvalid', `not a value of the kind ${kind}`)
  return parts.slice(2)
}

function requireBytes(value: CanonicalValue): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new DhtError('RecordInvalid', 'a record or key is not a byte string')
}

function requireOwner({ kind, id }: DhtName, found: string): string {
  if (found === id) return found
  throw new DhtError('RecordInvalid', `the ${kind} of ${found} stands under ${id}`)
}
