import { checkPath, formatVersion } from '@bitdust/identity'
import type { Clock, MachineObserver, Transition } from '@bitdust/machine'
import type { Coder } from '@bitdust/raid'
import type { KeyValueStore } from '@bitdust/upkeep'
import type { Found } from './catalog/catalog-view.ts'
import { createCatalogs, type OpenedCatalog } from './catalog/catalogs.ts'
import { itemOf } from './catalog/item-of.ts'
import type { CatalogItem, FileVersion } from './catalog/types.ts'
import { createBlockCache } from './download/block-cache.ts'
import { createContentReader } from './download/content.ts'
import { createDownloads } from './download/downloads.ts'
import { createBlockFetcher, type FragmentProblem } from './download/fetch-block.ts'
import type { Reader } from './download/types.ts'
import { CustomerError } from './errors.ts'
import { toCustomerError } from './failure.ts'
import { createFamily, type FamilySettings } from './family/family.ts'
import type { CustomerFamily } from './family/types.ts'
import { createJournals } from './journal/journals.ts'
import type { Journals, KnownEntry, SyncReport } from './journal/types.ts'
import { createLocations } from './locations/locations.ts'
import type { Location, Locations, RestoredKey } from './locations/types.ts'
import type { CallOptions, FamilyDirectory, OwnerKeys, RemoteSuppliers, Self, SupplierFinder } from './ports.ts'
import { createPrunes } from './prune/prunes.ts'
import type { KeepPolicy, PruneReport } from './prune/types.ts'
import { createRepair, type RepairSettings } from './repair/repair.ts'
import type { Repair } from './repair/types.ts'
import { createReuseIndex } from './reuse/reuse-index.ts'
import { createEvents, type TypedEvents } from './typed-events.ts'
import { createBlockSender } from './upload/block-sender.ts'
import { measureFor, type StageObserver } from './upload/stages.ts'
import type { PutProgress, PutResult, PutSource } from './upload/types.ts'
import { createUploads } from './upload/uploads.ts'
import { measureHealth } from './verify/health.ts'
import type { NeededOptions } from './verify/needed-blocks.ts'
import type { HealthReport, VerifyProgress, VerifyReport } from './verify/types.ts'
import { verifyStored } from './verify/verify.ts'

/** Times of the family and of repair, in ms. */
export interface CustomerSettings extends FamilySettings, RepairSettings {}

/** What a customer is made of. */
export interface CustomerOptions {
  readonly self: Self
  /** `createSupplierClient` of `@bitdust/supplier`, whose prover asks `locations.prover`. */
  readonly remotes: RemoteSuppliers
  readonly finder: SupplierFinder
  readonly directory: FamilyDirectory
  readonly ownerKeys: OwnerKeys
  /** Keeps family, locations and journals. All of it can be found again at the suppliers. */
  readonly store: KeyValueStore
  readonly coder: Coder
  readonly clock: Clock
  /** @default each by itself, see the settings of family and repair */
  readonly settings?: Partial<CustomerSettings>
  readonly onTransition?: MachineObserver
  /** Told where the time of puts goes. @default nobody is, and nothing is measured */
  readonly onStage?: StageObserver
}

/** Where something is done, and how long. */
export interface PlaceOptions {
  /** @default the private location */
  readonly location?: Location
  /** Gives up; the call rejects with `Cancelled`. */
  readonly signal?: AbortSignal
}

/** How something is stored. */
export interface StoreOptions extends PlaceOptions {
  /** Permission bits of a single file. @default 0o644 */
  readonly mode?: number
  /** Its time, in ms since the Unix epoch. @default now */
  readonly mtime?: number
  readonly onProgress?: (progress: PutProgress) => void
}

/** What is to be read. */
export interface ReadOptions extends PlaceOptions {
  /** Name of a version, as `versions` lists it. @default what the path shows now */
  readonly version?: string
}

