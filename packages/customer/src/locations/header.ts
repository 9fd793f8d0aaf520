import { type DeviceId, equalBytes, importRsaPrivateKey, type RsaPrivateKey, randomBytes } from '@bitdust/crypto'
import { MASTER_ALIAS } from '@bitdust/identity'
import {
  type Header,
  type HeaderGeneration,
  headerRecord,
  type LocationSecrets,
  locationIdOf,
  type Opened,
  openLocationSecret,
  openLocationSecrets,
  openPreviousSecret,
  sealLocationSecret,
  sealLocationSecrets,
} from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { Self } from '../ports.ts'

const SECRET_BYTES = 32
const FIRST_GENERATION = 1

/** Keys and secrets of a location, by generation. */
export interface OpenedSecrets {
  /** Generations of which we hold the key. */
  readonly keys: ReadonlyMap<number, RsaPrivateKey>
  readonly secrets: ReadonlyMap<number, Uint8Array>
}

export interface FirstHeaderOptions {
  readonly masterKey: RsaPrivateKey
  readonly alias: string
  readonly label: string
  /** The key of the location; in the master location the master key. */
  readonly key: RsaPrivateKey
}

/** Makes the header of a new location, with a fresh secret. */
export async function makeHeader({ masterKey, alias, label, key }: FirstHeaderOptions): Promise<Opened<Header>> {
  const owner = masterKey.publicKey.fingerprint
  const location = locationIdOf(owner, alias)
  const place = { owner, location, generation: FIRST_GENERATION }
  const secret = randomBytes(SECRET_BYTES)
  const privateKey = alias === MASTER_ALIAS ? null : await key.exportPkcs8()
  const generation: HeaderGeneration = {
    generation: FIRST_GENERATION,
    publicKey: key.publicKey.spki,
    sealedSecret: await sealLocationSecret(key.publicKey, place, secret),
    ownerSealed: await sealLocationSecrets(masterKey.publicKey, place, { secret, privateKey, alias, label }),
    previousSealed: null,
    members: [],
    devices: [],
  }
  privateKey?.fill(0)
  secret.fill(0)
  const first = { owner, location, revision: 1, previous: null }
  return headerRecord.sign({ ...first, generations: [generation], devices: [], revoked: [] }, masterKey)
}

/** What a header of our own opens to. */
export type OwnSecrets = OpenedSecrets & Pick<LocationSecrets, 'alias' | 'label'>

/**
 * Opens a header of our own: with the master key alone where that lives, else with what was sealed to this device.
 *
 * @throws {CustomerError} `Unauthorized` on an enrolled device that was not given the location, `KeyRevoked` on one that
 *   lost it.
 */
export function openOwnSecrets(
  header: Opened<Header>,
  { masterKey, encryptionKey, deviceKey }: Pick<Self, 'masterKey' | 'encryptionKey' | 'deviceKey'>,
): Promise<OwnSecrets> {
  if (masterKey !== null) return openWithMasterKey(header, masterKey)
  return openOnDevice(header, { encryptionKey, device: deviceKey.publicKey.id })
}

async function openWithMasterKey(header: Opened<Header>, masterKey: RsaPrivateKey): Promise<OwnSecrets> {
  const { owner, location, generations } = header.body
  const keys = new Map<number, RsaPrivateKey>()
  const secrets = new Map<number, Uint8Array>()
  let alias = ''
  let label = ''
  for (const { generation, ownerSealed } of generations) {
    const opened = await openLocationSecrets(masterKey, { owner, location, generation }, ownerSealed)
    keys.set(generation, opened.privateKey === null ? masterKey : await importRsaPrivateKey(opened.privateKey))
    opened.privateKey?.fill(0)
    secrets.set(generation, opened.secret)
    alias = opened.alias
    label = opened.label
  }
  return { keys, secrets, alias, label }
}

interface EnrolledDevice {
  readonly encryptionKey: RsaPrivateKey
  readonly device: DeviceId
}

async function openOnDevice(header: Opened<Header>, { encryptionKey, device }: EnrolledDevice): Promise<OwnSecrets> {
  const { owner, location, generations, revoked } = header.body
  const keys = new Map<number, RsaPrivateKey>()
  const secrets = new Map<number, Uint8Array>()
  let names: Pick<LocationSecrets, 'alias' | 'label'> | undefined
  for (const [index, { generation, devices }] of generations.entries()) {
    const sealed = devices.find((line) => line.device === device)?.sealed
    if (sealed === undefined) continue
    const opened = await openLocationSecrets(encryptionKey, { owner, location, generation }, sealed)
    secrets.set(generation, opened.secret)
    if (opened.privateKey !== null) keys.set(generation, await importRsaPrivateKey(opened.privateKey))
    opened.privateKey?.fill(0)
    names = opened
    await openEarlier(header, index, secrets)
  }
  if (names !== undefined) return { keys, secrets, alias: names.alias, label: names.label }
  if (revoked.some((one) => one.device === device))
    throw new CustomerError('KeyRevoked', 'this device was revoked', { subject: location })
  throw new CustomerError('Unauthorized', 'this device was not given the location: give it where the master key is', {
    subject: location,
  })
}

export interface GivenSecretsOptions {
  readonly header: Opened<Header>
  /** The keys that we were given, by generation. */
  readonly keys: ReadonlyMap<number, RsaPrivateKey>
  readonly self: Pick<Self, 'fingerprint' | 'masterKey'>
}

/**
 * What a header of somebody else's location opens to for us: with the keys that we were given, and with those of later
 * generations that the owner sealed to our master key meanwhile, where that is here. Older secrets follow from newer ones.
 *
 * @throws {CustomerError} `KeyRevoked` when none of our keys is one of the location's.
 */
export async function openGivenSecrets({ header, keys, self }: GivenSecretsOptions): Promise<OpenedSecrets> {
  const { owner, location, generations } = header.body
  const held = new Map<number, RsaPrivateKey>()
  const secrets = new Map<number, Uint8Array>()
  for (const [index, { generation, publicKey, sealedSecret, members }] of generations.entries()) {
    const place = { owner, location, generation }
    const given = keys.get(generation)
    const sealed = members.find(({ member }) => member === self.fingerprint)?.sealed
    if (given !== undefined && equalBytes(given.publicKey.spki, publicKey)) {
      held.set(generation, given)
      secrets.set(generation, await openLocationSecret(given, place, sealedSecret))
    } else if (sealed !== undefined && self.masterKey !== null) {
      const later = await openLocationSecrets(self.masterKey, place, sealed)
      if (later.privateKey !== null) held.set(generation, await importRsaPrivateKey(later.privateKey))
      secrets.set(generation, later.secret)
    }
    await openEarlier(header, index, secrets)
  }
  if (held.size > 0) return { keys: held, secrets }
  throw new CustomerError('KeyRevoked', 'the key is not one of this location', { subject: location })
}

/** Fills in the secrets of the generations before the one at `index`, as far as the chain goes. */
async function openEarlier(header: Opened<Header>, index: number, secrets: Map<number, Uint8Array>): Promise<void> {
  const { owner, location, generations } = header.body
  for (let at = index; at > 0; at--) {
    const { generation, previousSealed } = generations[at]!
    const earlier = generations[at - 1]!.generation
    const secret = secrets.get(generation)
    if (secret === undefined || previousSealed === null || secrets.has(earlier)) return
    secrets.set(earlier, await openPreviousSecret(secret, { owner, location, generation }, previousSealed))
  }
}
