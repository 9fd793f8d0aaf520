import {
  encodeCanonical,
  type Fingerprint,
  fromHex,
  hmacSha256,
  LABELS,
  type RsaPublicKey,
  sha256,
  signedBytes,
} from '@bitdust/crypto'
import type { ProveKeyRequest } from '../protocol/messages.ts'

/** Who asks and who answers, each with the device that does. */
export interface AuditParties {
  readonly auditor: Fingerprint
  readonly auditorPeer: string
  readonly auditee: Fingerprint
  readonly auditeePeer: string
}

/**
 * Proof of holding the public part of a key: HMAC-SHA-256, keyed by SHA-256 of the key's SPKI, over both parties and the
 * question. It proves nothing to anybody who holds the public part himself and was not the one to ask.
 */
export function publicKeyProof(
  { spki }: RsaPublicKey,
  { auditor, auditorPeer, auditee, auditeePeer }: AuditParties,
  { owner, alias, generation, part, nonce, expires }: ProveKeyRequest,
): Uint8Array {
  const transcript = encodeCanonical({
    auditor: fromHex(auditor),
    auditorPeer,
    auditee: fromHex(auditee),
    auditeePeer,
    owner: fromHex(owner),
    alias,
    generation,
    part,
    nonce,
    expires,
  })
  return hmacSha256(sha256(spki), signedBytes(LABELS.keyAudit, transcript))
}
