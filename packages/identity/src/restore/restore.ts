import type { RsaPrivateKey } from '@bitdust/crypto'
import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import type { IdentityDocument } from '../document/identity-document.ts'
import { openIdentity } from '../document/open-identity.ts'
import { IdentityError } from '../errors.ts'
import type { AddressOptions } from '../names/address.ts'
import { idServerOf, idurlOn } from '../names/id-server.ts'
import { type Idurl, idurlParts } from '../names/idurl.ts'
import { knownServers } from '../names/known-servers.ts'
import type { IdServerPort } from '../publishing/id-server-port.ts'
import { isAlive, lookUp } from '../publishing/look-up.ts'
import { createPublisher, type IdentityChange, type Publication } from '../publishing/publisher.ts'
import type { IdentityQuery, IdentitySource } from '../resolver/identity-source.ts'
import {
  type RestoreAnswer,
  type RestoreContext,
  type RestoreEffect,
  type RestoreEvent,
  restoreTable,
} from './machine.ts'

/** What {@link createRestore} needs. */
export interface RestoreOptions extends AddressOptions {
  /** The master key: what it signed is the identity. */
  readonly key: RsaPrivateKey
  /** Any address that the identity had. */
  readonly idurl: Idurl
  /** Asked in this order, by address and by key. */
  readonly sources: readonly IdentitySource[]
  /** Known ID-servers, as `parseIdServer` reads them, which may hold the identity under the same name; others are passed over. */
  readonly known: readonly string[]
  readonly idServers: IdServerPort
  /** What this device adds to the document that was found, such as its certificate. */
  readonly join: (found: IdentityDocument) => Promise<IdentityChange>
  /** Makes the new document findable by key. @returns Whether anybody keeps it. */
  readonly announce: (document: IdentityDocument, options: { readonly signal: AbortSignal }) => Promise<boolean>
  readonly clock: Clock
  readonly onTransition?: MachineObserver
}

/** An identity that is back, with this device in it. */
export interface Restoration extends Publication {
  /** Name of the source that had the newest document. */
  readonly foundBy: string
  /** Whether it can be found by key. True whenever no ID-server took it. */
  readonly isAnnounced: boolean
  /** Sources that serve the identity, take nothing and are no ID-servers: its owner copies it there himself. */
  readonly staticSources: readonly Idurl[]
}

/** Brings an identity back: see `restoreTable`. */
export interface Restore {
  /**
   * Runs once, to the end. After a failure another run may be made with the same device.
   *
   * @throws {IdentityError} `IdentityKeyChanged` when the address shows another key and nobody has a document of this
   *   one: most likely it is the wrong key. `NotFound` when nobody has the identity. `Timeout` (retryable) when somebody
   *   who may have it could not be asked, or nobody took the new document. What `join` threw. The signal's reason when
   *   it aborts.
   */
  run(options?: { readonly signal?: AbortSignal }): Promise<Restoration>
}

/** How long a document that an ID-server showed is compared with what is known by key, in ms. */
const SECOND_OPINION_MS = 5_000

