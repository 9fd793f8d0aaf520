import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import type { KeyValueStore } from '@bitdust/upkeep'
import PQueue from 'p-queue'
import { requireMasterKey } from '../master-key.ts'
import type { CallOptions, FamilyDirectory, OwnerKeys, RemoteSuppliers, Self, SupplierFinder } from '../ports.ts'
import { createEvents } from '../typed-events.ts'
import { createAbsences } from './absences.ts'
import { createChangeSteps, type StepOptions } from './change-steps.ts'
import { deadPositions } from './decide.ts'
import { createFamilyBooks } from './family-books.ts'
import { createForeignFamilies } from './foreign-families.ts'
import {
  type HireContext,
  type HireEffect,
  type HireEvent,
  hireFireStart,
  hireFireTable,
  isCarriedThrough,
} from './hire-machine.ts'
import { createOwnRecord } from './own-record.ts'
import { createPlanner } from './planner.ts'
import { createPublisher } from './publisher.ts'
import { createRenewals } from './renewals.ts'
import { createSupplierLinks } from './supplier-links.ts'
import type { CustomerFamily, FamilyEvents, OpenedFamily, SupplierLink } from './types.ts'
import { createWishes } from './wishes.ts'

/** How a family is looked after. Times in ms. */
export interface FamilySettings {
  /** From a supplier's answer to the next question. @default 60_000 */
  readonly pingEveryMs: number
  /** A supplier that refuses or is out of reach for so long is replaced. @default 48 h */
  readonly replaceAfterMs: number
  /** From a failed change to the next attempt; grows with every failure. @default 30_000 */
  readonly retryMs: number
}

const DEFAULT_SETTINGS: FamilySettings = {
  pingEveryMs: 60_000,
  replaceAfterMs: 48 * 3600 * 1000,
  retryMs: 30_000,
}

/** How often the pause after a failed change doubles: from 30 s to 32 min. */
const MAX_DOUBLINGS = 6
/** Longest pause between two searches for our own family on a fresh device, in ms. */
const MAX_SEARCH_PAUSE_MS = 3600 * 1000

export interface FamilyOptions {
  readonly self: Self
  readonly remotes: RemoteSuppliers
  readonly finder: SupplierFinder
  readonly directory: FamilyDirectory
  /** Keys of those whose families are asked for with `familyOf`. */
  readonly ownerKeys: OwnerKeys
  readonly store: KeyValueStore
  readonly clock: Clock
  readonly settings?: Partial<FamilySettings>
  readonly onTransition?: MachineObserver
}

/** The family as repair sees it. */
export interface OwnFamily extends CustomerFamily {
  /** All fragments stand where they belong: suppliers of earlier revisions may go. */
  rebuilt(): void
}

