import type { RsaPrivateKey, RsaPublicKey } from '@bitdust/crypto'
import { type Caller, MASTER_ALIAS } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { keyAuditRecord } from '@bitdust/records'
import { ShareError } from '../errors.ts'
import type { UsedNonces } from '../guard/used-nonces.ts'
import { AUDIT_LIFE_MS, CLOCK_SKEW_MS } from '../limits.ts'
import type { ShareKeys, ShareLocations, ShareSelf } from '../ports.ts'
import type { ProveKeyRequest } from '../protocol/messages.ts'
import { notHere, requireParty } from './parties.ts'
import { type AuditParties, publicKeyProof } from './transcript.ts'

/** What answering audits needs. */
export interface ProveKeyOptions {
  readonly self: ShareSelf
  readonly keyRing: ShareKeys
  readonly locations: ShareLocations
  readonly clock: Clock
  readonly nonces: UsedNonces
}

/**
 * Answers an audit: proves to the caller that a key is held here. Nothing of what he sent is ever decrypted, and what is
 * signed or hashed names both parties and the question, so it is of no use for anything else (`threats.md` A12).
 *
 * @returns A key audit record for the private part; 32 bytes for the public one, see {@link publicKeyProof}.
 * @throws {ShareError} `Unauthorized`, `KeyRevoked`, `ReplayDetected`.
 */
export async function proveKey(
  { self, keyRing, locations, clock, nonces }: ProveKeyOptions,
  caller: Pick<Caller, 'fingerprint' | 'peerId'>,
  request: ProveKeyRequest,
): Promise<Uint8Array> {
  requireTimely(request, clock.now())
  await requireParty({ self, locations, clock }, caller.fingerprint, request)
  const key = await heldKey(self, keyRing, request)
  if (key === null) throw notHere()
  nonces.use(request.nonce, request.expires + CLOCK_SKEW_MS, clock.now())
  const parties: AuditParties = {
    auditor: caller.fingerprint,
    auditorPeer: caller.peerId,
    auditee: self.fingerprint,
    auditeePeer: self.peerId,
  }
  if (request.part === 'public') return publicKeyProof(key.publicKey, parties, request)
  if (key.privateKey === null) throw notHere()
  const { nonce, expires } = request
  const transcript = { ...parties, key: key.publicKey.fingerprint, nonce, expires, purpose: 'private' } as const
  return (await keyAuditRecord.sign(transcript, key.privateKey)).bytes
}

function requireTimely({ expires }: ProveKeyRequest, now: number): void {
  if (now > expires + CLOCK_SKEW_MS || expires > now + AUDIT_LIFE_MS + CLOCK_SKEW_MS)
    throw new ShareError('ReplayDetected', `the question expires at ${expires}, it is ${now} here (ms)`)
}

/** A key of which the public part, or both, are here. */
interface HeldKey {
  readonly publicKey: RsaPublicKey
  readonly privateKey: RsaPrivateKey | null
}

async function heldKey(
  { masterPublicKey, masterKey }: ShareSelf,
  keyRing: ShareKeys,
  { owner, alias, generation }: ProveKeyRequest,
): Promise<HeldKey | null> {
  if (alias === MASTER_ALIAS) return { publicKey: masterPublicKey, privateKey: masterKey }
  return keyRing.get({ alias, creator: owner, generation })
}
