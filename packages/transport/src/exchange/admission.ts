import { type Fingerprint, LABELS } from '@bitdust/crypto'
import { type Caller, isCertificateCurrent } from '@bitdust/identity'
import type { Clock } from '@bitdust/machine'
import { TransportError } from '../errors.ts'
import type { PeerGuard } from '../guard/peer-guard.ts'
import type { ReplayGuard } from '../guard/replay-guard.ts'
import type { TransportLimits } from '../limits.ts'
import type { Frame } from '../packet/frame.ts'
import type { RequestHeader } from '../packet/header.ts'
import type { HandlerOptions, PacketHandler } from '../packet/messages.ts'

/** A handler with all its options set. */
export interface RegisteredHandler extends Required<HandlerOptions> {
  readonly handle: PacketHandler
}

/** What decides whether a request reaches its handler. */
export interface AdmissionContext {
  /** Own identity. */
  readonly fingerprint: Fingerprint
  /** Own peer id. */
  readonly peerId: string
  readonly handlers: ReadonlyMap<string, RegisteredHandler>
  readonly clock: Clock
  /** When this transport started, in ms since the Unix epoch. */
  readonly startedAt: number
  readonly limits: TransportLimits
  readonly guard: PeerGuard
  readonly replays: ReplayGuard
}

/**
 * Checks a request in the order of `threats.md` §2, cheapest first; frame length, syntax and ranges came before.
 * Nothing is remembered in the name of the creator before his signature holds.
 *
 * @returns The handler to call.
 * @throws {TransportError} `PeerIdentityMismatch`, `WrongAudience`, `RateLimited`, `ClockSkew`, `ReplayDetected`,
 *   `VersionUnsupported` (no such command here), `LimitExceeded`, `PacketMalformed`, `Busy` or `SignatureInvalid`.
 */
export async function admit(
  header: RequestHeader,
  frame: Frame,
  caller: Caller,
  context: AdmissionContext,
): Promise<RegisteredHandler> {
  checkChannel(header, caller, context)
  checkRate(caller, context)
  checkFreshness(header, context)
  const handler = findHandler(header, context)
  await checkSignature(frame, caller, context)
  // Once more: while the signature was checked, the same packet may have come in on another stream.
  checkReplay(header, context)
  if (!context.replays.remember(header.creator, header.nonce)) {
    throw new TransportError('Busy', 'too many packets to remember')
  }
  return handler
}

function checkChannel(header: RequestHeader, caller: Caller, { fingerprint, peerId, clock }: AdmissionContext): void {
  if (!isCertificateCurrent(caller.certificate, clock.now())) {
    throw new TransportError('PeerIdentityMismatch', 'the certificate of this device has expired')
  }
  if (header.creator !== caller.fingerprint || header.device !== caller.device) {
    throw new TransportError(
      'PeerIdentityMismatch',
      `packet of ${header.creator} on a channel of ${caller.fingerprint}`,
    )
  }
  if (header.remote.fingerprint !== fingerprint || header.remote.peerId !== peerId) {
    throw new TransportError('WrongAudience', `packet is for ${header.remote.fingerprint}, not for ${fingerprint}`)
  }
}

function checkRate({ peerId }: Caller, { guard }: AdmissionContext): void {
  if (guard.banned(peerId)) throw new TransportError('RateLimited', 'banned for wrong signatures')
  if (!guard.takeRequest(peerId)) throw new TransportError('RateLimited', 'too many requests')
}

function checkFreshness(header: RequestHeader, context: AdmissionContext): void {
  const { clock, limits, startedAt } = context
  const now = clock.now()
  if (Math.abs(now - header.date) > limits.maxClockSkewMs || now > header.expires) {
    throw new TransportError('ClockSkew', `packet is dated ${header.date}, it is ${now} here (ms)`)
  }
  // What was seen before a restart is not remembered, so nothing from before it is believed.
  if (header.date < startedAt) {
    throw new TransportError('ReplayDetected', 'packet is older than the start of this node', { retryable: true })
  }
  checkReplay(header, context)
}

function checkReplay({ creator, nonce }: RequestHeader, { replays }: AdmissionContext): void {
  if (replays.seen(creator, nonce)) throw new TransportError('ReplayDetected', 'packet was received before')
}

function findHandler(header: RequestHeader, { handlers }: AdmissionContext): RegisteredHandler {
  const handler = handlers.get(header.command)
  if (handler === undefined) throw new TransportError('VersionUnsupported', `no handler for ${header.command}`)
  const { payload, bodyLength, bodyHash } = header
  if (payload.length > handler.maxPayloadBytes) {
    const limit = `limit is ${handler.maxPayloadBytes}`
    throw new TransportError('LimitExceeded', `${header.command}: payload of ${payload.length} bytes, ${limit}`)
  }
  if (bodyLength > handler.maxBodyBytes) {
    const limit = `limit is ${handler.maxBodyBytes}`
    throw new TransportError('LimitExceeded', `${header.command}: body of ${bodyLength} bytes, ${limit}`)
  }
  if (bodyLength > 0 && bodyHash === null && handler.bodyCheck === 'hash') {
    throw new TransportError('PacketMalformed', `${header.command}: body without a hash`)
  }
  return handler
}

async function checkSignature(
  { header, signature }: Frame,
  caller: Caller,
  { guard }: AdmissionContext,
): Promise<void> {
  if (!guard.takeSignatureCheck()) throw new TransportError('Busy', 'too many signatures to check')
  if (!(await caller.certificate.deviceKey.verify(LABELS.packet, header, signature))) {
    throw new TransportError('SignatureInvalid', `packet is not signed by ${caller.peerId}`)
  }
}
