import type { Fingerprint } from '@bitdust/crypto'
import {
  createPublisher,
  createRotation,
  deviceOf,
  type IdentityDocument,
  type Idurl,
  type Publisher,
  type Rotation,
} from '@bitdust/identity'
import type { IdServerClient } from '@bitdust/idserver'
import { type MachineObserver, systemClock } from '@bitdust/machine'
import type { Config } from '../config.ts'
import { NodeError } from '../errors.ts'
import type { FolderPaths } from '../folder.ts'
import { type Metadata, writeIdentity } from '../metadata.ts'
import { parseDuration } from '../units.ts'

/** The node's own identity: what it is now, and how it is kept alive. */
export interface OwnIdentity {
  readonly fingerprint: Fingerprint
  document(): IdentityDocument
  /** The IDURL of the moment: the first source. */
  idurl(): Idurl
  /** Text of this device's certificate. */
  readonly certificate: string
  readonly publisher: Publisher
  readonly rotation: Rotation
  /** Moves the identity to another ID-server although all are well. */
  rotate(): Promise<IdentityDocument>
}

export interface OwnIdentityOptions {
  readonly metadata: Metadata
  readonly paths: FolderPaths
  readonly config: Config
  readonly idServers: IdServerClient
  readonly observe: MachineObserver
  /** Told every new document of ours, after it is on disk. */
  readonly onChanged: (document: IdentityDocument) => Promise<void>
  readonly onError: (error: unknown) => void
}

/**
 * Wires the publisher and the rotation of the own identity to the disk and the ID-servers.
 *
 * @throws {NodeError} `NotInitialized` when the identity does not name this device.
 */
export async function wireOwnIdentity(options: OwnIdentityOptions): Promise<OwnIdentity> {
  const { metadata, paths, config, idServers, observe, onChanged, onError } = options
  const certificate = await deviceOf(metadata.identity, metadata.deviceKey.publicKey.id, systemClock.now())
  if (certificate === null)
    throw new NodeError(
      'NotInitialized',
      `the identity does not name this device; make a new folder with: bitdust identity restore`,
      { subject: paths.root },
    )
  const publisher = createPublisher({
    key: metadata.masterKey,
    identity: metadata.identity,
    idServers,
    clock: systemClock,
    onChanged: async (document) => {
      await writeIdentity(paths, document.bytes)
      await onChanged(document)
    },
  })
  const rotation = createRotation({
    publisher,
    idServers,
    known: () => config.network.idServers,
    clock: systemClock,
    checkEveryMs: parseDuration(config.identity.checkEvery),
    allowPrivate: config.network.local,
    onTransition: observe,
    onError,
  })
  return {
    fingerprint: metadata.identity.fingerprint,
    document: () => publisher.current(),
    idurl() {
      const [first] = publisher.current().sources
      if (first === undefined) throw new NodeError('StorageCorrupt', 'an identity has a source')
      return first
    },
    certificate: certificate.text,
    publisher,
    rotation,
    rotate: () => rotation.rotate(),
  }
}
