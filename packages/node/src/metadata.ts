import { join } from 'node:path'
import {
  BitdustError,
  type DeviceKey,
  deviceKeyFromSeed,
  fromHex,
  generateDeviceKey,
  generateRsaKey,
  type RsaPrivateKey,
  readKeyFile,
  toHex,
  utf8Decode,
  utf8Encode,
  writeKeyFile,
} from '@bitdust/crypto'
import { readPrivateFile, removeDurable, writeFileDurable } from '@bitdust/crypto/files'
import {
  type DeviceCertificate,
  type IdentityDocument,
  MAX_IDENTITY_BYTES,
  openCertificate,
  openIdentity,
} from '@bitdust/identity'
import * as v from 'valibot'
import { NodeError } from './errors.ts'
import type { FolderPaths } from './folder.ts'

/** Longest key file that is read, in bytes. */
export const MAX_KEY_FILE_BYTES = 64 * 1024
const DeviceFile = v.strictObject({
  format: v.literal('bitdust-device'),
  version: v.literal(1),
  seed: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

/** The identity of a data folder as it was known last. */
export interface KnownIdentity {
  readonly identity: IdentityDocument
  /** The identity exactly as it is published. */
  readonly identityBytes: Uint8Array
}

/** What makes a data folder somebody's: keys, and his identity as it was known last. */
export interface Metadata extends KnownIdentity {
  readonly deviceKey: DeviceKey
  /** Null on an enrolled device. */
  readonly masterKey: RsaPrivateKey | null
  /** What is meant for this device is sealed to it: the master key itself where it is, else the enrolled device's own. */
  readonly encryptionKey: RsaPrivateKey
}

export interface ReadMetadataOptions {
  /** Lets the identity name private addresses. */
  readonly allowPrivate: boolean
  /** The master key, when it does not lie in the folder. It is used from memory and written nowhere. */
  readonly masterKey?: RsaPrivateKey
}

/**
 * Reads the keys and the identity of a data folder. There are three kinds: the master key is in it; the master key is
 * kept elsewhere and given for each run; the device is enrolled and has an encryption key of its own.
 *
 * @throws {NodeError} `NotInitialized` when there is no identity yet; `Unauthorized` when the master key has to be given,
 *   when a given one is another identity's, and when the identity does not name an enrolled device any more.
 */
export async function readMetadata(paths: FolderPaths, options: ReadMetadataOptions): Promise<Metadata> {
  const { masterKey: given } = options
  const known = await readOwnIdentity(paths, options)
  // Before anything is done with it: a wrong key must not leave a trace.
  if (given !== undefined) requireKeyOf(known.identity, given)
  const deviceKey = await readDeviceKey(paths)
  if (deviceKey === null) throw notInitialized(paths)
  const masterKey = given ?? (await findMasterKey(paths))
  if (masterKey !== null) {
    requireKeyOf(known.identity, masterKey)
    return { ...known, deviceKey, masterKey, encryptionKey: masterKey }
  }
  const encryptionKey = await findEncryptionKey(paths)
  if (encryptionKey === null) throw masterKeyElsewhere(known.identity)
  await requireEnrolled(known.identity, deviceKey, encryptionKey)
  return { ...known, deviceKey, masterKey: null, encryptionKey }
}

/**
 * Reads the identity of a data folder, for what needs no key.
 *
 * @throws {NodeError} `NotInitialized`
 */
export async function readOwnIdentity(
  paths: FolderPaths,
  { allowPrivate }: Pick<ReadMetadataOptions, 'allowPrivate'>,
): Promise<KnownIdentity> {
  const identityBytes = await readPart(paths, 'identity.xml', MAX_IDENTITY_BYTES)
  if (identityBytes === null) throw notInitialized(paths)
  return { identity: await openIdentity(identityBytes, { allowPrivate }), identityBytes }
}

/** Writes the master key of a new folder. Once: an existing one is never replaced. */
export async function writeMasterKey(paths: FolderPaths, masterKey: RsaPrivateKey, keyId: string): Promise<void> {
  const held = await findMasterKey(paths)
  if (held?.publicKey.fingerprint === masterKey.publicKey.fingerprint) return
  if (held !== null)
    throw new NodeError(
      'AlreadyInitialized',
      `${paths.root} holds the master key of another identity; name another --folder`,
      { subject: paths.root },
    )
  await writePrivateKey(paths, 'master.key', masterKey, { keyId, creator: masterKey.publicKey.fingerprint })
}

/** The master key in the folder, or null. */
export async function findMasterKey(paths: FolderPaths): Promise<RsaPrivateKey | null> {
  return findPrivateKey(paths, 'master.key')
}

/** Takes the master key out of the folder. To be called when it is known to be safe elsewhere. */
export async function removeMasterKey(paths: FolderPaths): Promise<void> {
  await removeDurable(join(paths.metadata, 'master.key'))
}

/** The key to which an enrolled device's secrets are sealed; made at the first call. */
export async function ensureEncryptionKey(paths: FolderPaths): Promise<RsaPrivateKey> {
  const existing = await findEncryptionKey(paths)
  if (existing !== null) return existing
  const key = await generateRsaKey()
  await writePrivateKey(paths, 'encryption.key', key, { keyId: 'encryption' })
  return key
}

/** The device key of the folder; made at the first call. */
export async function ensureDeviceKey(paths: FolderPaths): Promise<DeviceKey> {
  const existing = await readDeviceKey(paths)
  if (existing !== null) return existing
  const deviceKey = await generateDeviceKey()
  const text = JSON.stringify({ format: 'bitdust-device', version: 1, seed: toHex(deviceKey.seed) })
  await writeFileDurable(join(paths.metadata, 'device.key'), utf8Encode(`${text}\n`))
  return deviceKey
}

/** Forgets the keys of a device that was never enrolled, so that the next request is another device's. */
export async function removeDeviceKeys(paths: FolderPaths): Promise<void> {
  for (const name of ['encryption.key', 'device.key']) await removeDurable(join(paths.metadata, name))
}

/** Keeps the newest own identity. Its presence is what makes a folder initialized. */
export async function writeIdentity(paths: FolderPaths, bytes: Uint8Array): Promise<void> {
  await writeFileDurable(join(paths.metadata, 'identity.xml'), bytes)
}

function findEncryptionKey(paths: FolderPaths): Promise<RsaPrivateKey | null> {
  return findPrivateKey(paths, 'encryption.key')
}

async function findPrivateKey(paths: FolderPaths, name: string): Promise<RsaPrivateKey | null> {
  const text = await readPart(paths, name, MAX_KEY_FILE_BYTES)
  if (text === null) return null
  const file = await readKeyFile(utf8Decode(text))
  if (file.kind === 'private') return file.key
  throw new NodeError('StorageCorrupt', `metadata/${name} holds a public key`)
}

async function writePrivateKey(
  paths: FolderPaths,
  name: string,
  key: RsaPrivateKey,
  names: { readonly keyId: string; readonly creator?: RsaPrivateKey['publicKey']['fingerprint'] },
): Promise<void> {
  await writeFileDurable(join(paths.metadata, name), utf8Encode(await writeKeyFile({ kind: 'private', key, ...names })))
}

async function readDeviceKey(paths: FolderPaths): Promise<DeviceKey | null> {
  const bytes = await readPart(paths, 'device.key', MAX_KEY_FILE_BYTES)
  if (bytes === null) return null
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), DeviceFile), utf8Decode(bytes))
  if (!parsed.success)
    throw new NodeError(
      'StorageCorrupt',
      `${join(paths.metadata, 'device.key')} is damaged; move it away and the node makes a new device key`,
    )
  return deviceKeyFromSeed(fromHex(parsed.output.seed))
}