/** Our own suppliers: the shell of the machine `hire-fire`, with one `supplier-link` for each of them. */
export function createFamily(options: FamilyOptions): OwnFamily {
  const { self, remotes, directory, store, clock, onTransition } = options
  const settings = { ...DEFAULT_SETTINGS, ...options.settings }
  const { events, emit } = createEvents<FamilyEvents>()
  const lifetime = new AbortController()
  const books = createFamilyBooks(store)
  const absences = createAbsences({ store, clock, longestStepMs: 3 * settings.pingEveryMs })
  const renewals = createRenewals({ books, clock })
  const foreign = createForeignFamilies(options)
  const own = createOwnRecord({ self, remotes, directory, books, clock, onTaken })
  const publisher = createPublisher({
    directory,
    ownerSpki: self.masterPublicKey.spki,
    clock,
    retryMs: settings.retryMs,
    signal: lifetime.signal,
  })
  const steps = createChangeSteps({ ...options, publisher, books, own, online, leave: (peer) => links.leave(peer) })
  const planner = createPlanner({ self, remotes, own, books, renewals, dead })
  /** One report of a link after another. */
  const reports = new PQueue({ concurrency: 1 })
  let loading: Promise<void> | undefined
  let starting: Promise<void> | undefined
  let started = false

  const links = createSupplierLinks({
    customer: self.fingerprint,
    remotes,
    clock,
    pingEveryMs: settings.pingEveryMs,
    onReport(link, { answer }, changed) {
      if (changed) emit('link', link)
      const isBehind = (answer?.familyRevision ?? 0) > (own.current?.body.revision ?? 0)
      reports
        .add(async () => {
          // A supplier that lets us go, without us having left it: the master key let it go, on another device.
          const isLeft = self.masterKey === null && changed && link.state === 'refused'
          if (isBehind || isLeft) await adoptNewer({ signal: lifetime.signal })
          await takeStock(link)
        })
        .catch(() => {})
    },
    ...(onTransition === undefined ? {} : { onTransition }),
  })

  const runner = createRunner({
    name: 'hire-fire',
    table: hireFireTable,
    initial: hireFireStart,
    perform: (effect: HireEffect, raise: (event: HireEvent) => void, { signal }) => perform(effect, raise, signal),
    clock,
    timers: { waiting: { afterMs: pauseAfter, event: { type: 'retry' } } },
    ...(onTransition === undefined ? {} : { onTransition }),
  })

  const wishes = createWishes({ runner, own, load })

  async function perform(effect: HireEffect, raise: (event: HireEvent) => void, signal: AbortSignal): Promise<void> {
    if (effect.type === 'settle') return wishes.settle(effect.ticket, effect.error)
    if (effect.type === 'rebuild') return own.current === null ? undefined : emit('change', own.current)
    if (effect.type === 'dismiss') return steps.dismiss()
    try {
      raise(await take(effect, signal))
    } catch (error) {
      signal.throwIfAborted()
      raise({ type: 'failed', error, final: effect.type === 'announce' && steps.isOvertaken(effect.plan) })
    }
  }

  /** Takes one step; returns the event that tells how it ended. */
  async function take(
    effect: Extract<HireEffect, { type: 'decide' | 'find' | 'contract' | 'announce' | 'copy' | 'abandon' }>,
    signal: AbortSignal,
  ): Promise<HireEvent> {
    switch (effect.type) {
      case 'decide':
        return decide(signal)
      case 'find':
        return { type: 'found', offers: await steps.find(effect.plan, revocable(signal)) }
      case 'contract':
        return { type: 'contracted', plan: await steps.contract(effect.plan, effect.offers, revocable(signal)) }
      case 'announce':
        await steps.announce(effect.plan, binding(signal))
        return { type: 'announced' }
      case 'copy':
        await steps.copy(effect.plan, binding(signal))
        return { type: 'copied' }
      case 'abandon':
        await steps.abandon({ signal })
        return { type: 'abandoned' }
    }
  }

  function binding(signal: AbortSignal): StepOptions {
    const wish = wishes.present()
    const onProgress: StepOptions['onProgress'] = (progress) => wish?.onProgress?.(progress)
    return { signal, preferred: wish?.preferred ?? [], onProgress }
  }

  /** Until a plan is signed, whoever asked for it can call it off. */
  function revocable(signal: AbortSignal): StepOptions {
    const wish = wishes.present()
    return { ...binding(signal), signal: wish === undefined ? signal : AbortSignal.any([signal, wish.signal]) }
  }

  /** Longer after each failure: looking for suppliers takes a walk through the network. */
  function pauseAfter({ failures }: HireContext): number {
    return settings.retryMs * 2 ** Math.min(failures - 1, MAX_DOUBLINGS)
  }

  function onTaken(family: OpenedFamily): void {
    if (started && !lifetime.signal.aborted) links.follow(family)
  }

  function online(position: number): boolean {
    const state = links.list()[position]?.state
    return state === undefined || state === 'connected' || state === 'requesting'
  }

  function dead(): readonly number[] {
    const conditions = links.list().map(({ state, peer }) => ({ state, absentMs: absences.absentMs(peer.fingerprint) }))
    return deadPositions(conditions, settings)
  }

  async function takeStock({ peer, state }: SupplierLink): Promise<void> {
    await absences.note(peer.fingerprint, state === 'connected')
    if (self.masterKey === null) return
    const isDue = own.current !== null && (await renewals.due(own.current)).length > 0
    if (isDue || dead().length > 0) runner.send({ type: 'check' })
  }

  /** Another device of ours changed the family. */
  async function adoptNewer(options: CallOptions): Promise<void> {
    // Of our own change on its way, suppliers know already nothing new.
    if (isCarriedThrough(runner.snapshot.context)) return
    const before = own.current
    await own.lookForNewer(options)
    if (own.current !== null && own.current !== before) emit('change', own.current)
  }

  async function decide(signal: AbortSignal): Promise<HireEvent> {
    const plan = await planner.upkeep({ signal })
    return plan === null ? { type: 'healthy' } : { type: 'wanted', plan, ticket: 0 }
  }

  async function load({ signal }: CallOptions): Promise<void> {
    if (own.current !== null) return
    loading ??= own.load({ signal }).finally(() => {
      loading = undefined
    })
    await loading
  }

  async function start(signal: AbortSignal | undefined): Promise<void> {
    const loadSignal = signal === undefined ? lifetime.signal : AbortSignal.any([signal, lifetime.signal])
    await load({ signal: loadSignal }).catch(() => {})
    signal?.throwIfAborted()
    await absences.load(own.current?.body.positions.map(({ fingerprint }) => fingerprint) ?? [])
    started = true
    if (own.current === null) void search().catch(() => {})
    else onTaken(own.current)
    // What is left is done where the master key is.
    if (self.masterKey === null) return void adoptNewer({ signal: lifetime.signal }).catch(() => {})
    if (own.current !== null) void publisher.publish(own.current)
    await resume()
  }

  /** On a fresh device, until the family turns up: the directory is a hint, and may not be reachable yet. */
  async function search(): Promise<void> {
    const { signal } = lifetime
    for (let pauseMs = settings.retryMs; own.current === null; pauseMs = Math.min(2 * pauseMs, MAX_SEARCH_PAUSE_MS)) {
      await clock.sleep(pauseMs, signal)
      await load({ signal }).catch(() => {})
      if (own.current !== null) emit('change', own.current)
    }
  }

  /** Goes on with a change which the last run of this node did not finish. */
  async function resume(): Promise<void> {
    const plan = await books.plan()
    if (plan === null) return
    if (plan.next !== null) runner.send({ type: 'wanted', plan, ticket: 0 })
    // What a first family has so far is kept for whoever asks for it again.
    else if (own.current !== null && !plan.automatic) await steps.abandon({ signal: lifetime.signal })
  }

  return {
    current: () => own.current,
    links: () => links.list(),
    online,
    familyOf: foreign.familyOf,
    events,
    rebuilt() {
      // Leaving suppliers of earlier families is done where they were replaced.
      if (self.masterKey !== null) runner.send({ type: 'rebuilt' })
    },

    async refresh(call) {
      await load(call)
      await adoptNewer({ signal: AbortSignal.any([call.signal, lifetime.signal]) })
    },
    async hire({ count, bytes, ...wish }) {
      requireMasterKey(self, 'hire suppliers')
      return wishes.fulfil(() => planner.hire({ count, bytes }), wish)
    },
    async replace(position, wish) {
      requireMasterKey(self, 'replace suppliers')
      const positions = typeof position === 'number' ? [position] : position
      return wishes.fulfil(() => planner.replace(positions, wish), wish)
    },
    start(startOptions = {}) {
      starting ??= start(startOptions.signal)
      return starting
    },

    async stop() {
      lifetime.abort(new DOMException('the family is not looked after any more', 'AbortError'))
      await Promise.all([runner.stop(), links.stop()])
      wishes.stop()
      await reports.onIdle()
    },
  }
}
