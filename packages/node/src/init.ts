import { type Fingerprint, generateRsaKey } from '@bitdust/crypto'
import { checkNewUserName, createRegistration, type Idurl, idurlToUser, signCertificate } from '@bitdust/identity'
import { createIdServerClient } from '@bitdust/idserver'
import { createSafeFetch } from '@bitdust/idserver/node'
import { type MachineObserver, systemClock } from '@bitdust/machine'
import { completeConfig, mergeConfig, readConfig, writeConfig } from './config.ts'
import { contactsFor } from './contacts.ts'
import { NodeError } from './errors.ts'
import { isInitialized, openFolder } from './folder.ts'
import { ensureDeviceKey, findMasterKey, writeIdentity, writeMasterKey } from './metadata.ts'
import { SOFTWARE_VERSION } from './version.ts'

/** How long the first certificate of a device is valid, in ms: ten years. */
export const CERTIFICATE_LIFETIME_MS = 10 * 365 * 86_400_000

export interface InitOptions {
  /** Data folder; made if missing. */
  readonly directory: string
  /** User name, which cannot be changed later: `a-z 0-9 - _`, 2 to 20 characters, first a letter. */
  readonly name: string
  /** ID-servers to use; none means those of the configuration. */
  readonly idServers: readonly string[]
  readonly signal?: AbortSignal
  readonly onTransition?: MachineObserver
}

/** A new identity. */
export interface InitResult {
  readonly idurl: Idurl
  readonly fingerprint: Fingerprint
  /** All addresses of the identity. */
  readonly sources: readonly Idurl[]
}

/**
 * Makes an identity: master key, device key and certificate on this machine, a signed document on ID-servers.
 * After a failure the same call goes on with the same keys.
 *
 * @throws {NodeError} `AlreadyInitialized`, `ConfigInvalid` when no ID-server is known; {@link IdentityError}
 * `IdentityNameTaken` or `Timeout` when no server took the name.
 */
export async function initNode(options: InitOptions): Promise<InitResult> {
  const { directory, name, idServers, signal, onTransition } = options
  const userName = checkNewUserName(name)
  if (await isInitialized(directory))
    throw new NodeError(
      'AlreadyInitialized',
      `${directory} has an identity already; name another --folder for a new one`,
    )
  const folder = await openFolder(directory)
  try {
    const { paths } = folder
    const stored = await readConfig(paths.config)
    const config = idServers.length === 0 ? stored : completeConfig(mergeConfig(stored, { network: { idServers } }))
    const servers = config.network.idServers
    if (servers.length === 0)
      throw new NodeError('ConfigInvalid', 'no ID-server is known; name one with --id-server http://host:port')
    const { local: allowPrivate } = config.network

    const masterKey = (await findMasterKey(paths)) ?? (await generateRsaKey())
    await writeMasterKey(paths, masterKey, `master$${userName}`)
    const deviceKey = await ensureDeviceKey(paths)
    const created = systemClock.now()
    const certificate = await signCertificate(
      { device: deviceKey.publicKey, label: 'first device', created, expires: created + CERTIFICATE_LIFETIME_MS },
      masterKey,
    )
    const registration = createRegistration({
      key: masterKey,
      name: userName,
      servers,
      count: config.identity.sources,
      contacts: contactsFor(config),
      certificates: [certificate],
      version: SOFTWARE_VERSION,
      idServers: createIdServerClient({ fetch: createSafeFetch({ allowPrivate }), allowPrivate }),
      clock: systemClock,
      allowPrivate,
      ...(onTransition === undefined ? {} : { onTransition }),
    })
    const { document, bytes } = await registration.run(signal === undefined ? {} : { signal })
    await writeConfig(paths.config, config)
    const [idurl] = document.sources
    if (idurl === undefined) throw new NodeError('Internal', 'a registered identity has a source')
    await writeMasterKey(paths, masterKey, `master$${idurlToUser(idurl)}`)
    await writeIdentity(paths, bytes)
    return { idurl, fingerprint: document.fingerprint, sources: document.sources }
  } finally {
    folder.release()
  }
}
