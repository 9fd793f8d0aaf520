import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RsaPrivateKey } from '@bitdust/crypto'
import { type Customer, createCustomer } from '@bitdust/customer'
import { createDht, type Dht, dhtIdentitySource } from '@bitdust/dht'
import {
  createKeyRing,
  createResolver,
  type IdentityDocument,
  type KeyRing,
  multiaddrsOfDevice,
  type Resolver,
} from '@bitdust/identity'
import { createIdServerClient } from '@bitdust/idserver'
import { createSafeFetch, fileIdentityStore, type RunningIdServer, serveIdServer } from '@bitdust/idserver/node'
import { type MachineObserver, systemClock } from '@bitdust/machine'
import { createCoder } from '@bitdust/raid'
import { createShares, type Shares } from '@bitdust/shares'
import { createSupplier, createSupplierClient, type Supplier } from '@bitdust/supplier'
import { fileFragmentStore } from '@bitdust/supplier/node'
import { createTransport, type Transport } from '@bitdust/transport'
import { createLibp2pCarrier, type Libp2pCarrier } from '@bitdust/transport/libp2p'
import type { KadDHT } from '@libp2p/kad-dht'
import { folderKeyStore } from '../adapters/folder-key-store.ts'
import { keyValueIdentityStore } from '../adapters/key-value-identity-store.ts'
import { openSqliteKeyValueStore } from '../adapters/sqlite-key-value-store.ts'
import type { Config } from '../config.ts'
import type { FolderPaths } from '../folder.ts'
import { readMetadata } from '../metadata.ts'
import { parseDuration, parseSize } from '../units.ts'
import { devicesOf } from './devices.ts'
import { dhtFamilyDirectory, resolverOwnerKeys, walkingSupplierFinder } from './directory.ts'
import type { NodeLogger } from './logger.ts'
import { type OwnIdentity, wireOwnIdentity } from './own-identity.ts'
import { restoreKeys } from './restore-keys.ts'
import { keyValueSequenceStore } from './sequence-store.ts'

export interface PartsOptions {
  readonly config: Config
  readonly paths: FolderPaths
  readonly logger: NodeLogger
  readonly observe: MachineObserver
}

/** Everything that a running node consists of, wired together. */
export interface Parts {
  readonly masterKey: RsaPrivateKey
  readonly identity: OwnIdentity
  readonly resolver: Resolver
  readonly keys: KeyRing
  readonly carrier: Libp2pCarrier<{ dht: KadDHT }>
  readonly transport: Transport
  readonly dht: Dht
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

/** Builds the parts of a node over its data folder: the only place where ports meet adapters. Nothing is sent yet. */
export async function wireParts({ config, paths, logger, observe }: PartsOptions): Promise<Parts> {
  const { local: allowPrivate } = config.network
  const lifetime = new AbortController()
  const onError = (error: unknown) => {
    if (!lifetime.signal.aborted) logger.debug('background work failed', { error })
  }
  const metadata = await readMetadata(paths, { allowPrivate })
  const { masterKey, deviceKey } = metadata
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
  })
  const identity = await wireOwnIdentity({
    metadata,
    paths,
    config,
    idServers,
    observe,
    onChanged: announceIdentity,
    onError,
  })
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
      return multiaddrsOfDevice(document.contacts, peerId, { allowPrivate })
    },
  })
  transport.handle('Identity', async (_, { payload }) => {
    await resolver.accept(payload)
    return { command: 'Ack', payload: new Uint8Array() }
  })

  const self = {
    fingerprint: identity.fingerprint,
    peerId: carrier.peerId,
    masterKey,
    deviceKey,
    certificate: identity.certificate,
  }
  const supplier = config.roles.supplier && parseSize(config.supplier.offer) > 0 ? await wireSupplier() : null
  const customer = config.roles.customer ? await wireCustomer() : null
  const shares = customer === null ? null : wireShares(customer)
  let idServer: RunningIdServer | undefined

  async function wireSupplier(): Promise<Supplier> {
    const books = openSqliteKeyValueStore(join(paths.supplier, 'books.sqlite'))
    lifetime.signal.addEventListener('abort', () => books.close())
    const folder = join(paths.supplier, 'fragments')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const wired = createSupplier({
      self: {
        ...self,
        get idurl() {
          return identity.idurl()
        },
      },
      offeredBytes: parseSize(config.supplier.offer),
      fragments: fileFragmentStore(folder),
      books,
      clock: systemClock,
      sender: transport,
      limits: { maxFiles: config.supplier.maxFiles },
      onTransition: observe,
    })
    wired.attach(transport)
    return wired
  }

  async function wireCustomer(): Promise<Customer> {
    const remotes = createSupplierClient({
      sender: transport,
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
    })
    return wired
  }

  function wireShares(files: Customer): Shares {
    const wired = createShares({
      self: { ...self, idurl: () => identity.idurl() },
      keyRing: keys,
      locations: files.locations,
      files,
      sender: transport,
      identities: resolver,
      store,
      clock: systemClock,
      onTransition: observe,
    })
    wired.attach(transport)
    return wired
  }

  /** Tells the DHT and everybody we are connected to: old addresses of ours stop working at some point. */
  async function announceIdentity(document: IdentityDocument): Promise<void> {
    const { signal } = lifetime
    await dht.publishIdentity(document.fingerprint, document.bytes, { signal }).catch(onError)
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
    if (config.idserver.enabled) idServer = await serveOwnIdServer(config, paths)
    if (config.network.seeds.length > 0)
      await dht.ready({ signal: AbortSignal.timeout(DHT_PATIENCE_MS) }).catch(onError)
    await supplier?.start()
    void dht
      .publishIdentity(identity.fingerprint, identity.document().bytes, { signal: lifetime.signal })
      .catch(onError)
    await customer?.start()
    if (customer !== null)
      await Promise.race([comeBack(customer).catch(onError), systemClock.sleep(RESTORE_PATIENCE_MS, lifetime.signal)])
    await shares?.start()
    identity.rotation.start()
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
          owner: identity.fingerprint,
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
      () => identity.rotation.stop(),
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

  return { masterKey, identity, resolver, keys, carrier, transport, dht, customer, shares, supplier, start, stop }
}

async function serveOwnIdServer({ idserver, network }: Config, paths: FolderPaths): Promise<RunningIdServer> {
  return serveIdServer({
    host: idserver.host,
    port: idserver.port,
    address: network.local ? '127.0.0.1' : '0.0.0.0',
    store: await fileIdentityStore(paths.idserver),
    clock: systemClock,
    allowPrivate: network.local,
  })
}
