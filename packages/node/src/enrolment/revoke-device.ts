import { type DeviceId, type Fingerprint, isBitdustError } from '@bitdust/crypto'
import type { Location, Locations } from '@bitdust/customer'
import { deviceIdOfPeerId, MASTER_ALIAS } from '@bitdust/identity'
import { describeError } from '../daemon/error-report.ts'
import { NodeError } from '../errors.ts'
import { masterKeyNeeded } from '../metadata.ts'
import type { BitdustNode } from '../node.ts'
import { keepShareKey } from '../wiring/keep-share-key.ts'
import { withoutDevice } from './device-fields.ts'
import { listDevices, type OwnDevice } from './devices.ts'
import { type GivenNote, readGiven, writeGiven } from './given-note.ts'

export interface RevokeDeviceOptions {
  /** Peer id or label. */
  readonly device: string
  readonly signal: AbortSignal
  /** Told what is being done. */
  readonly onStep?: (step: string) => void
}

/** What it needs of the node. */
type RevokingNode = Pick<BitdustNode, 'config' | 'deviceKey' | 'identity' | 'keys' | 'requireMasterKey' | 'store'> & {
  requireCustomer(): { readonly locations: Pick<Locations, 'list' | 'renew'> }
}

/** What a revocation came to. */
export interface RevokedDevice {
  readonly peerId: string
  readonly label: string | null
  /** Such a device may keep the master key: then nothing here protects from it. */
  readonly hadMasterKey: boolean
  /** Revision of the identity that does not name it. */
  readonly revision: number
  /** Places with new keys: it cannot read what is stored there from now on. */
  readonly renewed: readonly {
    readonly alias: string
    /** Members who could not be found: they have to be given the share again. */
    readonly unreached: readonly Fingerprint[]
  }[]
  /**
   * Places that still have the old keys, and why; the same call goes on. Alias `*` for all places, where the customer role
   * is off and it is not known which ones the device was given.
   */
  readonly waiting: readonly { readonly alias: string; readonly code: string; readonly message: string }[]
  /** Key ids of keys that it was given and keeps. */
  readonly keys: readonly string[]
}

/** Stands in a note for all places, until they can be listed. No alias looks like it. */
const EVERY_PLACE = '*'

/**
 * Takes a device out of the identity and gives each place that it could read new keys. After a failure the same call goes
 * on, by peer id.
 *
 * @throws {NodeError} `Unauthorized` where the master key is not, and for the own device; `NotFound` when there is no such
 *   device; `ConfigInvalid` when several have the label.
 */
export async function revokeDevice(node: RevokingNode, options: RevokeDeviceOptions): Promise<RevokedDevice> {
  const { signal, onStep = () => undefined } = options
  node.requireMasterKey('revoke devices')
  const { publisher } = node.identity
  if (publisher === null) throw masterKeyNeeded('revoke devices')
  // Certificates that another device added meanwhile are certificates to take out.
  await publisher.check({ signal })
  const found = findDevice(await listDevices(node), options.device)
  if (found?.isThis)
    throw new NodeError(
      'Unauthorized',
      'this is the device you are at; revoke it from another one that has the master key',
    )
  const peerId = found?.peerId ?? options.device
  const device = readDeviceId(peerId)
  const given = device === null ? null : await whatIsLeft(node, device, found)
  if (device === null || given === null)
    throw new NodeError('NotFound', `no device of yours is called ${options.device}; bitdust device list tells them`, {
      subject: options.device,
    })
  if (found !== undefined) {
    // First of all, and also when no supplier can be reached.
    onStep('publishing the identity')
    const { certificates } = found
    const { local: allowPrivate } = node.config.network
    await publisher.publish((fields) => withoutDevice(fields, { peerId, certificates, allowPrivate }), { signal })
  }
  const renewed: RevokedDevice['renewed'][number][] = []
  const waiting: RevokedDevice['waiting'][number][] = []
  const left = new Set(given.places)
  const off = given.places.length === 0 ? null : customerIsOff(node)
  if (off !== null) waiting.push(...given.places.map((alias) => ({ alias, ...off })))
  for (const place of off === null ? await placesNamed(node, given.places) : []) {
    const { alias } = place
    onStep(`new keys for ${alias}`)
    try {
      const unreached = await renew(node, place, device, signal)
      renewed.push({ alias, unreached })
      left.delete(alias)
      await writeGiven(node.store, device, { keys: given.keys, places: [...left] })
    } catch (error) {
      signal.throwIfAborted()
      if (!isBitdustError(error)) throw error
      waiting.push({ alias, ...whyOf(error) })
    }
  }
  return {
    peerId,
    label: found?.label ?? null,
    hadMasterKey: found?.kind === 'master',
    revision: node.identity.document().revision,
    renewed,
    waiting,
    keys: given.keys,
  }
}

