import { isBitdustError } from '@bitdust/crypto'
import { type Caller, idurlToUser } from '@bitdust/identity'
import { type Clock, createRunner, type MachineObserver, type Runner, type Snapshot } from '@bitdust/machine'
import type { LocationId } from '@bitdust/records'
import { ShareError } from '../errors.ts'
import { toShareError } from '../failure.ts'
import {
  ACCEPTANCE_LIFE_MS,
  LOCATE_LIMIT_MS,
  LOCATE_PAUSE_MS,
  MAX_GIVEN_KEYS,
  MAX_KEYS_OF_ONE_OWNER,
  MAX_LOCATE_PAUSE_MS,
  MAX_PENDING_GRANTS,
  VERIFY_LIMIT_MS,
} from '../limits.ts'
import { createLock } from '../lock.ts'
import type { Identities, ShareKeys, ShareLocations, ShareSelf } from '../ports.ts'
import type { KeyRequest } from '../protocol/messages.ts'
import { withTimeLimit } from '../time-limit.ts'
import type { AcceptanceBooks, GrantSubject } from './acceptance-books.ts'
import {
  type AcceptanceContext,
  type AcceptanceEffect,
  type AcceptanceEvent,
  type AcceptanceState,
  shareAcceptanceStart,
  shareAcceptanceTable,
} from './machine.ts'
import { type OpenedGrant, openGrant, verifyGrant } from './open-grant.ts'

/** What accepting grants needs. */
export interface AcceptancesOptions {
  readonly self: ShareSelf
  readonly keyRing: ShareKeys
  readonly locations: Pick<ShareLocations, 'adopt' | 'get'>
  readonly identities: Identities
  readonly books: AcceptanceBooks
  readonly clock: Clock
  readonly onTransition?: MachineObserver
  /** Told each share that can be used now. */
  readonly onReady: (grant: OpenedGrant) => void
}

/** Takes grants, and goes on trying to open the shares they are for. */
export interface Acceptances {
  /**
   * Takes a grant. Resolves when its key is safe in the key ring; opening the share goes on.
   *
   * @throws {ShareError} `KeyGrantInvalid`, `WrongAudience`, `ReplayDetected`, `KeyConflict`, `LimitExceeded`, `Busy`.
   */
  accept(packet: KeyRequest, caller: Caller): Promise<void>
  /** Goes on with what an earlier run left. */
  resume(): Promise<void>
  /** Grants whose shares are not open yet. */
  pending(): readonly OpenedGrant[]
  /** Whether a share is open. One whose opening is under way is waited for, but not longer than one attempt. */
  isOpen(location: LocationId): Promise<boolean>
  /** Stops trying, until `resume` in another run. Idempotent. */
  stop(): Promise<void>
}

type Acceptance = Runner<AcceptanceState, AcceptanceContext, AcceptanceEvent>

/** How an acceptance begins: where it is, and how its grant is judged if it is not yet. */
interface Beginning {
  readonly packet: KeyRequest
  readonly verify: (signal: AbortSignal) => Promise<OpenedGrant>
  readonly initial: Snapshot<AcceptanceState, AcceptanceContext>
}

/** After these the suppliers will not let us in later either. */
const FINAL: ReadonlySet<string> = new Set(['KeyRevoked', 'KeyConflict', 'Unauthorized', 'RecordInvalid'])

