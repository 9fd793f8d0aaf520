import { type IdentityDocument, type Idurl, MASTER_ALIAS, type PeerRef } from '@bitdust/identity'
import { type Clock, createRunner, type MachineObserver, type StateTimer } from '@bitdust/machine'
import type { Right } from '@bitdust/records'
import { auditKey } from '../audit/audit-key.ts'
import { anyDevice, devicesOf, primaryOf } from '../devices.ts'
import { ShareError } from '../errors.ts'
import { toShareError } from '../failure.ts'
import { GRANT_LIMITS_MS } from '../limits.ts'
import type { CallOptions, PacketSender, ShareFiles, ShareLocation, ShareLocations, ShareSelf } from '../ports.ts'
import { COMMANDS } from '../protocol/commands.ts'
import { decodePayload, filesReply, filesRequest, keyRequest } from '../protocol/messages.ts'
import { fileList } from './file-list.ts'
import {
  type GrantContext,
  type GrantEffect,
  type GrantEvent,
  type GrantState,
  type GrantStep,
  shareGrantStart,
  shareGrantTable,
} from './machine.ts'
import { makeGrant } from './make-grant.ts'
import { hasMember, withMember } from './member-line.ts'

/** What a grant needs of the node. */
export interface GrantTools<L extends ShareLocation> {
  readonly self: ShareSelf
  readonly locations: ShareLocations<L>
  readonly files: ShareFiles<L>
  readonly sender: PacketSender
  readonly clock: Clock
  readonly onTransition?: MachineObserver
}

/** What is given to whom. */
export interface GrantOrder<L extends ShareLocation> {
  /** One of our own. */
  readonly location: L
  /** Own IDURL. */
  readonly idurl: Idurl
  /** The recipient, as the resolver knows him. */
  readonly member: IdentityDocument
  readonly rights: readonly Right[]
}

/** How a grant is run. */
export interface GrantRunOptions extends CallOptions {
  /** Told each step when it begins. */
  readonly onStep: (step: GrantStep) => void
}

/**
 * Grants a share under its machine.
 *
 * @returns Whether the recipient has opened the share already; he goes on trying by himself if not.
 * @throws {ShareError} With the `step` at which it failed.
 */
export async function runGrant<L extends ShareLocation>(
  tools: GrantTools<L>,
  order: GrantOrder<L>,
  { signal, onStep }: GrantRunOptions,
): Promise<{ readonly opened: boolean }> {
  const machine = createRunner<GrantState, GrantContext, GrantEvent, GrantEffect>({
    name: 'share-grant',
    table: shareGrantTable,
    initial: shareGrantStart,
    clock: tools.clock,
    timers,
    async perform(effect, raise, { signal: during }) {
      try {
        raise(await performEffect(effect, tools, order, during))
      } catch (error) {
        raise({ type: 'failed', error })
      }
    },
    onTransition(transition) {
      tools.onTransition?.(transition)
      if (isStep(transition.to)) onStep(transition.to)
    },
  })
  const cancel = () => void machine.stop()
  signal.addEventListener('abort', cancel)
  if (signal.aborted) cancel()
  try {
    machine.send({ type: 'begin' })
    const { context } = await machine.settled()
    if (context.failure !== null) throw failureOf(context.failure, order)
    return { opened: context.opened }
  } catch (error) {
    throw toShareError(error, `grant of ${order.location.alias}`)
  } finally {
    signal.removeEventListener('abort', cancel)
    await machine.stop()
  }
}

/** What ends a step that takes too long. */
const timers = {
  'checking-online': timerOf('checking-online'),
  'auditing-master': timerOf('auditing-master'),
  publishing: timerOf('publishing'),
  'sending-key': timerOf('sending-key'),
  'sending-list': timerOf('sending-list'),
}

function timerOf(step: GrantStep): StateTimer<GrantContext, GrantEvent> {
  return { afterMs: GRANT_LIMITS_MS[step], event: { type: 'timedOut' } }
}