/** How much is verified, and who is told how far it is. */
export interface VerifyStoredOptions extends ReadOptions {
  /** How much of the blocks to fetch and check, above 0 to 100. @default 100 */
  readonly percent?: number
  readonly onProgress?: (progress: VerifyProgress) => void
}

/** What is pruned. */
export interface PruneOptions extends PlaceOptions, KeepPolicy {}

/** Events of {@link Customer}. */
export interface CustomerEvents {
  /**
   * Something was wrong and was worked around: a wrong fragment, an entry that does not verify, a fork, suppliers that
   * show less than they had. The same thing about the same subject is told once. `CatalogFreshnessUnknown` is told each
   * time that something is shown although too few suppliers answered to know everything.
   */
  readonly problem: CustomerError
  /** A put is acknowledged. */
  readonly stored: PutResult
  /** A share got another key, which came with its header; for the key ring. */
  readonly key: RestoredKey
}

/** The last step of one kind of machine. */
export interface MachineState {
  readonly name: string
  readonly state: string
  /** Milliseconds since the Unix epoch. */
  readonly since: number
}

/**
 * The customer role. Paths are relative, separated by `/`, as `checkPath` of `@bitdust/identity` allows. All calls throw
 * {@link CustomerError}.
 */
export interface Customer {
  readonly family: CustomerFamily
  readonly locations: Locations
  readonly repair: Repair
  readonly events: TypedEvents<CustomerEvents>
  /**
   * Stores a file or a folder, as a new version of what is at the path. Resolves when enough suppliers have acknowledged
   * it; when it rejects, nothing is listed.
   *
   * @throws `PathUnsafe`, `Unauthorized`, `NotFound` (no suppliers yet), `LimitExceeded`; `UploadIncomplete`,
   * `QuotaExceeded`, `CatalogFreshnessUnknown` with how many suppliers there were of how many; `Cancelled`. What the
   * source throws comes as it is.
   */
  put(path: string, source: PutSource, options?: StoreOptions): Promise<PutResult>
  /**
   * Opens what is at a path; `''` is the whole location. Bytes are fetched as they are read.
   *
   * @throws `NotFound`; `CatalogFreshnessUnknown` when it may well be there but too few suppliers could be asked.
   */
  get(path: string, options?: ReadOptions): Promise<Reader>
  /** What is in a folder, by name; a file is listed as itself. @throws Like `get`. */
  list(path?: string, options?: PlaceOptions): AsyncIterable<CatalogItem>
  /** All versions of what is at a path, newest first. @throws Like `get`. */
  versions(path: string, options?: PlaceOptions): Promise<readonly FileVersion[]>
  /**
   * Removes what is at a path from the catalog, with everything below; versions can be read as long as their blocks are kept.
   *
   * @throws Like `get`; `Unauthorized` when others put it and we are not the owner; like `put`.
   */
  remove(path: string, options?: PlaceOptions): Promise<void>
  /**
   * How well what is in a folder is kept, as far as the suppliers say: each is asked once, and no content is fetched.
   * Items are those of `list`, what is in folders counts for them.
   *
   * @throws Like `get`.
   */
  health(path?: string, options?: ReadOptions): Promise<HealthReport>
  /**
   * Checks what is stored without restoring it. Of everything below the path the suppliers tell what they hold; of a share
   * of the blocks, chosen by chance, all that they hold is fetched and compared with the signed layouts. What turns out to
   * be wrong is told as `problem`, and of our own locations it is repaired at the next run.
   *
   * @throws Like `get`; `LimitExceeded` for a percentage that is none.
   */
  verify(path?: string, options?: VerifyStoredOptions): Promise<VerifyReport>
  /**
   * Lets go of versions that nobody needs, at a path (default: everything) and below, and frees at the suppliers what no
   * version of the location has used for 7 days, of puts that failed as well. What is released now is freed by itself when
   * its time has come, while the customer runs. For the owner; members remove what is theirs.
   *
   * @throws `Unauthorized`; `CatalogFreshnessUnknown` (retryable) when it is not sure that all versions are known: nothing
   * is freed then. Like `remove`.
   */
  prune(path?: string, options?: PruneOptions): Promise<PruneReport>
  /** Asks the suppliers for news of a location and tells how sure one can be to know all of it. */
  sync(options?: PlaceOptions): Promise<SyncReport>
  /** Loads the family and begins to watch and to repair it. Idempotent. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Ends everything; what is under way rejects with `Cancelled`. Idempotent; a stopped customer does not start again. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
  /** The machines that took a step since the start; of those of one name the last. */
  machines(): readonly MachineState[]
}