function findDevice(devices: readonly OwnDevice[], name: string): OwnDevice | undefined {
  const byPeerId = devices.find(({ peerId }) => peerId === name)
  if (byPeerId !== undefined) return byPeerId
  const [first, second] = devices.filter(({ label }) => label === name)
  if (second === undefined) return first
  throw new NodeError(
    'ConfigInvalid',
    `several devices are called ${name}; name the peer id, bitdust device list tells it`,
  )
}

/** Null: no peer id. */
function readDeviceId(peerId: string): DeviceId | null {
  try {
    return deviceIdOfPeerId(peerId)
  } catch {
    return null
  }
}

/**
 * What a device was given and still holds. Of one that was added by another machine nothing is known here, so it may have
 * been given everything. Null: it is no device of ours, and nothing is left to do.
 */
async function whatIsLeft(
  node: RevokingNode,
  device: DeviceId,
  found: OwnDevice | undefined,
): Promise<GivenNote | null> {
  const note = await readGiven(node.store, device)
  if (found === undefined && (note === null || note.places.length === 0)) return null
  if (note !== null && !note.places.includes(EVERY_PLACE)) return note
  const isGiven = note !== null || found?.kind === 'enrolled'
  const given = { keys: note?.keys ?? [], places: isGiven ? await ownPlaces(node) : [] }
  // Kept, so that the same call finds out what is left when it is interrupted.
  await writeGiven(node.store, device, given)
  return given
}

async function ownPlaces(node: RevokingNode): Promise<readonly string[]> {
  return customerIsOff(node) === null ? (await ownLocations(node)).map(({ alias }) => alias) : [EVERY_PLACE]
}

/** Why no place can be given new keys here; null while the customer role is on. */
function customerIsOff(node: RevokingNode): ReturnType<typeof whyOf> | null {
  try {
    node.requireCustomer()
    return null
  } catch (error) {
    if (!isBitdustError(error, 'RoleOff')) throw error
    return whyOf(error)
  }
}

function whyOf(error: unknown): { readonly code: string; readonly message: string } {
  const { code, message } = describeError(error)
  return { code, message }
}

/** The own places of these names, the private one first. */
async function placesNamed(node: RevokingNode, aliases: readonly string[]): Promise<readonly Location[]> {
  if (aliases.length === 0) return []
  const rank = ({ alias }: Location) => (alias === MASTER_ALIAS ? '' : alias)
  return (await ownLocations(node))
    .filter(({ alias }) => aliases.includes(alias))
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
}

async function ownLocations(node: RevokingNode): Promise<readonly Location[]> {
  return (await node.requireCustomer().locations.list()).filter(({ mine }) => mine)
}

/** Gives a place new keys, and the key ring those of a share. Resolves to members who could not be found. */
async function renew(
  node: RevokingNode,
  place: Location,
  device: DeviceId,
  signal: AbortSignal,
): Promise<readonly Fingerprint[]> {
  const { locations } = node.requireCustomer()
  const { keys, unreached } = await locations.renew(place, { without: [{ device }] }, { signal })
  for (const key of keys) await keepShareKey(node.keys, key, node.identity.idurl())
  return unreached
}
