import { equalBytes, isBitdustError, type RsaPrivateKey } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import { formatIdentityDate } from '../document/identity-date.ts'
import type { IdentityDocument, IdentityFields } from '../document/identity-document.ts'
import { type SignedIdentity, signIdentity } from '../document/sign-identity.ts'
import { IdentityError } from '../errors.ts'
import { createLock } from '../lock.ts'
import type { Idurl } from '../names/idurl.ts'
import { type DropMemory, MAX_DROPS, memoryDropMemory } from './drop-memory.ts'
import type { IdServerPort } from './id-server-port.ts'
import { type Holding, lookUp } from './look-up.ts'
import { type Ancestor, mergeDocuments } from './merge-documents.ts'
import { type PublishOutcome, publishTo } from './publish-to.ts'

/** What {@link createPublisher} needs. */
export interface PublisherOptions {
  /** The master key; `identity` is its document. */
  readonly key: RsaPrivateKey
  /** The newest document known on this device: of a registration, or kept from the last run. */
  readonly identity: IdentityDocument
  readonly idServers: Pick<IdServerPort, 'fetch' | 'publish'>
  /**
   * Whether a source is a static host, to which the owner copies the document himself: it is read, and never sent to.
   * @default none is
   */
  readonly isStatic?: (source: Idurl) => boolean
  /** Dates the documents. */
  readonly clock: Pick<Clock, 'now'>
  /**
   * Keeps which certificates were taken out here.
   * @default until the end of this publisher
   */
  readonly drops?: DropMemory
  /** Told each new document of this identity, published here or found at a source, before anything else is done with it. */
  readonly onChanged?: (document: IdentityDocument) => Promise<void> | void
}

/** A change of what the owner writes; revision and date are the publisher's. A certificate that it takes out stays out. */
export type IdentityChange = (fields: IdentityFields) => IdentityFields

/** How one source stands to the current document. */
export interface SourceState {
  readonly source: Idurl
  /** `stale`: an older revision of ours. `missing`: the server answers and has nothing. `taken`: another key is there. */
  readonly is: 'current' | 'stale' | 'missing' | 'taken' | 'dead'
  /** The owner copies the document there himself: nobody else can make it current. */
  readonly isStatic: boolean
}

/** What is known of a source without asking it. */
export interface SourceReport {
  readonly source: Idurl
  /** `unknown`: not asked since this publisher was made. */
  readonly is: SourceState['is'] | 'unknown'
  readonly isStatic: boolean
  /** Since when it is so, as far as this publisher saw, in ms since the Unix epoch. */
  readonly since: number
}

/** What came of a publication. */
export interface Publication extends SignedIdentity {
  /** One for each source of the document, in its order. */
  readonly outcomes: readonly PublishOutcome[]
}

/** Keeps one's own identity published. Calls wait for each other. */
export interface Publisher {
  /** The newest document of this identity that this device knows. */
  current(): IdentityDocument
  /** Whether a source is a static host, see {@link PublisherOptions.isStatic}. */
  isStatic(source: Idurl): boolean
  /** How the sources of the current document stood when they were asked last, in its order. */
  sources(): readonly SourceReport[]
  /**
   * Reads all sources, takes over a newer document of one's own found there, and tells how each stands to it. One that
   * names a certificate which was taken out here is followed by one that does not.
   */
  check(options?: { readonly signal?: AbortSignal }): Promise<readonly SourceState[]>
  /** Takes over a newer document of this identity that came another way; every other one is passed over. */
  adopt(document: IdentityDocument): Promise<void>
  /** Sends the current document, as it is, to all sources once more. Never rejects but for the signal. */
  republish(options?: { readonly signal?: AbortSignal }): Promise<readonly PublishOutcome[]>
  /**
   * Changes the identity. All sources are read first and the change is made to the newest document found, so what other
   * devices added (certificates, contacts) stays; then revision + 1 is signed and sent to all sources. When a server has
   * been given a later revision meanwhile, everything is repeated. Sources that the change adds come first, and nothing
   * else is touched when one of them refuses.
   *
   * @param options.unpublished - What when no ID-server takes it: `refuse`, or `keep` the document, to be known by other
   *   ways (a DHT, peers) until there is a server again. @default 'refuse'
   * @throws {IdentityError} `IdentityMalformed` when the change breaks a rule of the document; `IdentityNameTaken` when
   *   other keys hold the name, `Timeout` (retryable) when there was no answer: at an added source (then it is the
   *   `subject`), or at all sources. `Timeout` also when others kept writing.
   */
  publish(change: IdentityChange, options?: PublishOptions): Promise<Publication>
}

/** How to publish. */
export interface PublishOptions {
  readonly signal?: AbortSignal
  readonly unpublished?: 'refuse' | 'keep'
}

/** Publishing against other writers ends at some point, even if they never do. */
const MAX_ATTEMPTS = 5

