import { type DeviceId, importRsaPublicKey, type RsaPrivateKey, type RsaPublicKey, randomBytes } from '@bitdust/crypto'
import { MASTER_ALIAS } from '@bitdust/identity'
import {
  type Header,
  type HeaderGeneration,
  headerRecord,
  type LocationSecrets,
  MAX_GENERATIONS,
  type Opened,
  type RevokedDevice,
  sealLocationSecret,
  sealLocationSecrets,
  sealPreviousSecret,
} from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { OwnSecrets } from './header.ts'
import type { GivenDevice } from './types.ts'

const SECRET_BYTES = 32

export interface NextHeaderOptions {
  readonly masterKey: RsaPrivateKey
  /** What the header before opens to. */
  readonly opened: OwnSecrets
}

/**
 * The header with its newest generation sealed to a device; the older secrets follow from the newest one.
 *
 * @throws {CustomerError} `KeyRevoked` for a device that was revoked: it needs another device key.
 */
export async function headerWithDevice(
  before: Opened<Header>,
  { device, encryptionKey }: GivenDevice,
  { masterKey, opened }: NextHeaderOptions,
): Promise<Opened<Header>> {
  const { owner, location, generations, devices, revoked } = before.body
  if (revoked.some((one) => one.device === device))
    throw new CustomerError('KeyRevoked', 'this device was revoked; to be enrolled again it needs a new device key', {
      subject: device,
    })
  const newest = generations.at(-1)!
  const place = { owner, location, generation: newest.generation }
  const sealed = await withSecrets(newest.generation, opened, (secrets) =>
    sealLocationSecrets(encryptionKey, place, secrets),
  )
  const line = { ...newest, devices: [...without(newest.devices, [device]), { device, sealed }] }
  const given = { device, encryptionKey: encryptionKey.spki }
  return sign(
    before,
    { generations: [...generations.slice(0, -1), line], devices: [...without(devices, [device]), given] },
    masterKey,
  )
}

/** What a new generation is made of. */
export interface NewGeneration extends NextHeaderOptions {
  /** Its key; in the master location the master key. */
  readonly key: RsaPrivateKey
  /** Master keys of members who are to read on. */
  readonly members: readonly RsaPublicKey[]
  /** Devices that are not to, and where their journals end. */
  readonly revoked: readonly RevokedDevice[]
}

/**
 * The header with a new generation: a fresh secret, sealed to the owner, the remaining devices and members. Nothing
 * is left that is sealed to a revoked device or a former member; what they have read before they may have kept.
 *
 * @throws {CustomerError} `LimitExceeded` for more than 64 generations.
 */
export async function headerWithGeneration(
  before: Opened<Header>,
  { masterKey, opened, key, members, revoked }: NewGeneration,
): Promise<Opened<Header>> {
  const { owner, location, generations } = before.body
  if (generations.length >= MAX_GENERATIONS)
    throw new CustomerError(
      'LimitExceeded',
      `${opened.alias} has ${MAX_GENERATIONS} generations, the most there can be`,
    )
  const last = generations.at(-1)!.generation
  const place = { owner, location, generation: last + 1 }
  const lost = revoked.map(({ device }) => device)
  const devices = without(before.body.devices, lost)
  const previous = secretOf(opened, last)
  const secret = randomBytes(SECRET_BYTES)
  const { alias, label } = opened
  const newest = {
    alias,
    label,
    secrets: new Map([[place.generation, secret]]),
    keys: new Map([[place.generation, key]]),
  }
  const generation = await withSecrets(place.generation, newest, async (secrets): Promise<HeaderGeneration> => {
    const seal = (to: RsaPublicKey) => sealLocationSecrets(to, place, secrets)
    return {
      generation: place.generation,
      publicKey: key.publicKey.spki,
      sealedSecret: await sealLocationSecret(key.publicKey, place, secret),
      ownerSealed: await seal(masterKey.publicKey),
      previousSealed: await sealPreviousSecret(secret, place, previous),
      members: await Promise.all(
        members.map(async (member) => ({
          member: member.fingerprint,
          sealed: await seal(member),
        })),
      ),
      devices: await Promise.all(
        devices.map(async ({ device, encryptionKey }) => ({
          device,
          sealed: await seal(await importRsaPublicKey(encryptionKey)),
        })),
      ),
    }
  })
  secret.fill(0)
  // Whoever opens the newest one opens all. What was sealed to others before would only take room.
  const kept = generations.map((one) => ({ ...one, members: [], devices: [] }))
  const named = [...without(before.body.revoked, lost), ...revoked]
  return sign(before, { generations: [...kept, generation], devices, revoked: named }, masterKey)
}

function sign(
  { body, hash }: Opened<Header>,
  change: Partial<Header>,
  masterKey: RsaPrivateKey,
): Promise<Opened<Header>> {
  return headerRecord.sign({ ...body, ...change, revision: body.revision + 1, previous: hash }, masterKey)
}

/** Hands out what a generation's secrets are as they are sealed, and wipes the private key afterwards. */
async function withSecrets<T>(
  generation: number,
  opened: OwnSecrets,
  work: (secrets: LocationSecrets) => Promise<T>,
): Promise<T> {
  const { alias, label } = opened
  const key = alias === MASTER_ALIAS ? undefined : opened.keys.get(generation)
  const privateKey = (await key?.exportPkcs8()) ?? null
  try {
    return await work({ secret: secretOf(opened, generation), privateKey, alias, label })
  } finally {
    privateKey?.fill(0)
  }
}

function secretOf({ secrets, alias }: OwnSecrets, generation: number): Uint8Array {
  const secret = secrets.get(generation)
  if (secret !== undefined) return secret
  throw new CustomerError('RecordInvalid', `the header of ${alias} does not open generation ${generation}`)
}

function without<T extends { readonly device: DeviceId }>(all: readonly T[], gone: readonly DeviceId[]): readonly T[] {
  return all.filter(({ device }) => !gone.includes(device))
}
