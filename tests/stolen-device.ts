import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DeviceKey, deviceKeyFromSeed, fromHex, readKeyFile } from '@bitdust/crypto'
import { type Customer, createCustomer } from '@bitdust/customer'
import {
  createResolver,
  deviceOf,
  memoryIdentityStore,
  multiaddrsOfDevice,
  openIdentity,
  type PeerRef,
} from '@bitdust/identity'
import { createIdServerClient } from '@bitdust/idserver'
import { createSafeFetch } from '@bitdust/idserver/node'
import { systemClock } from '@bitdust/machine'
import { openSqliteKeyValueStore } from '@bitdust/node'
import { createCoder } from '@bitdust/raid'
import { createSupplierClient } from '@bitdust/supplier'
import { createTransport, type Transport } from '@bitdust/transport'
import { createLibp2pCarrier } from '@bitdust/transport/libp2p'

const LOCAL = { allowPrivate: true }

/** Somebody with a copy of a device's folder and software that does not stop when the device is revoked. */
export interface Thief extends AsyncDisposable {
  readonly transport: Transport
  /** The customer on the copied catalog, with the copied keys. */
  readonly customer: Customer
}

/**
 * Uses a copied folder.
 *
 * @param folder - Copy of the folder of an enrolled device.
 * @param accomplice - Folder of a device whom suppliers let in: stands for suppliers that give all they have to the thief.
 *   Without it, the thief comes as the device itself.
 */
export async function openStolenDevice(folder: string, accomplice = folder): Promise<Thief> {
  const identity = await openIdentity(await readFile(join(folder, 'metadata', 'identity.xml')), LOCAL)
  const shown = await openIdentity(await readFile(join(accomplice, 'metadata', 'identity.xml')), LOCAL)
  const [deviceKey, channelKey] = [await deviceKeyIn(folder), await deviceKeyIn(accomplice)]
  const file = await readKeyFile(await readFile(join(folder, 'metadata', 'encryption.key'), 'utf8'))
  const certificate = await deviceOf(identity, deviceKey.publicKey.id, systemClock.now())
  if (file.kind !== 'private' || certificate === null) throw new Error('not the folder of an enrolled device')

  const store = openSqliteKeyValueStore(join(folder, 'catalog', 'catalog.sqlite'))
  const resolver = createResolver({
    sources: [createIdServerClient({ fetch: createSafeFetch(LOCAL), ...LOCAL })],
    store: memoryIdentityStore(),
    clock: systemClock,
    ...LOCAL,
  })
  const carrier = await createLibp2pCarrier({ deviceKey: channelKey, listen: [], ...LOCAL })
  const transport = createTransport({
    carrier,
    deviceKey: channelKey,
    identity: async () => ({ document: shown, bytes: shown.bytes }),
    resolver,
    clock: systemClock,
    async locate({ idurl, peerId }: PeerRef, { signal }) {
      return multiaddrsOfDevice((await resolver.resolve(idurl, { signal })).contacts, peerId, LOCAL)
    },
  })
  const [idurl] = identity.sources
  if (idurl === undefined) throw new Error('an identity has a source')
  const customer = createCustomer({
    self: {
      fingerprint: identity.fingerprint,
      idurl: () => idurl,
      peerId: carrier.peerId,
      masterPublicKey: identity.publicKey,
      masterKey: null,
      encryptionKey: file.key,
      deviceKey,
      certificate: certificate.text,
    },
    remotes: createSupplierClient({ sender: transport, clock: systemClock, prover: () => undefined }),
    finder: { async *candidates() {} },
    directory: { publish: async () => ({ stored: 0 }), find: async () => null },
    ownerKeys: {
      publicKey: async (fingerprint, options) => (await resolver.resolve({ fingerprint }, options)).publicKey,
    },
    store,
    coder: await createCoder(),
    clock: systemClock,
  })
  await transport.start()
  await customer.start()
  return {
    transport,
    customer,
    async [Symbol.asyncDispose]() {
      await customer.stop()
      await transport.stop()
      store.close()
    },
  }
}

async function deviceKeyIn(folder: string): Promise<DeviceKey> {
  const { seed } = JSON.parse(await readFile(join(folder, 'metadata', 'device.key'), 'utf8')) as { seed: string }
  return deviceKeyFromSeed(fromHex(seed))
}