/** Takes nothing before the first call. */
export function createAcceptances(options: AcceptancesOptions): Acceptances {
  const { self, keyRing, locations, identities, books, clock } = options
  /** All that have not ended. */
  const living = new Set<Acceptance>()
  /** Those whose grant is verified, by subject. */
  const bySubject = new Map<string, Acceptance>()
  // "Was this grant taken before?" and taking it must not interleave.
  const exclusively = createLock()

  function begin({ packet, verify, initial }: Beginning): Acceptance {
    const acceptance: Acceptance = createRunner<AcceptanceState, AcceptanceContext, AcceptanceEvent, AcceptanceEffect>({
      name: 'share-acceptance',
      table: shareAcceptanceTable,
      initial,
      clock,
      timers: { waiting: { afterMs: pauseAfter, event: { type: 'retry' } } },
      async perform(effect, raise, { signal }) {
        try {
          const event = await outcomeOf(effect, signal)
          if (event !== null) raise(event)
        } catch (error) {
          raise({ type: 'refused', error })
        }
      },
      ...(options.onTransition === undefined ? {} : { onTransition: options.onTransition }),
    })
    living.add(acceptance)
    const end = () => leave(acceptance)
    void acceptance.settled().then(end, end)
    return acceptance

    async function outcomeOf(effect: AcceptanceEffect, signal: AbortSignal): Promise<AcceptanceEvent | null> {
      switch (effect.type) {
        case 'verify':
          return { type: 'verified', grant: await verify(signal) }
        case 'remember':
          await remember(effect.grant, packet, acceptance)
          return { type: 'remembered' }
        case 'store':
          await store(effect.grant)
          return { type: 'stored' }
        case 'locate':
          return (await locate(effect.grant, packet, signal)) ? { type: 'located' } : { type: 'failed' }
        case 'finish':
          await books.forget(subjectOf(effect.grant))
          return { type: 'finished' }
        case 'announce':
          options.onReady(effect.grant)
          return null
        case 'forget':
          await books.forget(subjectOf(effect.grant))
          return null
      }
    }
  }

  function leave(acceptance: Acceptance): void {
    living.delete(acceptance)
    const { grant } = acceptance.snapshot.context
    if (grant === null) return
    const name = nameOf(subjectOf(grant))
    if (bySubject.get(name) === acceptance) bySubject.delete(name)
  }

  function remember(grant: OpenedGrant, packet: KeyRequest, acceptance: Acceptance): Promise<void> {
    return exclusively(async () => {
      if (await books.isUsed(grant.body)) throw new ShareError('ReplayDetected', 'this grant was taken before')
      await requireSameKey(grant)
      await requireRoom(grant)
      await books.remember(subjectOf(grant), grant.body, packet, clock.now())
      await take(grant, acceptance)
    })
  }

  /** From now on this is the acceptance of its subject; an earlier one knows less. */
  async function take(grant: OpenedGrant, acceptance: Acceptance): Promise<void> {
    const name = nameOf(subjectOf(grant))
    const earlier = bySubject.get(name)
    bySubject.set(name, acceptance)
    await earlier?.stop()
  }

  /** The key ring would refuse it too, but by then the books would have forgotten an earlier grant for it. */
  async function requireSameKey({ body: { owner, alias, generation }, key }: OpenedGrant): Promise<void> {
    const held = await keyRing.get({ alias, creator: owner, generation })
    if (held !== null && held.publicKey.fingerprint !== key.publicKey.fingerprint)
      throw new ShareError('KeyConflict', `generation ${generation} of ${alias} is held with another key`)
  }

  /** Anybody may send grants: what they cost us is limited. */
  async function requireRoom({ body: { owner, alias, generation } }: OpenedGrant): Promise<void> {
    if (bySubject.size >= MAX_PENDING_GRANTS) throw new ShareError('Busy', 'too many grants are being accepted')
    let ofAll = 0
    let ofOwner = 0
    for await (const { creator, ...held } of keyRing.list()) {
      if (creator === self.fingerprint) continue
      if (creator === owner && held.alias === alias && held.generation === generation) return
      ofAll += 1
      if (creator === owner) ofOwner += 1
    }
    if (ofOwner >= MAX_KEYS_OF_ONE_OWNER || ofAll >= MAX_GIVEN_KEYS)
      throw new ShareError('LimitExceeded', `${ofOwner} keys of this owner and ${ofAll} in all are too many`)
  }

  async function store({ body, key, label }: OpenedGrant): Promise<void> {
    const { alias, owner, ownerIdurl, generation } = body
    await keyRing.add(key, { alias, creator: owner, generation, user: idurlToUser(ownerIdurl), label })
  }

  /** One attempt to open the share. False: it may work later. */
  async function locate({ body, key, label }: OpenedGrant, packet: KeyRequest, signal: AbortSignal): Promise<boolean> {
    const { owner, alias, generation, created } = body
    const limit = { clock, ms: LOCATE_LIMIT_MS, doing: `opening ${alias}`, signal }
    const given = { owner, alias, key, generation, label: label === '' ? alias : label, family: packet.family }
    try {
      await withTimeLimit(limit, (during) => locations.adopt({ ...given, signal: during }))
      return true
    } catch (error) {
      const isLate = clock.now() > created + ACCEPTANCE_LIFE_MS
      if (isLate || (isBitdustError(error) && FINAL.has(error.code) && !error.retryable)) throw error
      return false
    }
  }

  async function accept(packet: KeyRequest, caller: Caller): Promise<void> {
    const limit = { clock, ms: VERIFY_LIMIT_MS, doing: 'judging the grant' }
    const verify = (signal: AbortSignal) =>
      withTimeLimit({ ...limit, signal }, (during) =>
        verifyGrant(packet.grant, { self, identities, caller, now: clock.now(), signal: during }),
      )
    const acceptance = begin({ packet, verify, initial: shareAcceptanceStart })
    acceptance.send({ type: 'arrived' })
    const { state, context } = await acceptance.settled('stored', 'waiting', 'located', 'ready', 'refused')
    if (state === 'refused') throw context.error
  }

  return {
    async accept(packet, caller) {
      try {
        await accept(packet, caller)
      } catch (error) {
        throw toShareError(error, 'grant')
      }
    },

    async resume() {
      for await (const packet of books.list()) {
        const verify = () => openGrant(packet.grant, self)
        const grant = await verify().catch(() => null)
        if (grant === null) continue
        const { context } = shareAcceptanceStart
        const acceptance = begin({ packet, verify, initial: { state: 'verified', context: { ...context, grant } } })
        await take(grant, acceptance)
        acceptance.send({ type: 'remembered' })
      }
    },

    pending: () =>
      [...bySubject.values()].flatMap(({ snapshot: { context } }) => (context.grant === null ? [] : [context.grant])),

    async isOpen(location) {
      for (const acceptance of bySubject.values()) {
        if (acceptance.snapshot.context.grant?.body.location !== location) continue
        const settled = await acceptance.settled('waiting', 'ready', 'refused').catch(() => null)
        if (settled?.state === 'ready') return true
      }
      return (await locations.get(location)) !== null
    },

    async stop() {
      await Promise.all([...living].map((acceptance) => acceptance.stop()))
    },
  }
}

/** How long to wait before the next attempt, in ms. */
function pauseAfter({ attempts }: AcceptanceContext): number {
  return Math.min(LOCATE_PAUSE_MS * 2 ** (attempts - 1), MAX_LOCATE_PAUSE_MS)
}

function subjectOf({ body: { location, generation } }: OpenedGrant): GrantSubject {
  return { location, generation }
}

function nameOf({ location, generation }: GrantSubject): string {
  return `${location}/${generation}`
}
