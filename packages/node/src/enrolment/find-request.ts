import { equalBytes, type Fingerprint } from '@bitdust/crypto'
import type { Dht } from '@bitdust/dht'
import { peerIdOfDevice } from '@bitdust/identity'
import {
  ENROLMENT_REQUEST_LIFETIME_MS,
  enrolmentCodeBytes,
  parseEnrolmentCode,
  type VerifiedEnrolmentRequest,
  verifyEnrolmentRequest,
} from '@bitdust/records'
import { NodeError } from '../errors.ts'
import { enrolmentWords } from './enrolment-words.ts'

/** A device that asks to be enrolled, found by its code. */
export interface FoundRequest extends VerifiedEnrolmentRequest {
  /** The code as bytes. */
  readonly code: Uint8Array
  readonly peerId: string
  /** To be compared with those on the new device. */
  readonly words: string
  /** Ms since the epoch. */
  readonly expires: number
}

export interface FindRequestOptions {
  /** The code as it was typed in. */
  readonly code: string
  /** Who would enrol the device. */
  readonly owner: Fingerprint
  readonly dht: Pick<Dht, 'findEnrolment'>
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  readonly signal: AbortSignal
}

/**
 * Finds the request that a new device shows a code of.
 *
 * @throws {RecordError} `RecordInvalid` for what is no code. {@link NodeError} `NotFound` (retryable) when there is no
 *   such request, or no more; `Unauthorized` when what was found has another code. {@link RecordError} `RecordExpired`.
 */
export async function findRequest({ code: text, owner, dht, now, signal }: FindRequestOptions): Promise<FoundRequest> {
  const code = parseEnrolmentCode(text)
  const bytes = await dht.findEnrolment(code, { signal })
  if (bytes === null)
    throw new NodeError(
      'NotFound',
      'no device asks with this code; compare it with what the new device shows, a request counts for an hour',
      { retryable: true },
    )
  if (!equalBytes(enrolmentCodeBytes(bytes), code))
    throw new NodeError('Unauthorized', 'the request that was found has another code: somebody changed it')
  const verified = await verifyEnrolmentRequest(bytes, now)
  const { created } = verified.body
  return {
    ...verified,
    code,
    peerId: peerIdOfDevice(verified.deviceKey.bytes),
    words: enrolmentWords(bytes, owner),
    expires: created + ENROLMENT_REQUEST_LIFETIME_MS,
  }
}
