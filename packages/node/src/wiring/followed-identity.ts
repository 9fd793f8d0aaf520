import { isBitdustError } from '@bitdust/crypto'
import { deviceOf, type IdentityDocument, type Resolver } from '@bitdust/identity'
import { systemClock } from '@bitdust/machine'
import type { Config } from '../config.ts'
import { NodeError } from '../errors.ts'
import type { FolderPaths } from '../folder.ts'
import { deviceRevoked, type Metadata, masterKeyNeeded, writeIdentity } from '../metadata.ts'
import { parseDuration } from '../units.ts'
import { primaryOf } from './devices.ts'
import type { OwnIdentity } from './own-identity.ts'

export interface FollowedIdentityOptions {
  readonly metadata: Metadata
  readonly paths: FolderPaths
  readonly config: Config
  readonly resolver: Pick<Resolver, 'accept' | 'known' | 'resolve'>
  /** Told every new document of ours, after it is on disk. */
  readonly onChanged: (document: IdentityDocument) => Promise<void>
  /** Told once that the identity does not name this device any more: it has to stop. */
  readonly onRevoked: (error: NodeError) => void
  readonly onError: (error: unknown) => void
}

/** Longest wait at the start for news of the own identity, in ms: without them the node works with what it knows. */
const FIRST_LOOK_MS = 5_000

/**
 * The own identity on an enrolled device: nothing is published from here, newer documents are taken over as they are
 * found, and one without this device's certificate ends the node.
 *
 * @throws {NodeError} `Unauthorized` when the certificate of this device has run out.
 */
export async function followOwnIdentity(options: FollowedIdentityOptions): Promise<OwnIdentity> {
  const { metadata, paths, config, resolver, onChanged, onRevoked, onError } = options
  const { fingerprint } = metadata.identity
  const device = metadata.deviceKey.publicKey.id
  const certificate = await deviceOf(metadata.identity, device, systemClock.now())
  if (certificate === null)
    throw new NodeError(
      'Unauthorized',
      `the certificate of this device has run out; where the master key is, revoke the device, and enrol a new folder`,
      { subject: fingerprint },
    )
  const lifetime = new AbortController()
  const since = systemClock.now()
  let current = metadata.identity
  let turn: Promise<void> = Promise.resolve()
  let watching: Promise<void> | undefined

  /** Takes one document after the other, so that the newest one is on disk in the end. */
  function take(document: IdentityDocument): Promise<void> {
    const taken = turn.then(() => takeNow(document))
    turn = taken.catch(() => undefined)
    return taken
  }

  async function takeNow(document: IdentityDocument): Promise<void> {
    if (document.fingerprint !== fingerprint || document.revision <= current.revision) return
    current = document
    await writeIdentity(paths, document.bytes)
    if ((await deviceOf(document, device, systemClock.now())) === null) throw deviceRevoked(document)
    await onChanged(document)
  }

  async function refresh(signal: AbortSignal): Promise<void> {
    await take(await resolver.resolve({ fingerprint }, { signal, fresh: true }))
  }

  /** Ends the node when this was the news that it is revoked; everything else is tried again. */
  function judge(error: unknown): void {
    if (lifetime.signal.aborted) return
    if (error instanceof NodeError && isBitdustError(error, 'Unauthorized')) onRevoked(error)
    else onError(error)
  }

  async function watch(): Promise<void> {
    const { signal } = lifetime
    for (;;) {
      await systemClock.sleep(parseDuration(config.identity.checkEvery), signal)
      await refresh(signal).catch(judge)
    }
  }

  return {
    fingerprint,
    document: () => current,
    idurl: () => primaryOf(current),
    certificate: certificate.text,
    publisher: null,
    rotation: null,
    async start() {
      // The resolver may have seen a newer one just before the process was killed.
      await resolver.accept(metadata.identityBytes).catch(onError)
      const known = await resolver.known(fingerprint)
      if (known !== undefined) await take(known)
      await refresh(AbortSignal.any([lifetime.signal, AbortSignal.timeout(FIRST_LOOK_MS)])).catch((error: unknown) => {
        lifetime.signal.throwIfAborted()
        if (error instanceof NodeError) throw error
        onError(error)
      })
      watching = watch().catch(judge)
    },
    async stop() {
      lifetime.abort(new DOMException('the node stopped', 'AbortError'))
      await watching
    },
    take: (document) => take(document).catch(judge),
    // They are looked after where the master key is.
    sources: () => current.sources.map((source) => ({ source, is: 'unknown', isStatic: false, since })),
    async rotate() {
      throw masterKeyNeeded('move the identity to another ID-server')
    },
    async addSite() {
      throw masterKeyNeeded('add a web site to the identity')
    },
  }
}
