import { equalBytes, type RsaPrivateKey } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import { formatIdentityDate } from '../document/identity-date.ts'
import type { IdentityDocument, IdentityFields } from '../document/identity-document.ts'
import { type SignedIdentity, signIdentity } from '../document/sign-identity.ts'
import { IdentityError } from '../errors.ts'
import { createLock } from '../lock.ts'
import type { Idurl } from '../names/idurl.ts'
import type { IdServerPort } from './id-server-port.ts'
import { type Holding, lookUp } from './look-up.ts'
import { type PublishOutcome, publishTo } from './publish-to.ts'

/** What {@link createPublisher} needs. */
export interface PublisherOptions {
  /** The master key; `identity` is its document. */
  readonly key: RsaPrivateKey
  /** The newest document known on this device: of a registration, or kept from the last run. */
  readonly identity: IdentityDocument
  readonly idServers: Pick<IdServerPort, 'fetch' | 'publish'>
  /** Dates the documents. */
  readonly clock: Pick<Clock, 'now'>
  /** Told each new document of this identity, published here or found at a source, before anything else is done with it. */
  readonly onChanged?: (document: IdentityDocument) => Promise<void> | void
}

/** A change of what the owner writes; revision and date are the publisher's. */
export type IdentityChange = (fields: IdentityFields) => IdentityFields

/** How one source stands to the current document. */
export interface SourceState {
  readonly source: Idurl
  /** `stale`: an older revision of ours. `missing`: the server answers and has nothing. `taken`: another key is there. */
  readonly is: 'current' | 'stale' | 'missing' | 'taken' | 'dead'
}

/** What came of a publication; at least one source holds the document. */
export interface Publication extends SignedIdentity {
  /** One for each source of the document, in its order. */
  readonly outcomes: readonly PublishOutcome[]
}

/** Keeps one's own identity published. Calls wait for each other. */
export interface Publisher {
  /** The newest document of this identity that this device knows. */
  current(): IdentityDocument
  /** Reads all sources, takes over a newer document of one's own found there, and tells how each stands to it. */
  check(options?: { readonly signal?: AbortSignal }): Promise<readonly SourceState[]>
  /**
   * Changes the identity. All sources are read first and the change is made to the newest document found, so what other
   * devices added (certificates, contacts) stays; then revision + 1 is signed and sent to all sources. When a server has
   * been given a later revision meanwhile, everything is repeated. Sources that the change adds come first, and nothing
   * else is touched when one of them refuses.
   *
   * @throws {IdentityError} `IdentityMalformed` when the change breaks a rule of the document; `IdentityNameTaken` when
   *   other keys hold the name, `Timeout` (retryable) when there was no answer: at an added source (then it is the
   *   `subject`), or at all sources. `Timeout` also when others kept writing.
   */
  publish(change: IdentityChange, options?: { readonly signal?: AbortSignal }): Promise<Publication>
}

/** Publishing against other writers ends at some point, even if they never do. */
const MAX_ATTEMPTS = 5

/** Creates a publisher. It asks nobody before the first call. */
export function createPublisher({ key, identity, idServers, clock, onChanged }: PublisherOptions): Publisher {
  const exclusively = createLock()
  let current = identity

  function readAll(sources: Iterable<Idurl>, signal: AbortSignal): Promise<readonly (readonly [Idurl, Holding])[]> {
    return Promise.all(
      [...sources].map(
        async (source) => [source, await lookUp(idServers, source, current.fingerprint, signal)] as const,
      ),
    )
  }

  async function replace(document: IdentityDocument): Promise<void> {
    await onChanged?.(document)
    current = document
  }

  async function check(signal: AbortSignal): Promise<readonly SourceState[]> {
    const holdings = await readAll(current.sources, signal)
    const newest = newestOf([current, ...documentsOf(holdings)])
    if (newest.revision > current.revision) await replace(newest)
    return holdings.map(([source, holding]) => ({ source, is: stateOf(holding, current) }))
  }

  /** New sources first: a document must not spread that names a place which does not take it. */
  async function send({ document, bytes }: SignedIdentity, before: readonly Idurl[], signal: AbortSignal) {
    const [kept, added] = [true, false].map((wasThere) =>
      document.sources.filter((source) => before.includes(source) === wasThere),
    ) as [Idurl[], Idurl[]]
    const first = await publishTo(added, bytes, idServers, signal)
    const failed = first.filter(({ is }) => is !== 'published')
    if (failed.some(({ is }) => is === 'outrun')) return first
    if (failed.length > 0) throw refused(failed)
    const outcomes = [...first, ...(await publishTo(kept, bytes, idServers, signal))]
    const isKnown = outcomes.some(({ is }) => is === 'published' || is === 'outrun')
    if (!isKnown) throw refused(outcomes)
    return document.sources.flatMap((source) => outcomes.filter((outcome) => outcome.source === source))
  }

  async function publish(change: IdentityChange, signal: AbortSignal): Promise<Publication> {
    const sources = new Set(current.sources)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const documents = [current, ...documentsOf(await readAll(sources, signal))]
      const base = mergeNewest(documents)
      const fields = { ...change(base), revision: base.revision + 1, date: formatIdentityDate(clock.now()) }
      const signed = await signIdentity(fields, key)
      for (const source of signed.document.sources) sources.add(source)
      const outcomes = await send(signed, base.sources, signal)
      if (outcomes.some(({ is }) => is === 'outrun')) continue
      await replace(signed.document)
      return { ...signed, outcomes }
    }
    throw new IdentityError('Timeout', `${current.sources[0]}: others kept writing it ${MAX_ATTEMPTS} times`, {
      retryable: true,
    })
  }

  return {
    current: () => current,
    check: ({ signal = neverAborted() } = {}) => exclusively(() => check(signal)),
    publish: (change, { signal = neverAborted() } = {}) => exclusively(() => publish(change, signal)),
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

/** The fields of the newest revision. Where two devices wrote the same one, what either added is kept. */
function mergeNewest(documents: readonly IdentityDocument[]): IdentityFields {
  const [first, ...rest] = documents.toSorted((a, b) => b.revision - a.revision)
  if (first === undefined) throw new IdentityError('NotFound', 'no document to change')
  const equals = rest.filter(({ revision }) => revision === first.revision)
  const union = (list: (document: IdentityDocument) => readonly string[]) => [
    ...new Set([first, ...equals].flatMap(list)),
  ]
  const { sources, scrubbers, postage, date, version, revision } = first
  return {
    contacts: union(({ contacts }) => contacts),
    certificates: union(({ certificates }) => certificates),
    sources,
    scrubbers,
    postage,
    date,
    version,
    revision,
  }
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
