import { join } from 'node:path'
import type { DeviceKey } from '@bitdust/crypto'
import { createDht, type Dht, dhtIdentitySource } from '@bitdust/dht'
import { createResolver, type Resolver } from '@bitdust/identity'
import { createIdServerClient, type IdServerClient } from '@bitdust/idserver'
import { createSafeFetch } from '@bitdust/idserver/node'
import { systemClock } from '@bitdust/machine'
import { createLibp2pCarrier } from '@bitdust/transport/libp2p'
import type { KeyValueStore } from '@bitdust/upkeep'
import { keyValueIdentityStore } from './adapters/key-value-identity-store.ts'
import { openSqliteKeyValueStore } from './adapters/sqlite-key-value-store.ts'
import { type Config, readConfig } from './config.ts'
import { NodeError } from './errors.ts'
import { type FolderPaths, isInitialized, openFolder } from './folder.ts'
import { ensureDeviceKey } from './metadata.ts'
import { keyValueSequenceStore } from './wiring/sequence-store.ts'

/** What a data folder without an identity has: a device key, and a way to ask ID-servers and the DHT. */
export interface NetworkSession {
  readonly paths: FolderPaths
  readonly config: Config
  readonly deviceKey: DeviceKey
  /** The catalog's store, kept for the node that will run on this folder. */
  readonly store: KeyValueStore
  readonly dht: Dht
  readonly idServers: IdServerClient
  readonly resolver: Resolver
}

/**
 * Opens a folder that belongs to nobody yet, enters the network with its device key, does the work and closes
 * everything again. The folder's configuration names the network.
 *
 * @throws {NodeError} `AlreadyInitialized`, `FolderInUse`; what the work throws.
 */
export async function withNetworkSession<T>(
  directory: string,
  work: (session: NetworkSession) => Promise<T>,
): Promise<T> {
  if (await isInitialized(directory))
    throw new NodeError('AlreadyInitialized', `${directory} has an identity already; name another --folder`)
  const { paths, release } = await openFolder(directory)
  const store = openSqliteKeyValueStore(join(paths.catalog, 'catalog.sqlite'))
  try {
    const config = await readConfig(paths.config)
    const { local: allowPrivate } = config.network
    const deviceKey = await ensureDeviceKey(paths)
    const dht = createDht({
      seeds: config.network.seeds,
      sequences: keyValueSequenceStore(store),
      allowPrivate,
      clientMode: true,
      clock: systemClock,
    })
    const carrier = await createLibp2pCarrier({ deviceKey, listen: [], allowPrivate, services: { dht: dht.service } })
    await carrier.start()
    dht.start(carrier.libp2p)
    try {
      const idServers = createIdServerClient({ fetch: createSafeFetch({ allowPrivate }), allowPrivate })
      const resolver = createResolver({
        sources: [idServers, dhtIdentitySource(dht)],
        store: keyValueIdentityStore(store),
        clock: systemClock,
        allowPrivate,
      })
      return await work({ paths, config, deviceKey, store, dht, idServers, resolver })
    } finally {
      await dht.stop()
      await carrier.stop()
    }
  } finally {
    store.close()
    release()
  }
}