/** Creates a publisher. It asks nobody before the first call. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { key, identity, idServers, clock, onChanged, isStatic = () => false, drops = memoryDropMemory() } = options
  const exclusively = createLock()
  const reports = new Map<Idurl, SourceReport>()
  /** Certificates that a change made here took out: a revoked device never comes back with what others wrote. */
  let dropped: readonly string[] | null = null
  let current = identity
  let ancestor: Ancestor | null = null
  noteSources([])

  function readAll(sources: Iterable<Idurl>, signal: AbortSignal): Promise<readonly (readonly [Idurl, Holding])[]> {
    return Promise.all(
      [...sources].map(
        async (source) => [source, await lookUp(idServers, source, current.fingerprint, signal)] as const,
      ),
    )
  }

  async function replace(document: IdentityDocument, madeFrom: Ancestor = current): Promise<void> {
    await onChanged?.(document)
    ancestor = madeFrom
    current = document
  }

  /** Keeps a report on every source of the current document; what is not told here stays as it was. */
  function noteSources(states: readonly Pick<SourceState, 'source' | 'is'>[]): void {
    const before = new Map(reports)
    reports.clear()
    for (const source of current.sources) {
      const old = before.get(source)
      const is = states.find((state) => state.source === source)?.is ?? old?.is ?? 'unknown'
      const since = old?.is === is ? old.since : clock.now()
      reports.set(source, { source, is, isStatic: isStatic(source), since })
    }
  }

  async function knownDrops(): Promise<readonly string[]> {
    dropped ??= await drops.get()
    return dropped
  }

  async function noteDrops(next: readonly string[]): Promise<void> {
    const known = await knownDrops()
    if (next.length === known.length && next.every((text, at) => text === known[at])) return
    await drops.put(next)
    dropped = next
  }

  async function check(signal: AbortSignal): Promise<readonly SourceState[]> {
    const drop = new Set(await knownDrops())
    let holdings = await readAll(current.sources, signal)
    const newest = newestOf([current, ...documentsOf(holdings)])
    if (newest.revision > current.revision) await replace(newest)
    if (current.certificates.some((text) => drop.has(text))) {
      await dropAgain(signal)
      holdings = await readAll(current.sources, signal)
    }
    const states = holdings.map(([source, holding]) => ({
      source,
      is: stateOf(holding, current),
      isStatic: isStatic(source),
    }))
    noteSources(states)
    return states
  }

  /** Another device that had not heard of it wrote over a revocation. What cannot be sent now is tried at the next check. */
  async function dropAgain(signal: AbortSignal): Promise<void> {
    try {
      await publish((fields) => fields, { signal })
    } catch (error) {
      signal.throwIfAborted()
      if (!isBitdustError(error)) throw error
    }
  }

  /** Sends to those that take documents; of the others it is only known that theirs is not this one. */
  async function sendTo(sources: readonly Idurl[], document: IdentityDocument, signal: AbortSignal) {
    const servers = sources.filter((source) => !isStatic(source))
    const sent = await publishTo(servers, document.bytes, idServers, signal)
    const left = sources.filter(isStatic).map((source): PublishOutcome => ({ source, is: 'static' }))
    return [...(await Promise.all(sent.map((outcome) => proven(outcome, document, signal)))), ...left]
  }

  /** Whoever says that he holds a later revision has to show it, or one server could hold up all the others. */
  async function proven(outcome: PublishOutcome, sent: IdentityDocument, signal: AbortSignal): Promise<PublishOutcome> {
    if (outcome.is !== 'outrun') return outcome
    const holding = await lookUp(idServers, outcome.source, sent.fingerprint, signal)
    const isLater = holding.is === 'mine' && holding.document.revision >= sent.revision
    return isLater && !equalBytes(holding.document.bytes, sent.bytes) ? outcome : { ...outcome, is: 'dead' }
  }

  /** New sources first: a document must not spread that names a place which does not take it. */
  async function send(
    document: IdentityDocument,
    before: readonly Idurl[],
    unpublished: 'refuse' | 'keep',
    signal: AbortSignal,
  ) {
    const [kept, added] = [true, false].map((wasThere) =>
      document.sources.filter((source) => before.includes(source) === wasThere),
    ) as [Idurl[], Idurl[]]
    await refuseTaken(added.filter(isStatic), signal)
    const first = await sendTo(added, document, signal)
    const failed = first.filter(({ is }) => is !== 'published' && is !== 'static')
    if (failed.some(({ is }) => is === 'outrun')) return first
    if (failed.length > 0) throw refused(failed)
    const outcomes = [...first, ...(await sendTo(kept, document, signal))]
    const servers = outcomes.filter(({ is }) => is !== 'static')
    const isKnown = servers.length === 0 || servers.some(({ is }) => is === 'published' || is === 'outrun')
    if (!isKnown && unpublished === 'refuse') throw refused(servers)
    return document.sources.flatMap((source) => outcomes.filter((outcome) => outcome.source === source))
  }

  /** A static host cannot refuse, so it is looked at: the page of somebody else must not become a source of ours. */
  async function refuseTaken(sources: readonly Idurl[], signal: AbortSignal): Promise<void> {
    const holdings = await readAll(sources, signal)
    const taken = holdings.flatMap(([source, { is }]): PublishOutcome[] => (is === 'taken' ? [{ source, is }] : []))
    if (taken.length > 0) throw refused(taken)
  }

  async function publish(change: IdentityChange, options: PublishOptions): Promise<Publication> {
    const before = await knownDrops()
    const { signed, base, outcomes } = await sendChanged(change, options).catch(async (error: unknown) => {
      // Whoever was told that it failed must not find it done later.
      await noteDrops(before)
      throw error
    })
    await replace(signed.document, base)
    noteSources(outcomes.map((outcome) => ({ source: outcome.source, is: stateAfter(outcome) })))
    return { ...signed, outcomes }
  }

  async function sendChanged(
    change: IdentityChange,
    { signal = neverAborted(), unpublished = 'refuse' }: PublishOptions,
  ) {
    const known = await knownDrops()
    const sources = new Set(current.sources)
    const takenOut = new Set<string>()
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const documents = [current, ...documentsOf(await readAll(sources, signal))]
      // Where others wrote the revision after the one known here, that one is what they wrote it from.
      const before = documents.some(({ revision }) => revision > current.revision) ? current : ancestor
      const base = mergeDocuments(documents, { ancestor: before, dropped: new Set([...known, ...takenOut]) })
      const fields = { ...change(base), revision: base.revision + 1, date: formatIdentityDate(clock.now()) }
      for (const text of base.certificates) if (!fields.certificates.includes(text)) takenOut.add(text)
      const signed = await signIdentity(fields, key)
      for (const source of signed.document.sources) sources.add(source)
      const out = [...new Set([...known, ...takenOut])].filter((text) => !fields.certificates.includes(text))
      // First, or a restart between the two would forget what others may then bring back.
      await noteDrops(out.slice(-MAX_DROPS))
      const outcomes = await send(signed.document, base.sources, unpublished, signal)
      if (outcomes.every(({ is }) => is !== 'outrun')) return { signed, base, outcomes }
    }
    throw new IdentityError('Timeout', `${current.sources[0]}: others kept writing it ${MAX_ATTEMPTS} times`, {
      retryable: true,
    })
  }

  /** A static host that was well has an older revision from now on; what was wrong with it still is. */
  function stateAfter({ source, is }: PublishOutcome): SourceState['is'] {
    if (is === 'published') return 'current'
    if (is !== 'static') return is === 'outrun' ? 'stale' : is
    const before = reports.get(source)
    if (before === undefined) return 'missing'
    return before.is === 'current' || before.is === 'unknown' ? 'stale' : before.is
  }

  return {
    current: () => current,
    isStatic,
    sources: () => [...reports.values()],
    check: ({ signal = neverAborted() } = {}) => exclusively(() => check(signal)),
    adopt: (document) =>
      exclusively(async () => {
        if (document.fingerprint !== current.fingerprint || document.revision <= current.revision) return
        await replace(document)
        noteSources([])
      }),
    republish: ({ signal = neverAborted() } = {}) => exclusively(async () => sendTo(current.sources, current, signal)),
    publish: (change, how = {}) => exclusively(() => publish(change, how)),
  }
}