/** Problems that are remembered as told. */
const MAX_TOLD = 10_000

/** Makes a customer. Nothing happens before `start()`. */
export function createCustomer(options: CustomerOptions): Customer {
  const { self, remotes, store, coder, clock, settings = {} } = options
  const { events, emit } = createEvents<CustomerEvents>()
  const lifetime = new AbortController()
  const states = new Map<string, MachineState>()
  const told = new Set<string>()
  let watching: Promise<void> | undefined

  const family = createFamily({ ...options, settings, onTransition: observe })
  const locations = createLocations({
    self,
    family,
    remotes,
    ownerKeys: options.ownerKeys,
    store,
    clock,
    journalEnds: (...query) => journals.journalEnds(...query),
    onKeys: (keys) => {
      for (const key of keys) emit('key', key)
    },
  })
  const { refresh, refreshHeader } = locations
  const journals: Journals = createJournals({ self, remotes, store, clock, refresh, refreshHeader })
  const fetchBlock = createBlockFetcher({ remotes, journals, coder, clock, onProblem: onFragment })
  const blocks = createBlockCache(fetchBlock)
  const content = createContentReader(blocks)
  const catalogs = createCatalogs({ journals, readContent: content.all })
  const downloads = createDownloads({ blocks, content, clock, onTransition: observe })
  const index = createReuseIndex(store, clock)
  const measure = measureFor(clock, options.onStage)
  const sender = createBlockSender({ self, remotes, index, coder, clock, measure })
  const uploads = createUploads({
    self,
    journals,
    sender,
    index,
    measure,
    remotes,
    coder,
    clock,
    onTransition: observe,
  })
  const { inFlight } = sender
  const { all: readContent } = content
  const prunes = createPrunes({ catalogs, journals, remotes, index, store, clock, inFlight, readContent, locations })
  const { isFreed } = prunes
  const repair = createRepair({
    self,
    family,
    remotes,
    coder,
    clock,
    inFlight,
    isFreed,
    needed: prunes.needed,
    settings,
    onTransition: observe,
  })

  function observe(transition: Transition): void {
    const { machine: name, to: state, at: since } = transition
    states.set(name, { name, state, since })
    options.onTransition?.(transition)
  }

  function onFragment({ location, block, position, code }: FragmentProblem): void {
    if (location.mine) repair.suspect(block, position)
    if (code === 'FragmentMissing') return
    const peer = family.current()?.body.positions[position]
    const known = code === 'FragmentCorrupt' || code === 'FragmentStale' ? code : 'RecordInvalid'
    const message = `block ${block}: what supplier ${position} gave is not what it stored`
    const culprit = location.mine && peer !== undefined ? { culprit: peer.fingerprint } : {}
    tell(new CustomerError(known, message, { subject: block, ...culprit }))
  }

  function tell(problem: CustomerError): void {
    const key = `${problem.code}/${problem.subject}/${problem.culprit}`
    if (told.has(key)) return
    if (told.size === MAX_TOLD) told.clear()
    told.add(key)
    emit('problem', problem)
  }

  function signalOf({ signal }: PlaceOptions): CallOptions {
    return { signal: signal === undefined ? lifetime.signal : AbortSignal.any([signal, lifetime.signal]) }
  }

  async function placeOf({ location }: PlaceOptions, call: CallOptions): Promise<Location> {
    return location ?? locations.master(call)
  }

  async function open(location: Location, call: CallOptions): Promise<OpenedCatalog> {
    const opened = await catalogs.open(location, call)
    for (const problem of opened.report.problems) tell(problem)
    if (opened.report.fresh) return opened
    const unknown = freshnessUnknown(location, opened.report)
    const isEmpty = (await journals.entries(location)).length === 0
    if (isEmpty) throw unknown
    emit('problem', unknown)
    return opened
  }

  /** What is at a path, or why it cannot be told. */
  async function find(
    path: string,
    version: string | undefined,
    location: Location,
    { report, view }: OpenedCatalog,
  ): Promise<Found> {
    const found = version === undefined ? await view.find(path) : await view.findVersion(path, version)
    if (found !== null) return found
    if (!report.fresh) throw freshnessUnknown(location, report)
    const name = version === undefined ? path : `${path}#${version}`
    throw new CustomerError('NotFound', `nothing at ${name === '' ? 'all' : name}`, { subject: name })
  }

  /** Name of the version that an entry of ours made. Mostly nothing else was put in the same second. */
  async function versionOf(
    location: Location,
    path: string,
    { hash, date }: KnownEntry,
    call: CallOptions,
  ): Promise<string> {
    const second = Math.floor(date / 1000)
    const entries = await journals.entries(location)
    const twins = entries.filter((entry) => Math.floor(entry.date / 1000) === second)
    if (twins.length < 2) return formatVersion(date)
    const { catalog } = await catalogs.known(location, call)
    const own = catalog.covering(path).find(({ id }) => id === hash)
    return own === undefined ? formatVersion(date) : catalog.versionOf(own, path)
  }

  async function translated<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw toCustomerError(error, doing)
    }
  }

  async function put(path: string, source: PutSource, putOptions: StoreOptions): Promise<PutResult> {
    const call = signalOf(putOptions)
    checkPath(path)
    const location = await placeOf(putOptions, call)
    const { entry, ...stored } = await uploads.put(location, path, source, { ...putOptions, ...call })
    const result = { ...stored, version: await versionOf(location, path, entry, call) }
    if (entry.generation < location.generation) tell(writtenUnderOldKey(location, path, entry))
    emit('stored', result)
    return result
  }

  async function get(path: string, readOptions: ReadOptions): Promise<Reader> {
    const call = signalOf(readOptions)
    const location = await placeOf(readOptions, call)
    const opened = await open(location, call)
    const found = await find(path, readOptions.version, location, opened)
    return downloads.open({ location, view: opened.view, found }, call)
  }

  async function* list(path: string, placeOptions: PlaceOptions): AsyncGenerator<CatalogItem> {
    const call = signalOf(placeOptions)
    try {
      const location = await placeOf(placeOptions, call)
      const opened = await open(location, call)
      const { view } = opened
      const found = path === '' ? null : await find(path, undefined, location, opened)
      const items = found === null || found.summary.kind === 'folder' ? await view.children(found) : [found]
      for (const item of items) yield itemOf(view, item, await view.measure(item))
    } catch (error) {
      throw toCustomerError(error, path)
    }
  }

  async function versions(path: string, placeOptions: PlaceOptions): Promise<readonly FileVersion[]> {
    const call = signalOf(placeOptions)
    const location = await placeOf(placeOptions, call)
    const opened = await open(location, call)
    const found = await opened.view.versions(path)
    // Says what is wrong when there is nothing.
    if (found.length === 0) await find(path, undefined, location, opened)
    return found
  }

  async function remove(path: string, placeOptions: PlaceOptions): Promise<void> {
    const call = signalOf(placeOptions)
    checkPath(path)
    const location = await placeOf(placeOptions, call)
    const opened = await open(location, call)
    await find(path, undefined, location, opened)
    const { fingerprint } = self
    if (!location.mine && !opened.catalog.standing(path).some(({ writer }) => writer === fingerprint))
      throw new CustomerError('Unauthorized', `${path}: others put it, only they and the owner remove it`, {
        subject: path,
      })
    const current = await location.family(call)
    const payload = { kind: 'delete', path } as const
    await journals.append(location, { payload, date: clock.now() }, { ...call, family: current })
  }

  /** What a look at everything below a path takes; null when the location is empty. */
  async function everythingAt(path: string, readOptions: ReadOptions): Promise<NeededOptions | null> {
    const call = signalOf(readOptions)
    const location = await placeOf(readOptions, call)
    const opened = await open(location, call)
    const { version } = readOptions
    const isEmpty = path === '' && version === undefined && (await opened.view.find('')) === null
    if (isEmpty) return null
    const top = await find(path, version, location, opened)
    return { location, view: opened.view, top, content, ...call }
  }

  async function health(path: string, readOptions: ReadOptions): Promise<HealthReport> {
    const place = await everythingAt(path, readOptions)
    return place === null ? { suppliers: [], items: [] } : measureHealth({ ...place, remotes })
  }

  async function verify(path: string, verifyOptions: VerifyStoredOptions): Promise<VerifyReport> {
    const { percent = 100, onProgress } = verifyOptions
    const place = await everythingAt(path, verifyOptions)
    if (place === null) return { files: 0, blocks: 0, checked: 0, suppliers: [], lost: [] }
    const told = onProgress === undefined ? {} : { onProgress }
    return verifyStored({ ...place, remotes, journals, percent, onProblem: onFragment, ...told })
  }

  async function prune(path: string, pruneOptions: PruneOptions): Promise<PruneReport> {
    const call = signalOf(pruneOptions)
    if (path !== '') checkPath(path)
    const location = await placeOf(pruneOptions, call)
    const report = await prunes.run(location, path, { ...pruneOptions, ...call })
    for (const problem of report.sync.problems) tell(problem)
    return report
  }

  function onUnfreed(error: unknown): void {
    const problem = toCustomerError(error, 'prune')
    if (problem instanceof CustomerError) tell(problem)
  }

  async function stop(): Promise<void> {
    lifetime.abort(new DOMException('the customer was stopped', 'AbortError'))
    await Promise.all([repair.stop(), family.stop(), watching])
  }

  return {
    family,
    locations,
    repair,
    events,
    put: (path, source, putOptions = {}) => translated(path, () => put(path, source, putOptions)),
    get: (path, readOptions = {}) => translated(path, () => get(path, readOptions)),
    list: (path = '', placeOptions = {}) => list(path, placeOptions),
    versions: (path, placeOptions = {}) => translated(path, () => versions(path, placeOptions)),
    remove: (path, placeOptions = {}) => translated(path, () => remove(path, placeOptions)),
    health: (path = '', readOptions = {}) => translated(path, () => health(path, readOptions)),
    verify: (path = '', verifyOptions = {}) => translated(path, () => verify(path, verifyOptions)),
    prune: (path = '', pruneOptions = {}) => translated(path, () => prune(path, pruneOptions)),
    sync: (placeOptions = {}) =>
      translated('sync', async () => {
        const call = signalOf(placeOptions)
        return (await catalogs.open(await placeOf(placeOptions, call), call)).report
      }),
    async start(startOptions = {}) {
      await family.start(signalOf(startOptions))
      await prunes.load()
      repair.start()
      watching ??= prunes.watch(onUnfreed, { signal: lifetime.signal })
    },
    stop,
    [Symbol.asyncDispose]: stop,
    machines: () => [...states.values()],
  }
}

function freshnessUnknown(location: Location, { answered: have, need }: SyncReport): CustomerError {
  const message = `${have} of ${need} suppliers answered, so there may be more in ${location.alias} than is known here`
  return new CustomerError('CatalogFreshnessUnknown', message, { have, need, subject: location.id, retryable: true })
}

/** Some suppliers had the entry when the key was replaced, so it could not be written anew. */
function writtenUnderOldKey({ alias }: Location, path: string, { hash, generation }: KnownEntry): CustomerError {
  const message = `${path} in ${alias} was under way while the key was replaced: whoever had key ${generation} can read it`
  return new CustomerError('KeyRevoked', message, { subject: hash })
}
