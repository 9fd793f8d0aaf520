import { type DeviceKey, type Fingerprint, type RsaPrivateKey, utf8Encode } from '@bitdust/crypto'
import { dhtIdentitySource } from '@bitdust/dht'
import {
  createRestore,
  deviceOf,
  type IdentityChange,
  type IdentityDocument,
  type IdentitySource,
  type Idurl,
  type PublishOutcome,
  parseIdurl,
  peerIdOfDevice,
  type Restoration,
  signCertificate,
} from '@bitdust/identity'
import { type MachineObserver, systemClock } from '@bitdust/machine'
import { type Config, completeConfig, mergeConfig, type PartialConfig, writeConfig } from './config.ts'
import { contactsFor } from './contacts.ts'
import { withDevice } from './enrolment/device-fields.ts'
import { CERTIFICATE_LIFETIME_MS } from './init.ts'
import { parseMasterKey } from './master-key.ts'
import { writeIdentity, writeMasterKey } from './metadata.ts'
import { type NetworkSession, withNetworkSession } from './network-session.ts'
import { devicesOf, primaryOf } from './wiring/devices.ts'
import { RESTORE_PENDING_KEY } from './wiring/restore-keys.ts'

export interface RestoreOptions {
  /** Data folder; made if missing. Its configuration names the network. */
  readonly directory: string
  /** Text of a master key file, or PEM. */
  readonly keyText: string
  readonly passphrase?: string
  /** Any IDURL of the identity; its server may be gone. */
  readonly idurl: string
  readonly signal?: AbortSignal
  readonly onTransition?: MachineObserver
}

/** An identity that is back. */
export interface RestoreResult {
  readonly idurl: Idurl
  readonly fingerprint: Fingerprint
  readonly revision: number
  /** What became of the document that names this device at each source. None need have it when the DHT has. */
  readonly sources: readonly Pick<PublishOutcome, 'source' | 'is'>[]
  /** Whether nodes of the DHT keep that document. */
  readonly inDht: boolean
  /** Sources on web sites, to which the document has to be copied: see `bitdust identity export-site`. */
  readonly staticSources: readonly Idurl[]
}

/**
 * Brings an identity to a new folder with its master key alone: finds its document by IDURL or, when its ID-servers are
 * gone, in the DHT; adds this device to it and publishes, to the DHT alone if need be. Family, catalog and share keys
 * come back at the first start. After a failure the same call goes on with the same device.
 *
 * @throws {NodeError} `AlreadyInitialized`; {@link IdentityError} `NotFound`, `Timeout` (retryable) when the identity is
 * nowhere or nobody could be asked, `IdentityKeyChanged` when the IDURL is somebody else's; {@link CryptoError}
 * `KeyMalformed`, `KeyUnlockFailed`.
 */
export function restoreNode(options: RestoreOptions): Promise<RestoreResult> {
  const { signal = new AbortController().signal, onTransition } = options
  return withNetworkSession(options.directory, async (session) => {
    const { paths, config, store, dht, idServers, deviceKey } = session
    const { local: allowPrivate } = config.network
    const masterKey = await parseMasterKey(options.keyText, options.passphrase)
    const restore = createRestore({
      key: masterKey,
      idurl: parseIdurl(options.idurl, { allowPrivate }),
      sources: [idServers, readyDhtSource(session)],
      known: config.network.idServers,
      idServers,
      join: (found) => joinWith(found, { masterKey, deviceKey, config }),
      announce: ({ fingerprint, bytes }, during) =>
        dht.publishIdentity(fingerprint, bytes, during).then(
          ({ stored }) => stored > 0,
          () => false,
        ),
      clock: systemClock,
      allowPrivate,
      ...(onTransition === undefined ? {} : { onTransition }),
    })
    const restored = await restore.run({ signal })
    const { document, bytes, staticSources } = restored
    if (staticSources.length > 0) {
      const change: PartialConfig = { identity: { staticSources: [...staticSources] } }
      await writeConfig(paths.config, completeConfig(mergeConfig(config, change)))
    }
    await writeMasterKey(paths, masterKey, 'master')
    await store.batch([{ put: RESTORE_PENDING_KEY, value: utf8Encode('1') }])
    // Last, because it is what makes the folder initialized.
    await writeIdentity(paths, bytes)
    return resultOf(document, restored)
  })
}

function resultOf(document: IdentityDocument, { outcomes, isAnnounced, staticSources }: Restoration): RestoreResult {
  return {
    idurl: primaryOf(document),
    fingerprint: document.fingerprint,
    revision: document.revision,
    sources: outcomes.map(({ source, is }) => ({ source, is: staticSources.includes(source) ? 'static' : is })),
    inDht: isAnnounced,
    staticSources,
  }
}

/** The DHT as a source, which this folder has to enter first. */
function readyDhtSource({ dht, config }: NetworkSession): IdentitySource {
  const source = dhtIdentitySource(dht)
  return {
    name: source.name,
    async fetch(query, options) {
      if ('idurl' in query || config.network.seeds.length === 0) return null
      await dht.ready(options)
      return source.fetch(query, options)
    },
  }
}

interface Joining {
  readonly masterKey: RsaPrivateKey
  readonly deviceKey: DeviceKey
  readonly config: Config
}

/** Names this device in the identity; one that was interrupted after that is named already. */
async function joinWith(found: IdentityDocument, { masterKey, deviceKey, config }: Joining): Promise<IdentityChange> {
  const created = systemClock.now()
  const existing = await deviceOf(found, deviceKey.publicKey.id, created)
  const certificate =
    existing?.text ??
    (await signCertificate(
      { device: deviceKey.publicKey, label: 'restored device', created, expires: created + CERTIFICATE_LIFETIME_MS },
      masterKey,
    ))
  const peerId = peerIdOfDevice(deviceKey.publicKey.bytes)
  const others = (await devicesOf(found)).filter((device) => device.peerId !== peerId)
  const onlyOther = others.length === 1 ? others[0]?.peerId : undefined
  const { local: allowPrivate } = config.network
  return (fields) => withDevice(fields, { certificate, peerId, contacts: contactsFor(config), onlyOther, allowPrivate })
}