async function readPart(paths: FolderPaths, name: string, maxBytes: number): Promise<Uint8Array | null> {
  try {
    return await readPrivateFile(join(paths.metadata, name), { maxBytes })
  } catch (error) {
    if (error instanceof BitdustError && error.code === 'NotFound') return null
    throw error
  }
}

/** Expiry is not looked at: that is for whoever connects. */
async function requireEnrolled(
  identity: IdentityDocument,
  deviceKey: DeviceKey,
  encryptionKey: RsaPrivateKey,
): Promise<void> {
  const opened = await Promise.all(
    identity.certificates.map((text) => openCertificate(text, identity.publicKey).catch(() => null)),
  )
  const names = (certificate: DeviceCertificate | null) =>
    certificate?.deviceKey.id === deviceKey.publicKey.id &&
    certificate.encryptionKey?.fingerprint === encryptionKey.publicKey.fingerprint
  if (!opened.some(names)) throw deviceRevoked(identity)
}

/** What needs the master key was asked for on an enrolled device. */
export function masterKeyNeeded(doing: string): NodeError {
  return new NodeError('Unauthorized', `the master key is not on this device: ${doing} where it is`)
}

/** The identity does not name this device any more. */
export function deviceRevoked({ sources, revision, fingerprint }: IdentityDocument): NodeError {
  return new NodeError(
    'Unauthorized',
    `this device was revoked: ${sources[0] ?? fingerprint} does not name it since revision ${revision} or earlier; to come back, enrol a new folder with: bitdust device request`,
    { subject: fingerprint },
  )
}

/** @throws {NodeError} `Unauthorized` when this is not the identity's key. */
export function requireKeyOf({ fingerprint, sources }: IdentityDocument, { publicKey }: RsaPrivateKey): void {
  if (publicKey.fingerprint === fingerprint) return
  throw new NodeError(
    'Unauthorized',
    `this is not the master key of ${sources[0] ?? fingerprint}: its fingerprint is ${publicKey.fingerprint}, expected ${fingerprint}`,
    { subject: fingerprint },
  )
}

function masterKeyElsewhere({ sources, fingerprint }: IdentityDocument): NodeError {
  return new NodeError(
    'Unauthorized',
    `the master key of ${sources[0] ?? fingerprint} is not in the folder; start with: bitdust start --master-key FILE, or - for standard input`,
    { subject: fingerprint },
  )
}

function notInitialized({ root }: FolderPaths): NodeError {
  return new NodeError(
    'NotInitialized',
    `${root} has no identity yet; make one with: bitdust init NAME --folder ${root}`,
    { subject: root },
  )
}
