import { type Fingerprint, isBitdustError } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import type { IdentityDocument } from '../document/identity-document.ts'
import { openIdentity } from '../document/open-identity.ts'
import { IdentityError } from '../errors.ts'
import type { AddressOptions } from '../names/address.ts'
import type { Idurl } from '../names/idurl.ts'
import { withTimeLimit } from '../with-time-limit.ts'
import type { IdentityQuery, IdentitySource } from './identity-source.ts'
import type { IdentityStore } from './identity-store.ts'
import { createLedger } from './ledger.ts'
import { createRecentMap } from './recent-map.ts'

/** What {@link createResolver} needs. */
export interface ResolverOptions extends AddressOptions {
  /** Asked in this order. */
  readonly sources: readonly IdentitySource[]
  readonly store: IdentityStore
  readonly clock: Clock
  /** How long a confirmed document is returned without asking anybody, in ms. @default 300_000 */
  readonly freshMs?: number
  /**
   * Identities in use: oneself, contacts, partners of contracts, members of shares. They are never forgotten. Asked when
   * others have to go. @default nobody
   */
  readonly keep?: () => Iterable<Fingerprint> | Promise<Iterable<Fingerprint>>
  /**
   * Identities that the store holds; more are kept only of those in use. Whoever was not used for longest is forgotten
   * (document and later, six times as many, the keys of his addresses), and met anew when he comes again. @default 5_000
   */
  readonly maxSeen?: number
}

/** How to resolve one identity. */
export interface ResolveOptions {
  readonly signal?: AbortSignal
  /** Asks even when the answer is known, and fails when nobody confirms it. @default false */
  readonly fresh?: boolean
}

/** Finds the newest document of an identity and keeps IDURLs and keys together. */
export interface Resolver {
  /**
   * The newest document of whoever an IDURL, or a key, stands for.
   *
   * By IDURL: that address is asked; when it is dead, the other sources of the known document, then who can look up by
   * key (DHT). At first sight of an identity all its sources are asked and must show the same key. When nobody can be
   * asked, the last known document is returned (with `fresh`: not). By fingerprint: the same without the address.
   *
   * @throws {IdentityError} `IdentityKeyChanged`: the IDURL now serves another key; nothing is changed, and the user must
   *   decide ({@link Resolver.forgetPin}). `IdentityRollback`, `IdentitySourcesDisagree`: only older or contradicting
   *   documents were served. `IdentityMalformed`, `IdentitySignatureInvalid`: only such were served. `NotFound`: nobody
   *   has it. `Timeout`: nobody could be asked; retryable.
   */
  resolve(who: Idurl | { readonly fingerprint: Fingerprint }, options?: ResolveOptions): Promise<IdentityDocument>
  /**
   * Takes in a document that came another way: with a connection, a packet, a record. It is verified again.
   *
   * @param options.servedBy - The IDURL which served it. Only so an IDURL becomes an alias of a key: a stranger may list
   *   anybody's address among his sources.
   * @returns The newest known document of that identity.
   * @throws {IdentityError} `IdentityMalformed`, `IdentitySignatureInvalid`, `IdentityKeyChanged` (this IDURL, or the first
   *   source, is pinned to another key), `IdentityRollback`, `IdentitySourcesDisagree` (same revision with other bytes, or
   *   the document does not name `servedBy`). What was known stays as it was.
   */
  accept(document: IdentityDocument | Uint8Array, options?: { readonly servedBy?: Idurl }): Promise<IdentityDocument>
  /** The newest document that is known of a key, without asking anybody; undefined when there is none. */
  known(fingerprint: Fingerprint): Promise<IdentityDocument | undefined>
  /**
   * Calls back whenever a newer document of an identity was taken in, however it came; the first of one included.
   *
   * @returns What ends it.
   */
  onNewer(listener: (document: IdentityDocument) => void): () => void
  /** True when both addresses belong to one key; one never seen is resolved first and may throw as `resolve` does. */
  sameIdentity(a: Idurl, b: Idurl, options?: ResolveOptions): Promise<boolean>
  /** The current IDURL of a key, as far as this process has seen its document; undefined otherwise. */
  primary(fingerprint: Fingerprint): Idurl | undefined
  /** Lets an IDURL take another key at its next sight. The user's decision after `IdentityKeyChanged`, nobody else's. */
  forgetPin(idurl: Idurl): Promise<void>
}