/** Creates a restore. It asks nobody before `run()`. */
export function createRestore(options: RestoreOptions): Restore {
  const { key, idurl, sources, known, idServers, clock, allowPrivate = false, onTransition } = options
  const { fingerprint } = key.publicKey
  let published: Publication | undefined
  let staticSources: readonly Idurl[] = []
  let isAnnounced = false

  /** Asks all sources until one has a document of our key. */
  async function ask(query: IdentityQuery, signal: AbortSignal): Promise<RestoreAnswer> {
    let answer: RestoreAnswer = { document: null, by: null, otherKey: null, someSilent: false }
    for (const source of sources) {
      let bytes: Uint8Array | null
      try {
        bytes = await source.fetch(query, { signal })
      } catch {
        signal.throwIfAborted()
        answer = { ...answer, someSilent: true }
        continue
      }
      // Of a private network or not: it was oneself who put these addresses into it.
      const document = bytes === null ? null : await openIdentity(bytes, { allowPrivate: true }).catch(() => null)
      if (document?.fingerprint === fingerprint) return { ...answer, document, by: source.name }
      if (document !== null) answer = { ...answer, otherKey: document.fingerprint }
    }
    return answer
  }

  async function askKnownServers(signal: AbortSignal): Promise<RestoreAnswer> {
    const { name } = idurlParts(idurl)
    const addresses = knownServers(known, { allowPrivate }).map((server) => idurlOn(server, name))
    const others = addresses.filter((address) => address !== idurl)
    const answers = await Promise.all(others.map((other) => ask({ idurl: other }, signal)))
    const newest = answers.reduce<RestoreAnswer | null>(
      (best, answer) => ((answer.document?.revision ?? -1) > (best?.document?.revision ?? -1) ? answer : best),
      null,
    )
    return {
      document: newest?.document ?? null,
      by: newest?.by ?? null,
      // On a server that was never ours the name may be anybody's.
      otherKey: null,
      someSilent: answers.some(({ someSilent }) => someSilent),
    }
  }

  /** With a document in hand, the wait for a newer one is short. */
  async function searchByKey(found: IdentityDocument | null, signal: AbortSignal): Promise<RestoreAnswer> {
    if (found === null) return ask({ fingerprint }, signal)
    const limit = new AbortController()
    const waiting = clock.sleep(SECOND_OPINION_MS, limit.signal).then(
      () => limit.abort(),
      () => undefined,
    )
    try {
      return await ask({ fingerprint }, AbortSignal.any([signal, limit.signal]))
    } catch {
      signal.throwIfAborted()
      return { document: null, by: null, otherKey: null, someSilent: true }
    } finally {
      limit.abort()
      await waiting
    }
  }

  async function publish(found: IdentityDocument, signal: AbortSignal): Promise<RestoreEvent> {
    const publisher = createPublisher({ key, identity: found, idServers, clock })
    published = await publisher.publish(await options.join(found), { signal, unpublished: 'keep' })
    const refusing = published.outcomes.filter(({ is }) => is === 'dead').map(({ source }) => source)
    const areStatic = await Promise.all(refusing.map((source) => isStaticHost(source, signal)))
    staticSources = refusing.filter((_, index) => areStatic[index])
    const { document, outcomes } = published
    return { type: 'published', document, taken: outcomes.some(({ is }) => is === 'published') }
  }

  async function isStaticHost(source: Idurl, signal: AbortSignal): Promise<boolean> {
    const { is } = await lookUp(idServers, source, fingerprint, signal)
    return is === 'mine' && !(await isAlive(idServers, idServerOf(source), signal))
  }

  async function outcomeOf(effect: RestoreEffect, signal: AbortSignal): Promise<RestoreEvent> {
    switch (effect.type) {
      case 'askAddress':
        return { type: 'answered', answer: await ask({ idurl }, signal) }
      case 'askKnownServers':
        return { type: 'answered', answer: await askKnownServers(signal) }
      case 'searchByKey':
        return { type: 'answered', answer: await searchByKey(effect.found, signal) }
      case 'publish':
        return publish(effect.found, signal)
      case 'announce':
        isAnnounced = await options.announce(effect.document, { signal })
        return { type: 'announced', kept: isAnnounced }
    }
  }

  async function run({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Restoration> {
    signal?.throwIfAborted()
    const context: RestoreContext = {
      found: null,
      foundBy: null,
      otherKey: null,
      someSilent: false,
      isPublished: false,
    }
    await using runner = createRunner({
      name: 'identity-restore',
      table: restoreTable,
      initial: { state: 'idle', context },
      async perform(effect: RestoreEffect, raise: (event: RestoreEvent) => void, during) {
        raise(
          await outcomeOf(effect, during.signal).catch((error: unknown): RestoreEvent => {
            during.signal.throwIfAborted()
            return { type: 'failed', error }
          }),
        )
      },
      clock,
      ...(onTransition === undefined ? {} : { onTransition }),
    })
    const stop = () => void runner.stop()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      runner.send({ type: 'start' })
      const end = await runner.settled('done', 'failed')
      if (end.state === 'done' && published !== undefined)
        return { ...published, isAnnounced, staticSources, foundBy: end.context.foundBy ?? '' }
      throw failureOf(end.context)
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  function failureOf({ failure, otherKey }: RestoreContext): unknown {
    if (failure !== undefined && 'error' in failure) return failure.error
    if (published !== undefined)
      return new IdentityError('Timeout', `${idurl}: found, but nobody took the new document`, {
        subject: idurl,
        retryable: true,
      })
    switch (failure?.code) {
      case 'IdentityKeyChanged':
        return new IdentityError(
          'IdentityKeyChanged',
          `${idurl} belongs to the key ${otherKey}, and nobody has an identity of this one (${fingerprint}); check that this is the right key file`,
          { subject: idurl },
        )
      case 'NotFound':
        return new IdentityError(
          'NotFound',
          `nobody has the identity of this key (${fingerprint}) or anything at ${idurl}`,
          {
            subject: idurl,
          },
        )
      default:
        return new IdentityError('Timeout', `${idurl}: nobody who could have the identity answered`, {
          subject: idurl,
          retryable: true,
        })
    }
  }

  return { run }
}
