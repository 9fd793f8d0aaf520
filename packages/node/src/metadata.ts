import { join } from 'node:path'
import {
  BitdustError,
  type DeviceKey,
  deviceKeyFromSeed,
  fromHex,
  generateDeviceKey,
  type RsaPrivateKey,
  readKeyFile,
  toHex,
  utf8Decode,
  utf8Encode,
  writeKeyFile,
} from '@bitdust/crypto'
import { readPrivateFile, writeFileDurable } from '@bitdust/crypto/files'
import { type IdentityDocument, MAX_IDENTITY_BYTES, openIdentity } from '@bitdust/identity'
import * as v from 'valibot'
import { NodeError } from './errors.ts'
import type { FolderPaths } from './folder.ts'

const MAX_KEY_BYTES = 64 * 1024
const DeviceFile = v.strictObject({
  format: v.literal('bitdust-device'),
  version: v.literal(1),
  seed: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

/** What makes a data folder somebody's: his master key, this device's key, and his identity as it was known last. */
export interface Metadata {
  readonly masterKey: RsaPrivateKey
  readonly deviceKey: DeviceKey
  readonly identity: IdentityDocument
  /** The identity exactly as it is published. */
  readonly identityBytes: Uint8Array
}

/**
 * Reads the keys and the identity of a data folder.
 *
 * @throws {NodeError} `NotInitialized` when there is no identity yet.
 */
export async function readMetadata(paths: FolderPaths, options: { allowPrivate: boolean }): Promise<Metadata> {
  const identityBytes = await readPart(paths, 'identity.xml', MAX_IDENTITY_BYTES)
  const masterText = await readPart(paths, 'master.key', MAX_KEY_BYTES)
  if (identityBytes === null || masterText === null) throw notInitialized(paths)
  const masterKey = await readMasterKey(utf8Decode(masterText))
  const deviceKey = await readDeviceKey(paths)
  if (deviceKey === null) throw notInitialized(paths)
  const identity = await openIdentity(identityBytes, options)
  return { masterKey, deviceKey, identity, identityBytes }
}

/** Writes the master key of a new folder. Once: an existing one is never replaced. */
export async function writeMasterKey(paths: FolderPaths, masterKey: RsaPrivateKey, keyId: string): Promise<void> {
  const file = join(paths.metadata, 'master.key')
  const existing = await readPart(paths, 'master.key', MAX_KEY_BYTES)
  if (existing !== null) {
    const held = await readMasterKey(utf8Decode(existing))
    if (held.publicKey.fingerprint === masterKey.publicKey.fingerprint) return
    throw new NodeError(
      'AlreadyInitialized',
      `${paths.root} holds the master key of another identity; name another --folder`,
      { subject: paths.root },
    )
  }
  await writeFileDurable(
    file,
    utf8Encode(
      await writeKeyFile({ kind: 'private', keyId, key: masterKey, creator: masterKey.publicKey.fingerprint }),
    ),
  )
}

/** The master key that an interrupted `init` or `restore` left in the folder, or null. */
export async function findMasterKey(paths: FolderPaths): Promise<RsaPrivateKey | null> {
  const text = await readPart(paths, 'master.key', MAX_KEY_BYTES)
  return text === null ? null : readMasterKey(utf8Decode(text))
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

/** Keeps the newest own identity. Its presence is what makes a folder initialized. */
export async function writeIdentity(paths: FolderPaths, bytes: Uint8Array): Promise<void> {
  await writeFileDurable(join(paths.metadata, 'identity.xml'), bytes)
}

async function readDeviceKey(paths: FolderPaths): Promise<DeviceKey | null> {
  const bytes = await readPart(paths, 'device.key', MAX_KEY_BYTES)
  if (bytes === null) return null
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), DeviceFile), utf8Decode(bytes))
  if (!parsed.success)
    throw new NodeError(
      'StorageCorrupt',
      `${join(paths.metadata, 'device.key')} is damaged; move it away and the node makes a new device key`,
    )
  return deviceKeyFromSeed(fromHex(parsed.output.seed))
}

async function readMasterKey(text: string): Promise<RsaPrivateKey> {
  const file = await readKeyFile(text)
  if (file.kind === 'private') return file.key
  throw new NodeError('StorageCorrupt', 'metadata/master.key holds a public key')
}

async function readPart(paths: FolderPaths, name: string, maxBytes: number): Promise<Uint8Array | null> {
  try {
    return await readPrivateFile(join(paths.metadata, name), { maxBytes })
  } catch (error) {
    if (error instanceof BitdustError && error.code === 'NotFound') return null
    throw error
  }
}

function notInitialized({ root }: FolderPaths): NodeError {
  return new NodeError(
    'NotInitialized',
    `${root} has no identity yet; make one with: bitdust init NAME --folder ${root}`,
    { subject: root },
  )
}
