import { type IdentityDocument, type Idurl, idurlToUser, MASTER_ALIAS } from '@bitdust/identity'
import type { Clock, MachineObserver } from '@bitdust/machine'
import { locationIdOf } from '@bitdust/records'
import { createAcceptanceBooks } from './acceptance/acceptance-books.ts'
import { createAcceptances } from './acceptance/acceptances.ts'
import { type AuditedKey, auditKey } from './audit/audit-key.ts'
import { createShare } from './create-share.ts'
import { anyDevice, devicesOf } from './devices.ts'
import { isShareError, ShareError } from './errors.ts'
import { createShareEvents } from './events.ts'
import { translated } from './failure.ts'
import { runGrant } from './grant/run-grant.ts'
import { attachHandlers } from './handlers.ts'
import { AUDIT_LIMIT_MS } from './limits.ts'
import { requireMasterKey } from './master-key.ts'
import type {
  CallOptions,
  Identities,
  PacketSender,
  ShareFiles,
  ShareKeys,
  ShareLocation,
  ShareLocations,
  ShareSelf,
  ShareStore,
} from './ports.ts'
import { createShareList } from './share-list.ts'
import { createShareNames, type NamedKey } from './share-names.ts'
import { withTimeLimit } from './time-limit.ts'
import type { AuditOptions, GrantOptions, GrantResult, ShareName, Shares } from './types.ts'

/** What {@link createShares} needs. */
export interface SharesOptions<L extends ShareLocation> {
  readonly self: ShareSelf
  readonly keyRing: ShareKeys
  readonly locations: ShareLocations<L>
  readonly files: ShareFiles<L>
  readonly sender: PacketSender
  readonly identities: Identities
  readonly store: ShareStore
  readonly clock: Clock
  /** Is told every step of every grant, given or received. */
  readonly onTransition?: MachineObserver
}

/** Makes the shares of a node. Nothing happens before `start()`, but for calls that are made. */
export function createShares<L extends ShareLocation>(options: SharesOptions<L>): Shares {
  const { self, keyRing, locations, files, sender, identities, store, clock } = options
  const observer = options.onTransition === undefined ? {} : { onTransition: options.onTransition }
  const { events, emit } = createShareEvents()
  const names = createShareNames(self, identities)
  const acceptances = createAcceptances({
    self,
    keyRing,
    locations,
    identities,
    books: createAcceptanceBooks(store),
    clock,
    ...observer,
    onReady({ body: { owner, ownerIdurl, alias, location, generation }, label }) {
      emit('share:received', {
        keyId: `${alias}$${idurlToUser(ownerIdurl)}`,
        owner,
        alias,
        label,
        location,
        generation,
      })
    },
  })
  const list = createShareList({ keyRing, locations, names, pending: acceptances.pending })
  const lifetime = new AbortController()
  let starting: Promise<void> | undefined
  let isRunning = false

  async function start(): Promise<void> {
    lifetime.signal.throwIfAborted()
    starting ??= acceptances.resume()
    await starting
    isRunning = !lifetime.signal.aborted
  }

  async function stop(): Promise<void> {
    isRunning = false
    lifetime.abort(new ShareError('Cancelled', 'shares were stopped'))
    await acceptances.stop()
  }

  /** A signal that also ends with us. */
  function during(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? lifetime.signal : AbortSignal.any([signal, lifetime.signal])
  }

  async function otherUser(user: Idurl, options: CallOptions): Promise<IdentityDocument> {
    const document = await identities.resolve(user, options)
    if (document.fingerprint !== self.fingerprint) return document
    throw new ShareError('WrongAudience', `${user} is ourselves`, { subject: user })
  }

  async function ownShare({ owner, alias }: NamedKey): Promise<L> {
    if (alias === MASTER_ALIAS) throw new ShareError('Unauthorized', 'the master key is never given away')
    const location = await locations.get(locationIdOf(owner, alias))
    if (location === null) throw new ShareError('NotFound', `there is no share ${alias} here`, { subject: alias })
    if (location.mine) return location
    throw new ShareError('Unauthorized', `nobody but its owner gives ${alias} to others`, { subject: alias })
  }

  async function grant(name: ShareName, user: Idurl, grantOptions: GrantOptions): Promise<GrantResult> {
    const { rights = ['read', 'write'], onStep = () => {} } = grantOptions
    const signal = during(grantOptions.signal)
    signal.throwIfAborted()
    requireMasterKey(self, 'give shares to others')
    if (rights.length === 0) throw new ShareError('Unauthorized', 'a grant gives at least one right')
    const location = await ownShare(await names.find(name, { signal }))
    const [member, idurl] = [await otherUser(user, { signal }), await names.ownIdurl({ signal })]
    const tools = { self, locations, files, sender, clock, ...observer }
    const { opened } = await runGrant(tools, { location, idurl, member, rights }, { signal, onStep })
    const { alias, generation } = location
    const keyId = `${alias}$${idurlToUser(idurl)}`
    return { keyId, member: member.fingerprint, rights, generation, opened }
  }

  /** A key whose public part is here: a master key, or one of the key ring. */
  async function auditedKey({ owner, alias }: NamedKey, user: IdentityDocument): Promise<AuditedKey> {
    if (alias === MASTER_ALIAS && owner === user.fingerprint)
      return { owner, alias, generation: 1, publicKey: user.publicKey }
    const key = alias === MASTER_ALIAS ? null : await keyRing.get({ alias, creator: owner })
    if (key !== null) return { owner, alias, generation: key.generation, publicKey: key.publicKey }
    throw new ShareError('NotFound', `there is no key ${alias} here to audit him by`, { subject: alias })
  }

  async function audit(name: ShareName, user: Idurl, { part = 'private', ...rest }: AuditOptions): Promise<boolean> {
    const limit = { clock, ms: AUDIT_LIMIT_MS, doing: `audit of ${user}`, signal: during(rest.signal) }
    return withTimeLimit(limit, async (signal) => {
      const document = await otherUser(user, { signal })
      const key = await auditedKey(await names.find(name, { signal }), document)
      const devices = await devicesOf(document, clock.now())
      try {
        await anyDevice(devices, signal, async (peer, ending) => {
          if (!(await auditKey({ self, sender, clock }, peer, key, part, { signal: ending }))) throw notProved(user)
        })
        return true
      } catch (error) {
        if (isShareError(error, 'Unauthorized')) return false
        throw error
      }
    })
  }

  return {
    events,
    attach: (router) =>
      attachHandlers(router, {
        self,
        keyRing,
        locations,
        acceptances,
        clock,
        isRunning: () => isRunning,
        onFiles: (received) => emit('share:files', received),
      }),
    start: () => translated('start', start),
    stop,
    [Symbol.asyncDispose]: stop,
    create: async (share = {}) =>
      list.summaryOf(await createShare(share, { self, keyRing, locations, names, signal: during(share.signal) })),
    list: () => translated('shares', list.all),
    grant: (name, user, grantOptions = {}) => translated(`grant to ${user}`, () => grant(name, user, grantOptions)),
    audit: (name, user, auditOptions = {}) => translated(`audit of ${user}`, () => audit(name, user, auditOptions)),
  }
}

/** One device does not hold the key; another may. */
function notProved(user: Idurl): ShareError {
  return new ShareError('Unauthorized', `${user} does not prove the key`)
}
