import {
  type DeviceId,
  type DeviceKey,
  decryptEntry,
  deviceKeyFromSeed,
  encryptEntry,
  hkdfSha256,
  LABELS,
  signedBytes,
  utf8Encode,
} from '@bitdust/crypto'
import { defineRecord, type Opened, type RecordKind } from './define-record.ts'
import { invalid } from './errors.ts'
import { bytesUpTo, choice, struct } from './fields.ts'
import { requireFresh } from './freshness.ts'
import { deviceId, timestamp } from './id-fields.ts'
import { ENROLMENT_ANSWER_LIFETIME_MS, ENROLMENT_REQUEST_LIFETIME_MS, MAX_ENROLMENT_LETTER_BYTES } from './limits.ts'

/** What travels between a new device and the one that has the master key. */
export type EnrolmentPurpose = 'request' | 'answer'

/**
 * The cover in which requests and answers lie in the DHT. Those who keep it see that it is signed by the key under which
 * it stands, and nothing else: key and contents depend on the code, which only the two devices know.
 */
export interface EnrolmentLetter {
  /** Public key that follows from the code. */
  readonly address: DeviceId
  readonly purpose: EnrolmentPurpose
  /** Milliseconds since the Unix epoch. */
  readonly created: number
  /** The request or answer, encrypted under a key that follows from the code. */
  readonly sealed: Uint8Array
}

/** How long letters count after they were made, in ms. */
const LIFETIMES_MS = {
  request: ENROLMENT_REQUEST_LIFETIME_MS,
  answer: ENROLMENT_ANSWER_LIFETIME_MS,
} as const satisfies Record<EnrolmentPurpose, number>

/** Signed by the key of its address (role `code`): whoever knows the code. */
export const enrolmentLetterRecord: RecordKind<EnrolmentLetter, 'code'> = defineRecord({
  kind: 'enrolment-letter',
  label: LABELS.enrolment,
  maxBytes: MAX_ENROLMENT_LETTER_BYTES,
  signers: { code: { key: 'device', name: ({ address }) => address } },
  versions: {
    1: struct<EnrolmentLetter>({
      address: deviceId,
      purpose: choice('request', 'answer'),
      created: timestamp,
      sealed: bytesUpTo(MAX_ENROLMENT_LETTER_BYTES),
    }),
  },
})

/** Where letters lie for those who know this code. */
export async function enrolmentAddress(code: Uint8Array): Promise<DeviceId> {
  return (await keyOf(code)).publicKey.id
}

/**
 * Puts a request or an answer into its cover.
 *
 * @param code - 13 bytes, of `parseEnrolmentCode`.
 * @throws {RecordError} `LimitExceeded`, `RecordInvalid`
 */
export async function sealEnrolmentLetter(
  code: Uint8Array,
  { purpose, created, content }: Pick<EnrolmentLetter, 'purpose' | 'created'> & { readonly content: Uint8Array },
): Promise<Opened<EnrolmentLetter>> {
  const key = await keyOf(code)
  const sealed = await encryptEntry(secretOf(code), LABELS.enrolment, content, utf8Encode(purpose))
  return enrolmentLetterRecord.sign({ address: key.publicKey.id, purpose, created, sealed }, key)
}

/**
 * Reads what lies in a letter. What it says is for the caller to verify: everybody who knows the code can write.
 *
 * @throws {CryptoError} `BlockAuthFailed` for another code.
 */
export function openEnrolmentLetter(code: Uint8Array, { purpose, sealed }: EnrolmentLetter): Promise<Uint8Array> {
  return decryptEntry(secretOf(code), LABELS.enrolment, sealed, utf8Encode(purpose))
}

/** Refuses letters of the past and of the future. @throws {RecordError} `RecordExpired`, `RecordInvalid` */
export function requireFreshLetter(letter: EnrolmentLetter, now: number): void {
  requireFresh(letter, { now, lifetimeMs: LIFETIMES_MS[letter.purpose] })
}

function keyOf(code: Uint8Array): Promise<DeviceKey> {
  return deviceKeyFromSeed(derive(code, 'address'))
}

function secretOf(code: Uint8Array): Uint8Array {
  return derive(code, 'contents')
}

/** The 100 bits of a code are as random as the keys in its request, so no slow derivation is needed. */
function derive(code: Uint8Array, what: string): Uint8Array {
  if (code.length !== 13) return invalid('code', `${code.length} bytes, expected 13`)
  const info = signedBytes(LABELS.enrolment, utf8Encode(what))
  return hkdfSha256(code, { salt: new Uint8Array(), info, length: 32 })
}
