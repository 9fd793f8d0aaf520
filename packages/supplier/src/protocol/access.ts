import {
  bytes,
  bytesUpTo,
  defineMessage,
  fingerprint,
  flag,
  locationId,
  MAX_STATEMENT_BYTES,
  struct,
} from '@bitdust/records'
import type { LocationRequest } from './services.ts'

/** Bytes of the nonce that an access proof answers. */
export const NONCE_BYTES = 32

/** Answer to `AccessNonce`. */
export interface Challenge {
  /** To be signed into one access proof, on this connection, within a minute. */
  readonly nonce: Uint8Array
  /** An earlier proof on this connection still counts, so none is needed. */
  readonly proven: boolean
}

/** `AuditKey`: an access proof. */
export interface ProofRequest extends LocationRequest {
  /** Access proof record. */
  readonly proof: Uint8Array
}

/** Message of {@link Challenge}. */
export const challengeReply = defineMessage(struct<Challenge>({ nonce: bytes(NONCE_BYTES), proven: flag }))

/** Message of {@link ProofRequest}. */
export const proofRequest = defineMessage(
  struct<ProofRequest>({ customer: fingerprint, location: locationId, proof: bytesUpTo(MAX_STATEMENT_BYTES) }),
)
