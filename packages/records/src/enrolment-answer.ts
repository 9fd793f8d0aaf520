import {
  concatBytes,
  type DeviceId,
  type Fingerprint,
  fromHex,
  LABELS,
  openSealed,
  type RsaPrivateKey,
  type RsaPublicKey,
  sealTo,
} from '@bitdust/crypto'
import type { Idurl } from '@bitdust/identity'
import { defineRecord, type Opened, type RecordKind } from './define-record.ts'
import { RecordError } from './errors.ts'
import { bytesUpTo, list, struct, text } from './fields.ts'
import { requireFresh } from './freshness.ts'
import { deviceId, fingerprint, generationNumber, hash32, idurl, timestamp } from './id-fields.ts'
import type { Hash32 } from './ids.ts'
import {
  ENROLMENT_ANSWER_LIFETIME_MS,
  MAX_ENROLLED_KEYS,
  MAX_ENROLMENT_ANSWER_BYTES,
  MAX_KEY_NAME_BYTES,
  MAX_SEALED_BYTES,
  MAX_SPKI_BYTES,
} from './limits.ts'
import { defineMessage } from './message.ts'
import { requireOwnKey } from './own-key.ts'

/** Where the master key is, a device was made one of the owner's: who that is, and what he gives to it. */
export interface EnrolmentAnswer {
  readonly device: DeviceId
  /** The request that is answered, of `enrolmentHash`. */
  readonly request: Hash32
  readonly owner: Fingerprint
  /** SPKI of the owner's master key, which signs. */
  readonly ownerKey: Uint8Array
  /** Milliseconds since the Unix epoch; the answer counts for a day. */
  readonly created: number
  /** {@link EnrolmentGift}, sealed to the encryption key of the request. */
  readonly sealed: Uint8Array
}

/** What an answer hands over. */
export interface EnrolmentGift {
  /** Where the owner's identity is found. */
  readonly idurl: Idurl
  /** Keys that the owner chose; never the master key. */
  readonly keys: readonly EnrolledKey[]
}

/** A key with its names, as it stands in a key file. */
export interface EnrolledKey {
  /** As people write it, `alias$user@host`. */
  readonly keyId: string
  /** Who made the key. */
  readonly creator: Fingerprint
  /** Of a share's key, from 1. */
  readonly generation: number
  /** A note for people; may be empty. */
  readonly label: string
  /** PKCS#8 bytes. */
  readonly privateKey: Uint8Array
}

/** What the sealed part of an answer is bound to. */
export type EnrolmentPlace = Pick<EnrolmentAnswer, 'device' | 'request' | 'owner'>

/** An answer whose signature and age were checked. */
export interface VerifiedEnrolmentAnswer {
  readonly opened: Opened<EnrolmentAnswer>
  readonly body: EnrolmentAnswer
  readonly ownerKey: RsaPublicKey
}

/** Signed by the `owner` with his master key. */
export const enrolmentAnswerRecord: RecordKind<EnrolmentAnswer, 'owner'> = defineRecord({
  kind: 'enrolment-answer',
  label: LABELS.enrolment,
  maxBytes: MAX_ENROLMENT_ANSWER_BYTES,
  signers: { owner: { key: 'rsa', name: ({ owner }) => owner } },
  versions: {
    1: struct<EnrolmentAnswer>({
      device: deviceId,
      request: hash32,
      owner: fingerprint,
      ownerKey: bytesUpTo(MAX_SPKI_BYTES),
      created: timestamp,
      sealed: bytesUpTo(MAX_ENROLMENT_ANSWER_BYTES),
    }),
  },
})

/**
 * Opens an answer and checks that the key inside signed it within the last day. That proves who answers, not that he is
 * the one who was meant: two people compare the words of `enrolmentWordsHash` for that.
 *
 * @param now - Milliseconds since the Unix epoch.
 * @throws {RecordError} `RecordExpired` an hour after its end, the grace for clocks that differ; `SignatureInvalid`,
 *   `RecordInvalid`, `LimitExceeded`, `VersionUnsupported`.
 */
export async function verifyEnrolmentAnswer(bytes: Uint8Array, now: number): Promise<VerifiedEnrolmentAnswer> {
  const opened = enrolmentAnswerRecord.open(bytes)
  const { body } = opened
  const ownerKey = await requireOwnKey(body, enrolmentAnswerRecord.kind)
  await enrolmentAnswerRecord.verify(opened, 'owner', ownerKey)
  requireFresh(body, { now, lifetimeMs: ENROLMENT_ANSWER_LIFETIME_MS })
  return { opened, body, ownerKey }
}

const giftMessage = defineMessage(
  struct<EnrolmentGift>({
    idurl,
    keys: list(
      struct<EnrolledKey>({
        keyId: text(MAX_KEY_NAME_BYTES),
        creator: fingerprint,
        generation: generationNumber,
        label: text(MAX_KEY_NAME_BYTES),
        privateKey: bytesUpTo(MAX_SEALED_BYTES),
      }),
      MAX_ENROLLED_KEYS,
    ),
  }),
  'gift',
)

/**
 * Seals what is given to a device.
 *
 * @param to - The encryption key of the request.
 * @throws {RecordError} `LimitExceeded` when it is too large for an answer: choose fewer keys. `RecordInvalid`
 */
export async function sealEnrolmentGift(
  to: RsaPublicKey,
  place: EnrolmentPlace,
  gift: EnrolmentGift,
): Promise<Uint8Array> {
  if (gift.keys.length > MAX_ENROLLED_KEYS) return tooLarge(`${gift.keys.length} keys, at most ${MAX_ENROLLED_KEYS}`)
  const sealed = await sealTo(to, LABELS.enrolment, giftMessage.encode(gift), contextOf(place))
  // Key, signature and names around it.
  const room = MAX_ENROLMENT_ANSWER_BYTES - 2 * MAX_SPKI_BYTES
  return sealed.length > room ? tooLarge(`${sealed.length} bytes, at most ${room}`) : sealed
}

/**
 * Opens what is given to this device. Verify the answer first: sealing proves nothing about who sealed.
 *
 * @throws {CryptoError} `KeyUnlockFailed` for another device's.
 * @throws {RecordError} `RecordInvalid`
 */
export async function openEnrolmentGift(key: RsaPrivateKey, answer: EnrolmentAnswer): Promise<EnrolmentGift> {
  const plaintext = await openSealed(key, LABELS.enrolment, answer.sealed, contextOf(answer))
  return giftMessage.decode(plaintext, MAX_ENROLMENT_ANSWER_BYTES)
}

/** All three have fixed lengths, so joining them is unambiguous. */
function contextOf({ device, request, owner }: EnrolmentPlace): Uint8Array {
  return concatBytes(fromHex(device), fromHex(request), fromHex(owner))
}

function tooLarge(what: string): never {
  throw new RecordError('LimitExceeded', `what is given to a device: ${what}; choose fewer keys`, { subject: 'gift' })
}
