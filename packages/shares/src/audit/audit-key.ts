import { equalBytes, type Fingerprint, isBitdustError, type RsaPublicKey, randomBytes } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { type KeyAudit, keyAuditRecord } from '@bitdust/records'
import { ShareError } from '../errors.ts'
import { AUDIT_LIFE_MS } from '../limits.ts'
import type { CallOptions, PacketSender, ShareSelf } from '../ports.ts'
import { COMMANDS } from '../protocol/commands.ts'
import { type KeyPart, type ProveKeyRequest, proveKeyRequest } from '../protocol/messages.ts'
import { publicKeyProof } from './transcript.ts'

/** What asking for audits needs. */
export interface AuditKeyOptions {
  readonly self: ShareSelf
  readonly sender: PacketSender
  readonly clock: Clock
}

/** A key whose public part we hold. */
export interface AuditedKey {
  /** Who made it. */
  readonly owner: Fingerprint
  /** `master`, or the alias of a share key. */
  readonly alias: string
  readonly generation: number
  readonly publicKey: RsaPublicKey
}

/**
 * Audits a key at a device of somebody else.
 *
 * @returns Whether he proved it; false when he says that he holds no such key, or does not let us ask.
 * @throws {ShareError} `WrongAudience`, `ReplayDetected` or `AuditFailed`, with the culprit, when he answered with
 * something that proves nothing. What the sender throws comes through.
 */
export async function auditKey(
  { self, sender, clock }: AuditKeyOptions,
  peer: PeerRef,
  key: AuditedKey,
  part: KeyPart,
  { signal }: CallOptions,
): Promise<boolean> {
  const { owner, alias, generation } = key
  const nonce = randomBytes(32)
  const request = { owner, alias, generation, part, nonce, expires: clock.now() + AUDIT_LIFE_MS }
  const answer = await ask(sender, peer, request, { signal })
  if (answer === null) return false
  const parties = {
    auditor: self.fingerprint,
    auditorPeer: self.peerId,
    auditee: peer.fingerprint,
    auditeePeer: peer.peerId,
  }
  if (part === 'public') {
    if (equalBytes(answer, publicKeyProof(key.publicKey, parties, request))) return true
    throw failed('AuditFailed', peer, 'the public part is another one')
  }
  const { expires } = request
  const expected: KeyAudit = {
    ...parties,
    key: key.publicKey.fingerprint,
    nonce,
    expires,
    purpose: 'private',
  }
  await verifyTranscript(answer, expected, key.publicKey, peer)
  return true
}

/** The answer of the peer; null when he says that there is no such key, or not for us. */
async function ask(
  sender: PacketSender,
  peer: PeerRef,
  request: ProveKeyRequest,
  options: CallOptions,
): Promise<Uint8Array | null> {
  const packet = { command: COMMANDS.proveKey, owner: request.owner, payload: proveKeyRequest.encode(request) }
  try {
    const reply = await sender.request(peer, packet, options)
    reply.cancel()
    return reply.payload
  } catch (error) {
    if (isBitdustError(error, 'Unauthorized')) return null
    throw error
  }
}

async function verifyTranscript(
  bytes: Uint8Array,
  expected: KeyAudit,
  publicKey: RsaPublicKey,
  peer: PeerRef,
): Promise<void> {
  try {
    const opened = keyAuditRecord.open(bytes)
    const { auditor, auditorPeer, auditee, auditeePeer, nonce, expires } = opened.body
    if (auditor !== expected.auditor || auditorPeer !== expected.auditorPeer)
      throw failed('WrongAudience', peer, 'the proof was made for another auditor')
    if (auditee !== expected.auditee || auditeePeer !== expected.auditeePeer)
      throw failed('WrongAudience', peer, 'the proof was made by somebody else')
    if (!equalBytes(nonce, expected.nonce) || expires !== expected.expires)
      throw failed('ReplayDetected', peer, 'the proof answers another question')
    await keyAuditRecord.verify(opened, 'audited', publicKey)
  } catch (error) {
    if (error instanceof ShareError || !isBitdustError(error)) throw error
    throw failed('AuditFailed', peer, error.message, error)
  }
}

function failed(
  code: 'AuditFailed' | 'WrongAudience' | 'ReplayDetected',
  { fingerprint }: PeerRef,
  problem: string,
  cause?: unknown,
): ShareError {
  const options = cause === undefined ? {} : { cause }
  return new ShareError(code, `audit: ${problem}`, { culprit: fingerprint, subject: fingerprint, ...options })
}
