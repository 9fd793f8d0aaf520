import { equalBytes, type RsaPrivateKey } from '@bitdust/crypto'
import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import { formatIdentityDate } from '../document/identity-date.ts'
import type { IdentityFields } from '../document/identity-document.ts'
import { MAX_SOURCES } from '../document/limits.ts'
import { type SignedIdentity, signIdentity } from '../document/sign-identity.ts'
import { IdentityError } from '../errors.ts'
import type { AddressOptions } from '../names/address.ts'
import { checkNewUserName } from '../names/alias.ts'
import { type IdServerAddress, idServerOf, idurlOn, parseIdServer } from '../names/id-server.ts'
import { parseIdurl } from '../names/idurl.ts'
import type { IdServerPort } from '../publishing/id-server-port.ts'
import { isAlive, lookUp } from '../publishing/look-up.ts'
import { publishTo } from '../publishing/publish-to.ts'
import {
  type RegistrationAnswer,
  type RegistrationContext,
  type RegistrationEffect,
  type RegistrationEvent,
  registrationTable,
} from './machine.ts'

/** What {@link createRegistration} needs. */
export interface RegistrationOptions
  extends AddressOptions,
    Partial<Pick<IdentityFields, 'contacts' | 'certificates' | 'version'>> {
  /** The master key. Where it holds the name already, that place counts as free. */
  readonly key: RsaPrivateKey
  /** Name of the user; the same on all servers, for good. */
  readonly name: string
  /** Known ID-servers, most wanted first, as `parseIdServer` reads them. */
  readonly servers: readonly string[]
  /** On how many of them the identity shall be, 1 to 6. One is enough where not more can be had. @default 2 */
  readonly count?: number
  readonly idServers: IdServerPort
  readonly clock: Clock
  readonly onTransition?: MachineObserver
}

/** Pause before a document that was published and is not served yet is looked for again, in ms. */
const CONFIRM_PAUSE_MS = 5_000
const DEFAULT_COUNT = 2

/** Makes a new identity known: see `registrationTable`. */
export interface Registration {
  /**
   * Runs once, to the end.
   *
   * @returns The document, published on all of its sources, and seen to be served by at least one.
   * @throws {IdentityError} `IdentityNameTaken` when the name belongs to others on every server that answered, `Timeout`
   *   (retryable) when no server did or none serves what it took, `IdentityMalformed` for contacts or certificates that
   *   break a rule of the document. The signal's reason when it aborts.
   */
  run(options?: { readonly signal?: AbortSignal }): Promise<SignedIdentity>
}

/**
 * Creates a registration. It asks nobody before `run()`.
 * @throws {IdentityError} `PathUnsafe` for a bad name, `IdurlForbidden` for a bad server.
 */
export function createRegistration(options: RegistrationOptions): Registration {
  const { key, clock, allowPrivate = false, idServers, onTransition } = options
  const name = checkNewUserName(options.name)
  const servers = [...new Set(options.servers.map((server) => parseIdServer(server, { allowPrivate })))]
  const wanted = Math.min(Math.max(options.count ?? DEFAULT_COUNT, 1), MAX_SOURCES)
  let signed: SignedIdentity | undefined

  async function askServer(server: IdServerAddress, signal: AbortSignal): Promise<RegistrationAnswer> {
    if (!(await isAlive(idServers, server, signal))) return { server, is: 'dead', revision: -1 }
    const holding = await lookUp(idServers, idurlOn(server, name), key.publicKey.fingerprint, signal)
    if (holding.is === 'mine') return { server, is: 'usable', revision: holding.document.revision }
    return { server, is: holding.is === 'free' ? 'usable' : holding.is, revision: -1 }
  }

  async function publish(
    on: readonly IdServerAddress[],
    revision: number,
    signal: AbortSignal,
  ): Promise<readonly RegistrationAnswer[]> {
    const { contacts = [], certificates = [], version = '' } = options
    const sources = on.map((server) => parseIdurl(idurlOn(server, name), { allowPrivate }))
    const date = formatIdentityDate(clock.now())
    const fields = { contacts, certificates, version, sources, date, revision, scrubbers: [], postage: '1' }
    signed = await signIdentity(fields, key)
    const outcomes = await publishTo(sources, signed.bytes, idServers, signal)
    return outcomes.map(({ source, is }) => {
      const server = idServerOf(source)
      if (is === 'published') return { server, is: 'usable', revision }
      return { server, is: is === 'taken' ? 'taken' : 'dead', revision }
    })
  }

  async function isServed(signal: AbortSignal): Promise<boolean> {
    const { document, bytes } = published()
    const copies = await Promise.all(
      document.sources.map((source) => idServers.fetch(source, { signal }).catch(() => null)),
    )
    signal.throwIfAborted()
    return copies.some((copy) => copy !== null && equalBytes(copy, bytes))
  }

  function published(): SignedIdentity {
    if (signed === undefined) throw new IdentityError('NotFound', `${name} is not published yet`)
    return signed
  }

  async function perform(
    effect: RegistrationEffect,
    raise: (event: RegistrationEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    switch (effect.type) {
      case 'ask':
        return raise({
          type: 'answered',
          answers: await Promise.all(effect.servers.map((server) => askServer(server, signal))),
        })
      case 'publish':
        return raise({ type: 'published', answers: await publish(effect.servers, effect.revision, signal) })
      case 'confirm':
        return raise({ type: (await isServed(signal)) ? 'confirmed' : 'unconfirmed' })
    }
  }

  async function run({ signal }: { readonly signal?: AbortSignal } = {}): Promise<SignedIdentity> {
    signal?.throwIfAborted()
    const context: RegistrationContext = {
      wanted,
      candidates: servers,
      usable: [],
      nameTaken: false,
      revision: -1,
      misses: 0,
    }
    await using runner = createRunner({
      name: 'identity-registration',
      table: registrationTable,
      initial: { state: 'idle', context },
      perform: (effect: RegistrationEffect, raise: (event: RegistrationEvent) => void, during) =>
        perform(effect, raise, during.signal),
      clock,
      timers: { waiting: { afterMs: CONFIRM_PAUSE_MS, event: { type: 'waited' } } },
      ...(onTransition === undefined ? {} : { onTransition }),
    })
    const stop = () => void runner.stop()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      runner.send({ type: 'start' })
      const end = await runner.settled('done', 'failed')
      if (end.state === 'done') return published()
      throw failure(end.context)
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  function failure(context: RegistrationContext): IdentityError {
    const where = servers.length === 0 ? 'no ID-server is known' : servers.join(', ')
    if (context.failure === 'IdentityNameTaken') {
      return new IdentityError('IdentityNameTaken', `the name ${name} is taken: ${where}`, { subject: name })
    }
    return new IdentityError('Timeout', `no ID-server took and served ${name}: ${where}`, {
      subject: name,
      retryable: true,
    })
  }

  return { run }
}
