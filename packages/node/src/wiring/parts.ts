import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeviceKey, RsaPrivateKey } from '@bitdust/crypto'
import { type Customer, createCustomer, type StageObserver } from '@bitdust/customer'
import { createDht, type Dht, dhtIdentitySource } from '@bitdust/dht'
import {
  createKeyRing,
  createResolver,
  deviceOf,
  findContacts,
  type IdentityDocument,
  type KeyRing,
  multiaddrsOfDevice,
  type Resolver,
} from '@bitdust/identity'
import { createIdServerClient } from '@bitdust/idserver'
import { createSafeFetch, type RunningIdServer } from '@bitdust/idserver/node'
import { type MachineObserver, systemClock } from '@bitdust/machine'
import { createCoder } from '@bitdust/raid'
import { createShares, type Shares } from '@bitdust/shares'
import { createSupplier, createSupplierClient, type Supplier } from '@bitdust/supplier'
import { fileFragmentStore } from '@bitdust/supplier/node'
import { createTransport, type Transport } from '@bitdust/transport'
import { createLibp2pCarrier, type Libp2pCarrier } from '@bitdust/transport/libp2p'
import type { KeyValueStore } from '@bitdust/upkeep'
import type { KadDHT } from '@libp2p/kad-dht'
import { folderKeyStore } from '../adapters/folder-key-store.ts'
import { keyValueIdentityStore } from '../adapters/key-value-identity-store.ts'
import { openSqliteKeyValueStore } from '../adapters/sqlite-key-value-store.ts'
import type { Config } from '../config.ts'
import type { FolderPaths } from '../folder.ts'
import { startOwnIdServer } from '../id-server.ts'
import { deviceRevoked, readMetadata } from '../metadata.ts'
import { parseDuration, parseRate, parseSize } from '../units.ts'
import { type ByteRate, createByteRate } from './byte-rate.ts'
import { devicesOf } from './devices.ts'
import { dhtFamilyDirectory, resolverOwnerKeys, walkingSupplierFinder } from './directory.ts'
import { followOwnIdentity } from './followed-identity.ts'
import { openGivenShares } from './given-shares.ts'
import { identitiesInUse } from './identities-in-use.ts'
import { keepShareKey } from './keep-share-key.ts'
import { limitedTransport } from './limited-transport.ts'
import type { NodeLogger } from './logger.ts'
import { type OwnIdentity, wireOwnIdentity } from './own-identity.ts'
import { type OwnNickname, wireOwnNickname } from './own-nickname.ts'
import { restoreKeys } from './restore-keys.ts'
import { keyValueSequenceStore } from './sequence-store.ts'

export interface PartsOptions {
  readonly config: Config
  readonly paths: FolderPaths
  /** The master key, when it does not lie in the folder. */
  readonly masterKey?: RsaPrivateKey
  readonly logger: NodeLogger
  readonly observe: MachineObserver
  /** Told that this device was revoked while it ran. */
  readonly onRevoked: (error: unknown) => void
  /** Told how long the steps of puts take. */
  readonly onStage?: StageObserver
}

/** Everything that a running node consists of, wired together. */
export interface Parts {
  /** Null on an enrolled device. */
  readonly masterKey: RsaPrivateKey | null
  readonly deviceKey: DeviceKey
  readonly identity: OwnIdentity
  /** Null on an enrolled device. */
  readonly nickname: OwnNickname | null
  readonly resolver: Resolver
  readonly keys: KeyRing
  readonly carrier: Libp2pCarrier<{ dht: KadDHT }>
  readonly transport: Transport
  readonly dht: Dht
  /** The catalog's store. */
  readonly store: KeyValueStore
  /** What the user should know: roles that are off although he wants them, work that waits. */
  notices(): readonly string[]
  /** Null while the role is off. */
  readonly customer: Customer | null
  readonly shares: Shares | null
  readonly supplier: Supplier | null
  /** Connects, publishes what is ours, takes up the roles. */
  start(): Promise<void>
  /** Ends in the reverse order, whatever of it was started, and closes the stores. */
  stop(): Promise<void>
}

/** Longest wait at the start for the first node of the DHT, in ms: without it the node works with those it knows. */
const DHT_PATIENCE_MS = 5_000
/** Longest wait at the first start of a restored folder for its share keys, in ms; they may come later too. */
const RESTORE_PATIENCE_MS = 10_000
const RESTORE_RETRY_MS = 2_000
const NO_SUPPLIER =
  'this node lends no space although supplier.offer is set: contracts are signed with the master key, which is not on this device'