const DEFAULT_FRESH_MS = 300_000
/** Some 15 MB in the store, and 320 MiB if every document is as large as may be. */
const DEFAULT_MAX_SEEN = 5_000
/** Times of confirmation and disputes kept in memory; who falls out is asked again. */
const MAX_IN_MEMORY = 10_000
/** The second opinion at first sight must not hold up a first contact for long. */
const SECOND_OPINION_MS = 5_000

/** Creates a resolver. It asks nobody before the first call. */
export function createResolver(options: ResolverOptions): Resolver {
  const { sources, store, clock, allowPrivate = false, freshMs = DEFAULT_FRESH_MS } = options
  const { keep = () => [], maxSeen = DEFAULT_MAX_SEEN } = options
  const ledger = createLedger(store, { allowPrivate, keep, maxSeen })
  /** When a document was last seen at one of its sources, on the monotonic clock. */
  const confirmedAt = createRecentMap<Fingerprint, number>(MAX_IN_MEMORY)
  /** IDURLs that served another key than theirs: never answered from memory. */
  const disputed = createRecentMap<Idurl, true>(MAX_IN_MEMORY)
  const listeners = new Set<(document: IdentityDocument) => void>()

  async function accept(bytes: Uint8Array, servedBy?: Idurl): Promise<IdentityDocument> {
    const { document, isNew } = await ledger.accept(bytes, servedBy)
    if (servedBy !== undefined) disputed.delete(servedBy)
    // The same old document from anybody proves nothing about now.
    if (isNew || servedBy !== undefined) confirmedAt.set(document.fingerprint, clock.monotonic())
    if (isNew) for (const listener of listeners) listener(document)
    return document
  }

  function isFresh(fingerprint: Fingerprint): boolean {
    const at = confirmedAt.get(fingerprint)
    return at !== undefined && clock.monotonic() - at < freshMs
  }

  /** The first answer of any source; null when all say there is none. */
  async function fetchFirst(query: IdentityQuery, signal: AbortSignal): Promise<Uint8Array | null> {
    const failures: unknown[] = []
    for (const source of sources) {
      signal.throwIfAborted()
      try {
        const bytes = await source.fetch(query, { signal })
        if (bytes !== null) return bytes
      } catch (cause) {
        signal.throwIfAborted()
        failures.push(cause)
      }
    }
    if (failures.length > 0) throw unreachable(query, failures)
    return null
  }

  async function resolveIdurl(idurl: Idurl, fresh: boolean, signal: AbortSignal): Promise<IdentityDocument> {
    const pin = await ledger.pinOf(idurl)
    const known = pin === undefined ? undefined : await ledger.known(pin)
    if (known !== undefined && !fresh && !disputed.has(idurl) && isFresh(known.fingerprint)) return known
    const failures: unknown[] = []
    try {
      const bytes = await fetchFirst({ idurl }, signal)
      if (bytes !== null) return known === undefined ? await meet(idurl, bytes, signal) : await accept(bytes, idurl)
    } catch (error) {
      signal.throwIfAborted()
      if (isBitdustError(error, 'IdentityKeyChanged')) disputed.set(idurl, true)
      if (known === undefined || isBitdustError(error, 'IdentityKeyChanged')) throw error
      failures.push(error)
    }
    if (known === undefined) throw new IdentityError('NotFound', `${idurl}: no identity there`, { subject: idurl })
    return askAround(known.fingerprint, { known, except: idurl, fresh, failures }, signal)
  }

  /** First sight of an identity: every address it names that answers must show the same key (`threats.md` A6). */
  async function meet(idurl: Idurl, bytes: Uint8Array, signal: AbortSignal): Promise<IdentityDocument> {
    const document = await openIdentity(bytes, { allowPrivate })
    const others = document.sources.filter((source) => source !== idurl)
    const opinions = await withTimeLimit(clock, SECOND_OPINION_MS, signal, (limited) =>
      Promise.all(others.map((source) => secondOpinion(source, limited))),
    )
    signal.throwIfAborted()
    const contrary = opinions.find(
      (opinion) => opinion !== null && opinion.document.fingerprint !== document.fingerprint,
    )
    if (contrary !== undefined && contrary !== null) {
      throw new IdentityError('IdentitySourcesDisagree', `${idurl} and ${contrary.source} show different keys`, {
        subject: idurl,
      })
    }
    let newest = await accept(bytes, idurl)
    for (const opinion of opinions) {
      if (opinion === null) continue
      // An older copy somewhere is no reason against the newer one in hand.
      newest = await accept(opinion.document.bytes, opinion.source).catch(() => newest)
    }
    return newest
  }

  /** What another source serves; null for one that is dead or serves no identity at all. */
  async function secondOpinion(source: Idurl, signal: AbortSignal) {
    try {
      const bytes = await fetchFirst({ idurl: source }, signal)
      return bytes === null ? null : { source, document: await openIdentity(bytes, { allowPrivate }) }
    } catch {
      return null
    }
  }

  interface Search {
    readonly known: IdentityDocument | undefined
    readonly except?: Idurl
    readonly fresh: boolean
    readonly failures: unknown[]
  }

  /** Asks the sources of the known document one after another, then for the key itself. */
  async function askAround(fingerprint: Fingerprint, search: Search, signal: AbortSignal): Promise<IdentityDocument> {
    const { known, except, fresh, failures } = search
    const addresses = (known?.sources ?? []).filter((source) => source !== except)
    const queries: IdentityQuery[] = [...addresses.map((idurl) => ({ idurl })), { fingerprint }]
    for (const query of queries) {
      try {
        const found = await askFor(fingerprint, query, signal)
        if (found !== null) return found
      } catch (error) {
        signal.throwIfAborted()
        failures.push(error)
      }
    }
    // A server that lies must not pass for one that is silent.
    const worst = failures.find((error) => !isBitdustError(error, 'Timeout'))
    if (worst !== undefined) throw worst
    if (known !== undefined && !fresh) return known
    const [unreached] = failures
    throw unreached ?? new IdentityError('NotFound', `nobody has the identity ${fingerprint}`, { subject: fingerprint })
  }

  async function askFor(
    fingerprint: Fingerprint,
    query: IdentityQuery,
    signal: AbortSignal,
  ): Promise<IdentityDocument | null> {
    const bytes = await fetchFirst(query, signal)
    if (bytes === null) return null
    const document = await openIdentity(bytes, { allowPrivate })
    if (document.fingerprint !== fingerprint) {
      throw new IdentityError('IdentitySourcesDisagree', `asked for ${fingerprint}, got ${document.fingerprint}`, {
        subject: fingerprint,
      })
    }
    return accept(bytes, 'idurl' in query ? query.idurl : undefined)
  }

  async function resolveFingerprint(
    fingerprint: Fingerprint,
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<IdentityDocument> {
    const known = await ledger.known(fingerprint)
    if (known !== undefined && !fresh && isFresh(fingerprint)) return known
    return askAround(fingerprint, { known, fresh, failures: [] }, signal)
  }

  async function resolve(
    who: Idurl | { readonly fingerprint: Fingerprint },
    { signal, fresh = false }: ResolveOptions = {},
  ) {
    const effective = signal ?? new AbortController().signal
    effective.throwIfAborted()
    if (typeof who === 'string') return resolveIdurl(who, fresh, effective)
    return resolveFingerprint(who.fingerprint, fresh, effective)
  }

  async function keyOf(idurl: Idurl, resolveOptions: ResolveOptions | undefined): Promise<Fingerprint> {
    return (await ledger.pinOf(idurl)) ?? (await resolve(idurl, resolveOptions)).fingerprint
  }

  return {
    resolve,
    accept: (document, { servedBy } = {}) =>
      accept(document instanceof Uint8Array ? document : document.bytes, servedBy),
    known: ledger.known,
    onNewer(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async sameIdentity(a, b, resolveOptions) {
      return a === b || (await keyOf(a, resolveOptions)) === (await keyOf(b, resolveOptions))
    },
    primary: ledger.primary,
    async forgetPin(idurl) {
      await ledger.forgetPin(idurl)
      disputed.delete(idurl)
    },
  }
}

function unreachable(query: IdentityQuery, failures: readonly unknown[]): IdentityError {
  const subject = 'idurl' in query ? query.idurl : query.fingerprint
  const cause = failures.length === 1 ? failures[0] : new AggregateError(failures)
  return new IdentityError('Timeout', `${subject}: no source of identities could be asked`, {
    cause,
    subject,
    retryable: true,
  })
}
