import {
  type DeviceId,
  type DevicePublicKey,
  devicePublicKeyOf,
  importRsaPublicKey,
  LABELS,
  type RsaPublicKey,
  signedBytes,
} from '@bitdust/crypto'
import { defineRecord, type Opened, type RecordKind } from './define-record.ts'
import { invalid } from './errors.ts'
import { bytesUpTo, refine, struct, text } from './fields.ts'
import { requireFresh } from './freshness.ts'
import { deviceId, timestamp } from './id-fields.ts'
import { type Hash32, hashOf } from './ids.ts'
import {
  ENROLMENT_REQUEST_LIFETIME_MS,
  MAX_ENROLMENT_REQUEST_BYTES,
  MAX_LABEL_BYTES,
  MAX_SPKI_BYTES,
} from './limits.ts'

/** A new device asks to become one of somebody's. It names nobody: whoever is shown its code decides. */
export interface EnrolmentRequest {
  readonly device: DeviceId
  /** SPKI of the RSA key to which everything for this device will be sealed. */
  readonly encryptionKey: Uint8Array
  /** What its user calls the device: at most 64 characters, none of them invisible. */
  readonly label: string
  /** Milliseconds since the Unix epoch; the request counts for an hour. */
  readonly created: number
}

/** A request whose signature and age were checked, with its keys. */
export interface VerifiedEnrolmentRequest {
  readonly opened: Opened<EnrolmentRequest>
  readonly body: EnrolmentRequest
  readonly deviceKey: DevicePublicKey
  readonly encryptionKey: RsaPublicKey
}

/** Most characters of a device's label, as in its certificate. */
const MAX_LABEL_CHARACTERS = 64

/** Signed by the `device` that asks. */
export const enrolmentRequestRecord: RecordKind<EnrolmentRequest, 'device'> = defineRecord({
  kind: 'enrolment-request',
  label: LABELS.enrolment,
  maxBytes: MAX_ENROLMENT_REQUEST_BYTES,
  signers: { device: { key: 'device', name: ({ device }) => device } },
  versions: {
    1: struct<EnrolmentRequest>({
      device: deviceId,
      encryptionKey: bytesUpTo(MAX_SPKI_BYTES),
      label: refine(text(MAX_LABEL_BYTES), (label) => {
        if (label.length > MAX_LABEL_CHARACTERS)
          return `a label of ${label.length} characters, at most ${MAX_LABEL_CHARACTERS}`
        return /[\p{C}\p{Zl}\p{Zp}]/u.test(label) ? 'a label has no control characters' : null
      }),
      created: timestamp,
    }),
  },
})

/**
 * Opens a request and checks that the device which it names signed it within the last hour. Whether it is the request
 * that somebody means is told by its code alone: see `enrolmentCode`.
 *
 * @param now - Milliseconds since the Unix epoch.
 * @throws {RecordError} `RecordExpired` an hour after its end, the grace for clocks that differ; `SignatureInvalid`,
 *   `RecordInvalid`, `LimitExceeded`, `VersionUnsupported`.
 */
export async function verifyEnrolmentRequest(bytes: Uint8Array, now: number): Promise<VerifiedEnrolmentRequest> {
  const opened = enrolmentRequestRecord.open(bytes)
  const { body } = opened
  const deviceKey = readDeviceKey(body.device)
  await enrolmentRequestRecord.verify(opened, 'device', deviceKey)
  const encryptionKey = await importRsaPublicKey(body.encryptionKey).catch((cause) =>
    invalid('enrolment-request.encryptionKey', 'malformed', cause),
  )
  requireFresh(body, { now, lifetimeMs: ENROLMENT_REQUEST_LIFETIME_MS })
  return { opened, body, deviceKey, encryptionKey }
}

/** What an answer names its request by. */
export function enrolmentHash(request: Uint8Array): Hash32 {
  return hashOf(signedBytes(LABELS.enrolment, request))
}

function readDeviceKey(device: DeviceId): DevicePublicKey {
  try {
    return devicePublicKeyOf(device)
  } catch (cause) {
    return invalid('enrolment-request.device', 'malformed', cause)
  }
}