/** Builds the parts of a node over its data folder: the only place where ports meet adapters. Nothing is sent yet. */
export async function wireParts(options: PartsOptions): Promise<Parts> {
  const { config, paths, logger, observe, onRevoked } = options
  const { local: allowPrivate } = config.network
  const lifetime = new AbortController()
  const onError = (error: unknown) => {
    if (!lifetime.signal.aborted) logger.debug('background work failed', { error })
  }
  const given = options.masterKey === undefined ? {} : { masterKey: options.masterKey }
  const metadata = await readMetadata(paths, { allowPrivate, ...given })
  const { masterKey, deviceKey, encryptionKey } = metadata
  const store = openSqliteKeyValueStore(join(paths.catalog, 'catalog.sqlite'))

  const dht = createDht({
    seeds: config.network.seeds,
    sequences: keyValueSequenceStore(store),
    allowPrivate,
    clock: systemClock,
    onError,
  })
  const idServers = createIdServerClient({ fetch: createSafeFetch({ allowPrivate }), allowPrivate })
  const resolver = createResolver({
    sources: [idServers, dhtIdentitySource(dht)],
    store: keyValueIdentityStore(store),
    clock: systemClock,
    allowPrivate,
    // Asked after thousands of identities, long after everything below was wired.
    keep: () => identitiesInUse({ own: identity.fingerprint, keys, customer, supplier, shares }),
  })
  const watched = { metadata, paths, config, onChanged: takeIdentity, onError }
  const identity =
    masterKey === null
      ? await followOwnIdentity({ ...watched, resolver, onRevoked })
      : await wireOwnIdentity({ ...watched, masterKey, idServers, store, observe })
  // Another device of ours may know more: from its greeting, a packet, or an ID-server asked for something else.
  resolver.onNewer((document) => {
    if (document.fingerprint === identity.fingerprint) void identity.take(document).catch(onError)
  })
  const nickname = masterKey === null ? null : wireOwnNickname({ masterKey, identity, paths, dht })
  const keys = createKeyRing({ store: folderKeyStore(paths.keys) })
  const carrier = await createLibp2pCarrier({
    deviceKey,
    listen: config.listen,
    allowPrivate,
    services: { dht: dht.service },
  })
  const transport = createTransport({
    carrier,
    deviceKey,
    identity: async () => ({ document: identity.document(), bytes: identity.document().bytes }),
    resolver,
    clock: systemClock,
    logger,
    async locate({ fingerprint, peerId }, { signal }) {
      const document = await resolver.resolve({ fingerprint }, { signal })
      const contacts = await findContacts(document, { resolver, clock: systemClock, signal, allowPrivate })
      return multiaddrsOfDevice(contacts, peerId, { allowPrivate })
    },
  })
  const limited = limitedTransport(transport, {
    upload: rateOf(config.transfer.upload),
    download: rateOf(config.transfer.download),
  })
  transport.handle('Identity', async (_, { payload }) => {
    await resolver.accept(payload)
    return { command: 'Ack', payload: new Uint8Array() }
  })

  const self = {
    fingerprint: identity.fingerprint,
    peerId: carrier.peerId,
    masterPublicKey: metadata.identity.publicKey,
    masterKey,
    encryptionKey,
    deviceKey,
    certificate: identity.certificate,
  }
  const lends = config.roles.supplier && parseSize(config.supplier.offer) > 0
  const supplier = lends && masterKey !== null ? await wireSupplier(masterKey) : null
  const notices = lends && masterKey === null ? [NO_SUPPLIER] : []
  for (const notice of notices) logger.warn(notice)
  const customer = config.roles.customer ? await wireCustomer() : null
  const shares = customer === null ? null : wireShares(customer)
  let idServer: RunningIdServer | undefined

  async function wireSupplier(signingKey: RsaPrivateKey): Promise<Supplier> {
    const books = openSqliteKeyValueStore(join(paths.supplier, 'books.sqlite'))
    lifetime.signal.addEventListener('abort', () => books.close())
    const folder = join(paths.supplier, 'fragments')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const wired = createSupplier({
      self: {
        ...self,
        masterKey: signingKey,
        get idurl() {
          return identity.idurl()
        },
      },
      offeredBytes: parseSize(config.supplier.offer),
      fragments: fileFragmentStore(folder),
      books,
      clock: systemClock,
      sender: limited,
      limits: { maxFiles: config.supplier.maxFiles },
      onTransition: observe,
    })
    wired.attach(limited)
    return wired
  }

  async function wireCustomer(): Promise<Customer> {
    const remotes = createSupplierClient({
      sender: limited,
      clock: systemClock,
      prover: (location) => wired.locations.prover(location),
    })
    const wired: Customer = createCustomer({
      self: { ...self, idurl: () => identity.idurl() },
      remotes,
      finder: walkingSupplierFinder(dht, transport, logger),
      directory: dhtFamilyDirectory(dht),
      ownerKeys: resolverOwnerKeys(resolver),
      store,
      coder: await createCoder(),
      clock: systemClock,
      settings: {
        pingEveryMs: parseDuration(config.customer.pingEvery),
        replaceAfterMs: parseDuration(config.customer.replaceAfter),
        repairEveryMs: parseDuration(config.customer.repairEvery),
      },
      onTransition: observe,
      ...(options.onStage === undefined ? {} : { onStage: options.onStage }),
    })
    // The owner of a share gave it new keys.
    wired.events.addEventListener('key', ({ value }) => {
      const isOwn = value.owner === identity.fingerprint
      const owner = isOwn ? identity.idurl() : resolver.primary(value.owner)
      void keepShareKey(keys, value, owner).catch(onError)
    })
    return wired
  }

  function wireShares(files: Customer): Shares {
    const wired = createShares({
      self: { ...self, idurl: () => identity.idurl() },
      keyRing: keys,
      locations: files.locations,
      files,
      sender: limited,
      identities: resolver,
      store,
      clock: systemClock,
      onTransition: observe,
    })
    wired.attach(limited)
    return wired
  }

  async function takeIdentity(document: IdentityDocument): Promise<void> {
    await announceIdentity(document)
    if ((await deviceOf(document, deviceKey.publicKey.id, systemClock.now())) === null)
      onRevoked(deviceRevoked(document))
  }

  /**
   * Tells the DHT and everybody we are connected to: old addresses of ours stop working at some point. Our own resolver
   * comes first: by it the transport judges our other devices. Nobody waits for the others, of whom some may be slow.
   */
  async function announceIdentity(document: IdentityDocument): Promise<void> {
    await resolver.accept(document).catch(onError)
    void tellOthers(document).catch(onError)
  }

  async function tellOthers(document: IdentityDocument): Promise<void> {
    const { signal } = lifetime
    await dht.publishIdentity(document.fingerprint, document.bytes, { signal }).catch(onError)
    await nickname?.publish({ signal }).catch(onError)
    await Promise.all(
      transport.connected().map(async (caller) => {
        const [peer] = (await devicesOf(caller.identity)).filter(({ peerId }) => peerId === caller.peerId)
        if (peer === undefined) return
        await transport
          .request(peer, { command: 'Identity', owner: identity.fingerprint, payload: document.bytes }, { signal })
          .catch(onError)
      }),
    )
  }

  async function start(): Promise<void> {
    await transport.start()
    dht.start(carrier.libp2p)
    if (config.idserver.enabled) idServer = await startOwnIdServer(config, paths, logger)
    if (config.network.seeds.length > 0)
      await dht.ready({ signal: AbortSignal.timeout(DHT_PATIENCE_MS) }).catch(onError)
    await identity.start()
    await supplier?.start()
    void dht
      .publishIdentity(identity.fingerprint, identity.document().bytes, { signal: lifetime.signal })
      .catch(onError)
    void nickname?.publish({ signal: lifetime.signal }).catch(onError)
    await customer?.start()
    if (customer !== null)
      await Promise.race([comeBack(customer).catch(onError), systemClock.sleep(RESTORE_PATIENCE_MS, lifetime.signal)])
    await shares?.start()
    if (customer !== null) {
      const { signal } = lifetime
      void openGivenShares({ customer, keys, store, logger, signal }).catch(onError)
    }
  }

  /** A restored folder gets its share keys from the suppliers, as soon as enough of them answer. */
  async function comeBack(files: Customer): Promise<void> {
    const { signal } = lifetime
    for (;;) {
      try {
        return await restoreKeys({
          customer: files,
          keys,
          store,
          idurl: identity.idurl(),
          signal,
        })
      } catch (error) {
        signal.throwIfAborted()
        logger.warn('the share keys are not back yet; trying again', { error })
        await systemClock.sleep(RESTORE_RETRY_MS, signal)
      }
    }
  }

  async function stop(): Promise<void> {
    const ends = [
      () => identity.stop(),
      () => shares?.stop(),
      () => customer?.stop(),
      () => supplier?.stop(),
      () => idServer?.stop(),
      () => dht.stop(),
      () => transport.stop(),
    ]
    for (const end of ends)
      await Promise.resolve(end()).catch((error: unknown) => logger.warn('a part did not end cleanly', { error }))
    lifetime.abort(new DOMException('the node stopped', 'AbortError'))
    store.close()
  }

  return {
    masterKey,
    deviceKey,
    identity,
    nickname,
    resolver,
    keys,
    carrier,
    transport,
    dht,
    store,
    customer,
    shares,
    supplier,
    notices: () => notices,
    start,
    stop,
  }
}

/** A limit of the configuration; null: unlimited. */
function rateOf(text: string): ByteRate | null {
  const bytesPerSecond = parseRate(text)
  return bytesPerSecond === null ? null : createByteRate(bytesPerSecond, systemClock)
}