/** Performs one step and tells its outcome. */
async function performEffect<L extends ShareLocation>(
  effect: GrantEffect,
  tools: GrantTools<L>,
  order: GrantOrder<L>,
  signal: AbortSignal,
): Promise<GrantEvent> {
  switch (effect.type) {
    case 'check':
      return { type: 'online', devices: await findDevices(tools, order, signal) }
    case 'audit':
      return { type: 'audited', recipient: await auditMaster(tools, order, effect.devices, signal) }
    case 'publish':
      await publish(tools, order, signal)
      return { type: 'published' }
    case 'sendKey':
      await sendKey(tools, order, effect.recipient, signal)
      return { type: 'keyStored' }
    case 'sendList':
      return { type: 'listTaken', opened: await sendList(tools, order, effect.recipient, signal) }
  }
}

/** Waits for any device of the recipient to answer; which of them has the master key is seen at the next step. */
async function findDevices<L extends ShareLocation>(
  { sender, clock }: GrantTools<L>,
  { member }: GrantOrder<L>,
  signal: AbortSignal,
): Promise<readonly PeerRef[]> {
  const devices = await devicesOf(member, clock.now())
  await anyDevice(devices, signal, (peer, during) => sender.identify(peer, { signal: during }))
  return devices
}

async function auditMaster<L extends ShareLocation>(
  tools: GrantTools<L>,
  { member }: GrantOrder<L>,
  devices: readonly PeerRef[],
  signal: AbortSignal,
): Promise<PeerRef> {
  const { fingerprint, publicKey } = member
  const key = { owner: fingerprint, alias: MASTER_ALIAS, generation: 1, publicKey }
  return anyDevice(devices, signal, async (peer, during) => {
    if (await auditKey(tools, peer, key, 'private', { signal: during })) return peer
    throw new ShareError('AuditFailed', `${peer.peerId} does not prove the master key`, { culprit: fingerprint })
  })
}

async function publish<L extends ShareLocation>(
  { locations }: GrantTools<L>,
  order: GrantOrder<L>,
  signal: AbortSignal,
): Promise<void> {
  const { location } = order
  const line = memberOf(order)
  // What we know of our own list is at enough suppliers.
  if (hasMember(await locations.members(location), line)) return
  await locations.setMembers(location, (lines) => withMember(lines, line), { signal })
}

async function sendKey<L extends ShareLocation>(
  { self, sender, clock }: GrantTools<L>,
  { location, idurl, member, rights }: GrantOrder<L>,
  recipient: PeerRef,
  signal: AbortSignal,
): Promise<void> {
  const parts = { self, idurl, location, member: member.publicKey, rights, created: clock.now() }
  const payload = keyRequest.encode(await makeGrant(parts, { signal }))
  const packet = { command: COMMANDS.key, owner: self.fingerprint, payload }
  const reply = await sender.request(recipient, packet, { signal })
  reply.cancel()
}

async function sendList<L extends ShareLocation>(
  { self, sender, files }: GrantTools<L>,
  { location }: GrantOrder<L>,
  recipient: PeerRef,
  signal: AbortSignal,
): Promise<boolean> {
  const list = await fileList(files, location, { signal })
  const payload = filesRequest.encode({ alias: location.alias, ...list })
  const reply = await sender.request(
    recipient,
    { command: COMMANDS.files, owner: self.fingerprint, payload },
    { signal },
  )
  reply.cancel()
  return decodePayload(filesReply, reply.payload).opened
}

function memberOf({ location, member, rights }: GrantOrder<ShareLocation>) {
  return { member: member.fingerprint, rights, generation: location.generation }
}

function failureOf(
  { step, error }: NonNullable<GrantContext['failure']>,
  { member }: GrantOrder<ShareLocation>,
): unknown {
  const doing = `${step} for ${primaryOf(member)}`
  if (error !== null) return toShareError(error, doing, { step })
  return new ShareError('Timeout', `${doing}: no end within ${GRANT_LIMITS_MS[step]} ms`, { step })
}

function isStep(state: string): state is GrantStep {
  return Object.hasOwn(GRANT_LIMITS_MS, state)
}
