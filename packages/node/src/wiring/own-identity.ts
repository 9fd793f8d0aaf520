import { stat } from 'node:fs/promises'
import type { Fingerprint, RsaPrivateKey } from '@bitdust/crypto'
import {
  createPublisher,
  createRotation,
  deviceOf,
  type IdentityDocument,
  type Idurl,
  idurlOn,
  idurlParts,
  MAX_SOURCES,
  type Publisher,
  parseIdServer,
  parseIdurl,
  type Rotation,
  type SourceReport,
} from '@bitdust/identity'
import type { IdServerClient } from '@bitdust/idserver'
import { type MachineObserver, systemClock } from '@bitdust/machine'
import type { KeyValueStore } from '@bitdust/upkeep'
import type { Config } from '../config.ts'
import { NodeError } from '../errors.ts'
import type { FolderPaths } from '../folder.ts'
import { type Metadata, writeIdentity } from '../metadata.ts'
import { type ExportedSite, exportSite } from '../site/export-site.ts'
import { parseDuration, parseSchedule } from '../units.ts'
import { primaryOf } from './devices.ts'
import { keyValueDropMemory } from './drop-memory.ts'
import { keyValueMoveMemory } from './move-memory.ts'
import { createStaticSources } from './static-sources.ts'

/** A web site of the user's that becomes a source of his identity. */
export interface NewSite {
  /** `https://my.site`; the identity will be at `https://my.site/<name>.xml`. */
  readonly url: string
  /** Folder that is written now and kept up to date from now on, for the user to copy, or for the web server to serve. */
  readonly folder: string
  /** Makes it the first source. */
  readonly primary: boolean
}

/** The node's own identity: what it is now, and how it is kept alive. */
export interface OwnIdentity {
  readonly fingerprint: Fingerprint
  document(): IdentityDocument
  /** The IDURL of the moment: the first source. */
  idurl(): Idurl
  /** Text of this device's certificate. */
  readonly certificate: string
  /** Null on an enrolled device, which follows what is published where the master key is. */
  readonly publisher: Publisher | null
  /** Null on an enrolled device. */
  readonly rotation: Rotation | null
  /** How each source stood when it was looked at last. */
  sources(): readonly SourceReport[]
  /** Begins to watch over it. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Takes over a newer document that came another way. Everything else is passed over. */
  take(document: IdentityDocument): Promise<void>
  /**
   * Moves the identity to another ID-server although all are well.
   *
   * @throws {NodeError} `Unauthorized` on an enrolled device.
   */
  rotate(): Promise<IdentityDocument>
  /**
   * Makes a web site a source of the identity: the site is written into a folder, and looked at from now on, never sent to.
   *
   * @throws {NodeError} `Unauthorized` on an enrolled device, `LimitExceeded` for a seventh source, and as {@link exportSite};
   *   {@link IdentityError} `IdentityNameTaken` when something else is at that address, `IdurlForbidden`, `Timeout`.
   */
  addSite(site: NewSite, options: { readonly signal: AbortSignal }): Promise<ExportedSite & { readonly idurl: Idurl }>
}

export interface OwnIdentityOptions {
  readonly metadata: Metadata
  readonly masterKey: RsaPrivateKey
  readonly paths: FolderPaths
  readonly config: Config
  readonly idServers: IdServerClient
  /** Remembers when the identity moved last, and the certificates that were taken out of it. */
  readonly store: KeyValueStore
  readonly observe: MachineObserver
  /** Told every new document of ours, after it is on disk, and the unchanged one from time to time. */
  readonly onChanged: (document: IdentityDocument) => Promise<void>
  readonly onError: (error: unknown) => void
}

/**
 * Wires the publisher and the rotation of the own identity to the disk and the ID-servers, where the master key is.
 *
 * @throws {NodeError} `NotInitialized` when the identity does not name this device.
 */
export async function wireOwnIdentity(options: OwnIdentityOptions): Promise<OwnIdentity> {
  const { metadata, masterKey, paths, config, idServers, store, observe, onChanged, onError } = options
  const { local: allowPrivate } = config.network
  const certificate = await deviceOf(metadata.identity, metadata.deviceKey.publicKey.id, systemClock.now())
  if (certificate === null)
    throw new NodeError(
      'NotInitialized',
      `the identity does not name this device; make a new folder with: bitdust identity restore`,
      { subject: paths.root },
    )
  const statics = createStaticSources(paths.config, config)
  const migrateEveryMs = parseSchedule(config.identity.migrate)
  const publisher = createPublisher({
    key: masterKey,
    identity: metadata.identity,
    idServers,
    isStatic: statics.has,
    clock: systemClock,
    drops: keyValueDropMemory(store),
    onChanged: async (document) => {
      await writeIdentity(paths, document.bytes)
      await keepSite(document).catch(onError)
      await onChanged(document)
    },
  })
  const rotation = createRotation({
    publisher,
    idServers,
    known: () => config.network.idServers,
    clock: systemClock,
    checkEveryMs: parseDuration(config.identity.checkEvery),
    propagateEveryMs: parseDuration(config.identity.propagateEvery),
    count: config.identity.sources,
    ...(migrateEveryMs === null ? {} : { schedule: { everyMs: migrateEveryMs, memory: keyValueMoveMemory(store) } }),
    allowPrivate,
    onPropagated: onChanged,
    onTransition: observe,
    onError,
  })

  /** A folder that the user took away is not made again. */
  async function keepSite(document: IdentityDocument): Promise<void> {
    const folder = statics.folder()
    const isThere = folder !== '' && (await stat(folder).catch(() => null))?.isDirectory() === true
    if (isThere) await exportSite(folder, document)
  }

  async function addSite({ url, folder, primary }: NewSite, signal: AbortSignal) {
    const { name } = idurlParts(primaryOf(publisher.current()))
    const idurl = parseIdurl(idurlOn(parseIdServer(url, { allowPrivate }), name), { allowPrivate })
    const { sources, revision } = publisher.current()
    const isNew = !sources.includes(idurl)
    if (isNew && sources.length >= MAX_SOURCES)
      throw new NodeError('LimitExceeded', `an identity has at most ${MAX_SOURCES} sources`)
    // Before anything is changed, since it may refuse.
    const before = await exportSite(folder, publisher.current())
    const takeBack = await statics.add(idurl, before.directory)
    const isInPlace = !isNew && (!primary || sources[0] === idurl)
    try {
      if (!isInPlace)
        await publisher.publish((fields) => ({ ...fields, sources: withSite(fields.sources, idurl, primary) }), {
          signal,
        })
    } catch (error) {
      await takeBack()
      throw error
    }
    const after = await exportSite(folder, publisher.current())
    return { ...after, changed: before.changed || publisher.current().revision > revision, idurl }
  }

  await keepSite(metadata.identity).catch(onError)
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
    start: async () => rotation.start(),
    stop: () => rotation.stop(),
    take: (document) => publisher.adopt(document),
    sources: () => publisher.sources(),
    rotate: () => rotation.rotate(),
    addSite: (site, { signal }) => addSite(site, signal),
  }
}

/** The sources with a site among them, in the first place or, unless it has one already, in the last. */
function withSite(sources: readonly Idurl[], site: Idurl, primary: boolean): readonly Idurl[] {
  const others = sources.filter((source) => source !== site)
  if (primary) return [site, ...others]
  return sources.includes(site) ? sources : [...sources, site]
}
