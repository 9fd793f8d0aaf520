import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createCustomer } from '@bitdust/customer'
import { createResolver, deviceOf, findContacts, multiaddrsOfDevice } from '@bitdust/identity'
import { createIdServerClient } from '@bitdust/idserver'
import { createSafeFetch } from '@bitdust/idserver/node'
import { systemClock as clock } from '@bitdust/machine'
import { createCoder } from '@bitdust/raid'
import { createSupplierClient } from '@bitdust/supplier'
import { createTransport } from '@bitdust/transport'
import { createLibp2pCarrier } from '@bitdust/transport/libp2p'
import { identityStoreIn, openKeyValueStore } from './key-value-store.mjs'
import { createNamedSuppliers } from './named-suppliers.mjs'
import { openOwnIdentity } from './own-identity.mjs'

/**
 * The customer role by parts: each package gets what it needs, and nothing else of BitDust runs here. There is no DHT,
 * since the settings name the suppliers, and nothing listens, since suppliers never call.
 *
 * @param options.settings - `idServer`: where the album's identity is published; `name` of the album there;
 *   `suppliers`: IDURLs, at least `count`; `count`: 2, 4 (the default), 7, 13 ...; `bytes`: room for so much; `local`:
 *   for networks on one machine, private addresses are allowed.
 * @param options.signal - Gives up the start.
 * @returns `customer`, started, with its suppliers hired; and `stop()`.
 */
export async function openStorage({ folder, settings, log, signal }) {
  const { idServer, suppliers, count = 4, bytes, name = 'album', local: allowPrivate = false } = settings
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const store = openKeyValueStore(join(folder, 'storage.sqlite'))

  // Who others are, and who we are.
  const idServers = createIdServerClient({ fetch: createSafeFetch({ allowPrivate }), allowPrivate })
  const resolver = createResolver({ sources: [idServers], store: identityStoreIn(store), clock, allowPrivate })
  const own = await openOwnIdentity({ folder, name, idServer, idServers, clock, allowPrivate })
  const { masterKey, deviceKey, identity } = own
  const certificate = await deviceOf(identity.document, deviceKey.publicKey.id, clock.now())

  // How they are reached.
  const carrier = await createLibp2pCarrier({ deviceKey, listen: [], allowPrivate })
  const transport = createTransport({
    carrier,
    deviceKey,
    identity: async () => identity,
    resolver,
    clock,
    async locate({ fingerprint, idurl, peerId }, { signal }) {
      // Known already, wherever it has moved to; else, as after the loss of the store, where it was.
      const document = await resolver
        .resolve({ fingerprint }, { signal })
        .catch(() => resolver.resolve(idurl, { signal }))
      const contacts = await findContacts(document, { resolver, clock, signal, allowPrivate })
      return multiaddrsOfDevice(contacts, peerId, { allowPrivate })
    },
  })

  // What is asked of them, and what for.
  const remotes = createSupplierClient({
    sender: transport,
    clock,
    prover: (location) => customer.locations.prover(location),
  })
  const { finder, directory } = createNamedSuppliers({ idurls: suppliers, resolver, remotes, clock, allowPrivate })
  const customer = createCustomer({
    self: {
      fingerprint: masterKey.publicKey.fingerprint,
      idurl: () => identity.document.sources[0],
      peerId: carrier.peerId,
      masterPublicKey: masterKey.publicKey,
      masterKey,
      encryptionKey: masterKey,
      deviceKey,
      certificate: certificate.text,
    },
    remotes,
    finder,
    directory,
    ownerKeys: {
      publicKey: async (fingerprint, options) => (await resolver.resolve({ fingerprint }, options)).publicKey,
    },
    store,
    coder: await createCoder(),
    clock,
    // The page tells how many suppliers are there.
    settings: { pingEveryMs: 15_000 },
  })
  // Worked around already, but somebody should know.
  customer.events.addEventListener('problem', ({ value: { code, message } }) =>
    log({ event: 'problem', code, message }),
  )

  async function stop() {
    await customer.stop()
    await transport.stop()
    store.close()
  }

  try {
    await transport.start()
    await customer.start({ signal })
    // Suppliers are hired once; from then on the customer watches them, and replaces the dead by others of the list.
    if (customer.family.current() === null)
      await customer.family.hire({ count, bytes, signal: AbortSignal.any([signal, AbortSignal.timeout(120_000)]) })
    return { customer, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
