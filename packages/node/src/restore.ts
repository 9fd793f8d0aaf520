import { join } from 'node:path'
import {
  type Fingerprint,
  importRsaPrivateKey,
  isBitdustError,
  type RsaPrivateKey,
  readKeyFile,
  utf8Encode,
} from '@bitdust/crypto'
import { createDht, type Dht, dhtIdentitySource } from '@bitdust/dht'
import {
  createPublisher,
  createResolver,
  formatContact,
  type IdentityDocument,
  type IdentityFields,
  type Idurl,
  parseContact,
  parseIdurl,
  peerIdOfDevice,
  signCertificate,
} from '@bitdust/identity'
import { createIdServerClient } from '@bitdust/idserver'
import { createSafeFetch } from '@bitdust/idserver/node'
import { systemClock } from '@bitdust/machine'
import { createLibp2pCarrier } from '@bitdust/transport/libp2p'
import { keyValueIdentityStore } from './adapters/key-value-identity-store.ts'
import { openSqliteKeyValueStore } from './adapters/sqlite-key-value-store.ts'
import { type Config, readConfig } from './config.ts'
import { contactsFor } from './contacts.ts'
import { NodeError } from './errors.ts'
import { isInitialized, openFolder } from './folder.ts'
import { CERTIFICATE_LIFETIME_MS } from './init.ts'
import { ensureDeviceKey, writeIdentity, writeMasterKey } from './metadata.ts'
import { devicesOf, primaryOf } from './wiring/devices.ts'
import { RESTORE_PENDING_KEY } from './wiring/restore-keys.ts'
import { keyValueSequenceStore } from './wiring/sequence-store.ts'

export interface RestoreOptions {
  /** Data folder; made if missing. Its configuration names the network. */
  readonly directory: string
  /** Text of a master key file, or PEM. */
  readonly keyText: string
  readonly passphrase?: string
  /** Any IDURL of the identity; its server may be gone. */
  readonly idurl: string
  readonly signal?: AbortSignal
}

/** An identity that is back. */
export interface RestoreResult {
  readonly idurl: Idurl
  readonly fingerprint: Fingerprint
}

/**
 * Brings an identity to a new folder with its master key alone: finds its document by IDURL or, when its ID-servers are
 * gone, in the DHT; adds this device to it and publishes. Family, catalog and share keys come back at the first start.
 *
 * @throws {NodeError} `AlreadyInitialized`; `NotFound` (retryable) when the identity is nowhere; {@link CryptoError}
 * `KeyMalformed`, `KeyUnlockFailed`; {@link IdentityError} `IdentityKeyChanged` when the IDURL is somebody else's.
 */
export async function restoreNode({
  directory,
  keyText,
  passphrase,
  idurl,
  signal = new AbortController().signal,
}: RestoreOptions): Promise<RestoreResult> {
  if (await isInitialized(directory))
    throw new NodeError('AlreadyInitialized', `${directory} has an identity already; name another --folder`)
  const folder = await openFolder(directory)
  const store = openSqliteKeyValueStore(join(folder.paths.catalog, 'catalog.sqlite'))
  try {
    const { paths } = folder
    const config = await readConfig(paths.config)
    const { local: allowPrivate } = config.network
    const masterKey = await readMasterKeyText(keyText, passphrase)
    const address = parseIdurl(idurl, { allowPrivate })
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
      const found = await findOwn(masterKey.publicKey.fingerprint, address, { resolve: resolver.resolve, dht, signal })
      const created = systemClock.now()
      const certificate = await signCertificate(
        { device: deviceKey.publicKey, label: 'restored device', created, expires: created + CERTIFICATE_LIFETIME_MS },
        masterKey,
      )
      const publisher = createPublisher({ key: masterKey, identity: found, idServers, clock: systemClock })
      const others = await devicesOf(found)
      const onlyOther = others.length === 1 ? others[0]?.peerId : undefined
      const { document, bytes } = await publisher.publish(
        (fields) =>
          withDevice(fields, { certificate, peerId: peerIdOfDevice(deviceKey.publicKey.bytes), config, onlyOther }),
        { signal },
      )
      await dht.publishIdentity(document.fingerprint, bytes, { signal }).catch(() => undefined)
      await writeMasterKey(paths, masterKey, 'master')
      await store.batch([{ put: RESTORE_PENDING_KEY, value: utf8Encode('1') }])
      await writeIdentity(paths, bytes)
      return { idurl: primaryOf(document), fingerprint: document.fingerprint }
    } finally {
      await dht.stop()
      await carrier.stop()
    }
  } finally {
    store.close()
    folder.release()
  }
}

/** By its address first, then by its key: the address may be dead, the key is what counts. */
async function findOwn(
  fingerprint: Fingerprint,
  idurl: Idurl,
  { resolve, dht, signal }: { resolve: ReturnType<typeof createResolver>['resolve']; dht: Dht; signal: AbortSignal },
): Promise<IdentityDocument> {
  const byAddress = await resolve(idurl, { signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    if (isBitdustError(error, 'NotFound') || isBitdustError(error, 'Timeout')) return null
    throw error
  })
  if (byAddress !== null && byAddress.fingerprint !== fingerprint)
    throw new NodeError(
      'NotFound',
      `${idurl} belongs to another key (${byAddress.fingerprint}); check that this is the right key file`,
      { subject: idurl },
    )
  if (byAddress !== null) return byAddress
  await dht.ready({ signal })
  return resolve({ fingerprint }, { signal })
}

interface NewDevice {
  readonly certificate: string
  readonly peerId: string
  readonly config: Config
  /** The one other device, whose contacts need not have named it so far. */
  readonly onlyOther: string | undefined
}

/** Adds a device. Where there were contacts without a device they get one, since now they would be ambiguous. */
function withDevice(fields: IdentityFields, { certificate, peerId, config, onlyOther }: NewDevice): IdentityFields {
  const options = { allowPrivate: config.network.local }
  const name = (text: string, device: string | undefined) => {
    const contact = parseContact(text, options)
    const isNamed = contact.peerId !== undefined || contact.user !== undefined || contact.protocol === 'proxy'
    return isNamed || device === undefined ? text : formatContact({ ...contact, peerId: device })
  }
  const old = fields.contacts.map((text) => name(text, onlyOther))
  const added = contactsFor(config).map((text) => name(text, peerId))
  return { ...fields, certificates: [...fields.certificates, certificate], contacts: [...new Set([...old, ...added])] }
}

async function readMasterKeyText(text: string, passphrase: string | undefined): Promise<RsaPrivateKey> {
  const options = passphrase === undefined ? {} : { passphrase }
  if (text.trimStart().startsWith('-----')) return importRsaPrivateKey(text, options)
  const file = await readKeyFile(text, options)
  if (file.kind === 'private') return file.key
  throw new NodeError('NotFound', 'this file holds a public key; the private master key is needed')
}
