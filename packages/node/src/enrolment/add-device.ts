import type { RsaPrivateKey } from '@bitdust/crypto'
import type { Location } from '@bitdust/customer'
import { deviceOf, type Publisher, signCertificate } from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import {
  type EnrolledKey,
  type EnrolmentGift,
  enrolmentAnswerRecord,
  enrolmentHash,
  sealEnrolmentGift,
} from '@bitdust/records'
import { NodeError } from '../errors.ts'
import { CERTIFICATE_LIFETIME_MS } from '../init.ts'
import { masterKeyNeeded } from '../metadata.ts'
import type { BitdustNode } from '../node.ts'
import { findPlace } from '../remote-path.ts'
import { devicesOf } from '../wiring/devices.ts'
import { withDevice } from './device-fields.ts'
import { findPrivateKey } from './find-key.ts'
import { type FoundRequest, findRequest } from './find-request.ts'
import { readGiven, writeGiven } from './given-note.ts'

export interface AddDeviceOptions {
  /** The code that the new device shows. */
  readonly code: string
  /** Name of the device. @default the one that it asks with */
  readonly label?: string
  /** Key ids of further keys that it gets. @default none */
  readonly keys?: readonly string[]
  /** Places that it may read and write: `master`, or key ids of own shares. @default the private place and all own shares */
  readonly locations?: readonly string[]
  readonly signal: AbortSignal
  /** Told what is being done. */
  readonly onStep?: (step: string) => void
}

/** A device that was made one of ours. */
export interface AddedDevice {
  readonly peerId: string
  readonly label: string
  readonly words: string
  /** Aliases of the places that it was given. */
  readonly locations: readonly string[]
  /** Key ids of the keys that it was given. */
  readonly keys: readonly string[]
}

/**
 * Makes the device that asks with a code one of ours: certifies it, publishes the identity, seals the places and keys to
 * it, and leaves the answer where it finds it. The words must have been compared before. After a failure the same call
 * goes on.
 *
 * @throws {NodeError} `Unauthorized` where the master key is not; `NotFound` for unknown codes, keys and places;
 *   {@link RecordError} `RecordExpired`, `LimitExceeded` for too many keys, before anything is published.
 */
export async function addDevice(node: BitdustNode, options: AddDeviceOptions): Promise<AddedDevice> {
  const { signal, onStep = () => undefined } = options
  const masterKey = node.requireMasterKey('enrol devices')
  const { publisher, fingerprint } = node.identity
  if (publisher === null) throw masterKeyNeeded('enrol devices')
  const request = await findRequest({
    code: options.code,
    owner: fingerprint,
    dht: node.dht,
    now: systemClock.now(),
    signal,
  })
  const { device } = request.body
  const keys = await Promise.all((options.keys ?? []).map((name) => findPrivateKey(node, name)))
  const locations = await chosenLocations(node, options.locations, signal)
  const place = { device, request: enrolmentHash(request.opened.bytes), owner: fingerprint }
  const sealed = await sealGift(node, keys, (gift) => sealEnrolmentGift(request.encryptionKey, place, gift))
  const answer = await enrolmentAnswerRecord.sign(
    { ...place, ownerKey: masterKey.publicKey.spki, created: systemClock.now(), sealed },
    masterKey,
  )

  onStep('publishing the identity')
  const label = options.label ?? request.body.label
  await certify(node, publisher, masterKey, request, { label, signal })
  const held = await readGiven(node.store, device)
  await writeGiven(node.store, device, {
    keys: [...(held?.keys ?? []), ...keys.map(({ keyId }) => keyId)],
    places: [...(held?.places ?? []), ...locations.map(({ alias }) => alias)],
  })
  for (const location of locations) {
    onStep(`handing over ${location.alias}`)
    const to = { device, encryptionKey: request.encryptionKey }
    await node.requireCustomer().locations.sealToDevice(location, to, { signal })
  }
  onStep('leaving the answer')
  await node.dht.publishEnrolmentAnswer(request.code, answer.bytes, { signal })
  return {
    peerId: request.peerId,
    label,
    words: request.words,
    locations: locations.map(({ alias }) => alias),
    keys: keys.map(({ keyId }) => keyId),
  }
}

/** Hands out the keys as bytes for as long as they are sealed. */
async function sealGift(
  { identity }: BitdustNode,
  keys: Awaited<ReturnType<typeof findPrivateKey>>[],
  seal: (gift: EnrolmentGift) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const given: EnrolledKey[] = []
  try {
    for (const { keyId, creator, generation, label = '', privateKey } of keys)
      given.push({ keyId, creator, generation, label, privateKey: await privateKey.exportPkcs8() })
    return await seal({ idurl: identity.idurl(), keys: given })
  } finally {
    for (const { privateKey } of given) privateKey.fill(0)
  }
}

/** Publishes an identity that names the device, unless it does so already. */
async function certify(
  { identity, config }: BitdustNode,
  publisher: Publisher,
  masterKey: RsaPrivateKey,
  { deviceKey, encryptionKey, peerId }: FoundRequest,
  { label, signal }: { readonly label: string; readonly signal: AbortSignal },
): Promise<void> {
  const created = systemClock.now()
  const current = await deviceOf(identity.document(), deviceKey.id, created)
  if (current?.encryptionKey?.fingerprint === encryptionKey.fingerprint) return
  const expires = created + CERTIFICATE_LIFETIME_MS
  const certificate = await signCertificate({ device: deviceKey, label, created, expires, encryptionKey }, masterKey)
  const others = await devicesOf(identity.document())
  const onlyOther = others.length === 1 ? others[0]?.peerId : undefined
  const { local: allowPrivate } = config.network
  // Its addresses are unknown here; it connects to others.
  const device = { certificate, peerId, contacts: [], onlyOther, allowPrivate }
  await publisher.publish((fields) => withDevice(fields, device), { signal })
}

/** A node that stores nothing has no places to give. */
async function chosenLocations(
  node: BitdustNode,
  names: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly Location[]> {
  if (names === undefined && !node.config.roles.customer) return []
  const { locations } = node.requireCustomer()
  const master = await locations.master({ signal })
  if (names === undefined) return [master, ...(await locations.list()).filter(isOwnShare(master))]
  const chosen = await Promise.all(
    names.map(async (name) =>
      name === master.alias ? master : (await findPlace(node, `${name}:`, { signal })).location,
    ),
  )
  const foreign = chosen.find(({ mine }) => !mine)
  if (foreign === undefined) return chosen
  throw new NodeError(
    'Unauthorized',
    `${foreign.alias} is not a place of your own; hand over your key of it with --key`,
    { subject: foreign.alias },
  )
}

function isOwnShare(master: Location): (location: Location) => boolean {
  return ({ mine, id }) => mine && id !== master.id
}