function documentsOf(holdings: readonly (readonly [Idurl, Holding])[]): readonly IdentityDocument[] {
  return holdings.flatMap(([, holding]) => (holding.is === 'mine' ? [holding.document] : []))
}

function newestOf(documents: readonly [IdentityDocument, ...IdentityDocument[]]): IdentityDocument {
  return documents.reduce((best, document) => (document.revision > best.revision ? document : best))
}

function stateOf(holding: Holding, current: IdentityDocument): SourceState['is'] {
  if (holding.is === 'free') return 'missing'
  if (holding.is !== 'mine') return holding.is
  return equalBytes(holding.document.bytes, current.bytes) ? 'current' : 'stale'
}

function refused(outcomes: readonly PublishOutcome[]): IdentityError {
  const cause = new AggregateError(outcomes.map(({ error }) => error))
  const where = outcomes.map(({ source }) => source).join(', ')
  const about = { cause, subject: outcomes[0]?.source ?? where }
  if (outcomes.every(({ is }) => is === 'taken')) {
    return new IdentityError('IdentityNameTaken', `another key holds the name at ${where}`, about)
  }
  return new IdentityError('Timeout', `the identity was not taken at ${where}`, { ...about, retryable: true })
}

function neverAborted(): AbortSignal {
  return new AbortController().signal
}
