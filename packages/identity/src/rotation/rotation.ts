import { isBitdustError } from '@bitdust/crypto'
import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import type { IdentityDocument } from '../document/identity-document.ts'
import { MAX_SOURCES } from '../document/limits.ts'
import { IdentityError } from '../errors.ts'
import type { AddressOptions } from '../names/address.ts'
import { type IdServerAddress, idServerOf, idurlOn } from '../names/id-server.ts'
import { idurlParts } from '../names/idurl.ts'
import { knownServers } from '../names/known-servers.ts'
import type { IdServerPort } from '../publishing/id-server-port.ts'
import { isAlive, lookUp } from '../publishing/look-up.ts'
import type { Publisher } from '../publishing/publisher.ts'
import {
  type RotationContext,
  type RotationDuty,
  type RotationEffect,
  type RotationEvent,
  type RotationPurpose,
  rotationTable,
} from './machine.ts'
import { isMoveDue, type MoveMemory, moveNow } from './move-schedule.ts'
import { randomFraction } from './random-fraction.ts'
import { rotatedSources } from './rotated-sources.ts'

/** Moves of the primary source that nobody asks for. */
export interface MoveSchedule {
  /** Time from one move to the next, in ms; each comes up to a quarter of it later, so that nodes do not move together. */
  readonly everyMs: number
  readonly memory: MoveMemory
}

/** What {@link createRotation} needs. */
export interface RotationOptions extends AddressOptions {
  readonly publisher: Publisher
  readonly idServers: Pick<IdServerPort, 'probe' | 'fetch'>
  /** ID-servers that may be used, most wanted first, as `parseIdServer` reads them; others are passed over. */
  readonly known: () => readonly string[]
  readonly clock: Clock
  /** Pause between checks, in ms. @default 300_000 */
  readonly checkEveryMs?: number
  /** Pause between propagations while nothing changes, in ms; taken up at the next check. @default 21_600_000 */
  readonly propagateEveryMs?: number
  /** On how many ID-servers the identity shall be, static hosts not counted, 1 to 6. @default as many as it is on */
  readonly count?: number
  /** @default the primary source moves only when it dies or by request */
  readonly schedule?: MoveSchedule
  /** Told after the identity has other sources: time to update the DHT and to tell contacts. */
  readonly onRotated?: (document: IdentityDocument) => Promise<void> | void
  /** Told after the unchanged identity was sent to all its sources once more: time for the DHT and contacts, too. */
  readonly onPropagated?: (document: IdentityDocument) => Promise<void> | void
  readonly onTransition?: MachineObserver
  /** Gets what the callbacks throw. @default `checkNow()` and `rotate()` reject with it */
  readonly onError?: (error: unknown) => void
}

/** Watches over the sources of one's own identity: see `rotationTable`. */
export interface Rotation {
  /** Checks at once, then again and again. */
  start(): void
  /** Ends it for good. Idempotent. */
  stop(): Promise<void>
  /**
   * Checks now and waits for what follows. A source found silent for the first time is asked again 10 s later (or sooner,
   * by the next call): one lost answer moves nobody.
   */
  checkNow(): Promise<void>
  /**
   * Puts another server first although all are well.
   * @throws {IdentityError} `NotFound` when no other known server is alive and has the name free; what publishing threw.
   */
  rotate(): Promise<IdentityDocument>
}

const DEFAULT_CHECK_EVERY_MS = 300_000
const DEFAULT_PROPAGATE_EVERY_MS = 21_600_000
/** Pause before a silent source is asked again, in ms; never longer than the pause between checks. */
const DOUBT_MS = 10_000
/** Checks that pass before a search that found no server is repeated, unless a source is lost: all servers are asked. */
const CHECKS_BETWEEN_SEARCHES = 12

/** Creates a rotation. Nothing happens before `start()`, `checkNow()` or `rotate()`. */
export function createRotation(options: RotationOptions): Rotation {
  const { publisher, idServers, known, clock, schedule, allowPrivate = false } = options
  const { checkEveryMs = DEFAULT_CHECK_EVERY_MS, propagateEveryMs = DEFAULT_PROPAGATE_EVERY_MS } = options
  let propagatedAt = clock.monotonic()
  /** Before this time, on the monotonic clock, a search in vain is not repeated. */
  const searchAgainAt = new Map<RotationPurpose, number>()
  const initial: RotationContext = {
    silent: [],
    refilled: [],
    purpose: 'replace',
    lost: [],
    left: [],
    refusing: [],
  }
  const runner = createRunner({
    name: 'identity-rotation',
    table: rotationTable,
    initial: { state: 'idle', context: initial },
    perform: (effect: RotationEffect, raise: (event: RotationEvent) => void, { signal }) =>
      perform(effect, raise, signal),
    clock,
    timers: {
      watching: { afterMs: checkEveryMs, event: { type: 'check' } },
      doubting: { afterMs: Math.min(DOUBT_MS, checkEveryMs), event: { type: 'check' } },
    },
    ...(options.onTransition === undefined ? {} : { onTransition: options.onTransition }),
    ...(options.onError === undefined ? {} : { onError: options.onError }),
  })

  async function perform(
    effect: RotationEffect,
    raise: (event: RotationEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (effect.type === 'reportPropagation') return options.onPropagated?.(effect.document)
    if (effect.type === 'reportMove') return reportMove(effect.document, effect.purpose)
    try {
      raise(await outcomeOf(effect, signal))
    } catch (error) {
      signal.throwIfAborted()
      raise({ type: 'failed', error })
      if (!isBitdustError(error)) throw error
    }
  }

  async function outcomeOf(
    effect: Exclude<RotationEffect, { type: 'reportMove' | 'reportPropagation' }>,
    signal: AbortSignal,
  ): Promise<RotationEvent> {
    switch (effect.type) {
      case 'check': {
        const sources = await publisher.check({ signal })
        return { type: 'checked', sources, due: await dutyNow() }
      }
      case 'refresh':
        await publisher.publish((fields) => fields, { signal })
        propagatedAt = clock.monotonic()
        return { type: 'refreshed' }
      case 'propagate':
        await publisher.republish({ signal })
        propagatedAt = clock.monotonic()
        return { type: 'propagated', document: publisher.current() }
      case 'seek':
        return seek(effect, signal)
      case 'rotate':
        return moveTo(effect, signal)
    }
  }

  async function reportMove(document: IdentityDocument, purpose: RotationPurpose): Promise<void> {
    if (purpose !== 'add') await schedule?.memory.put(moveNow(clock.now()))
    await options.onRotated?.(document)
  }

  /** What there is to do when all sources are well. */
  async function dutyNow(): Promise<RotationDuty | null> {
    if (tooFewServers() && maySearch('add')) return 'add'
    if (await isTimeToMove()) return 'schedule'
    return clock.monotonic() - propagatedAt >= propagateEveryMs ? 'propagate' : null
  }

  function tooFewServers(): boolean {
    const { sources } = publisher.current()
    const servers = sources.filter((source) => !publisher.isStatic(source)).length
    return servers < (options.count ?? 0) && sources.length < MAX_SOURCES
  }

  function maySearch(purpose: RotationPurpose): boolean {
    return clock.monotonic() >= (searchAgainAt.get(purpose) ?? 0)
  }

  async function isTimeToMove(): Promise<boolean> {
    if (schedule === undefined || !maySearch('schedule')) return false
    const last = await schedule.memory.get()
    if (last !== null) return isMoveDue(last, schedule.everyMs, clock.now())
    // The first period begins when the schedule is first seen.
    await schedule.memory.put(moveNow(clock.now()))
    return false
  }

  async function seek(
    { purpose, left, refusing }: Extract<RotationEffect, { type: 'seek' }>,
    signal: AbortSignal,
  ): Promise<RotationEvent> {
    const excluded = new Set([...refusing, ...publisher.current().sources.map(idServerOf)])
    const usable = knownServers(known(), { allowPrivate })
    const fresh = usable.filter((server) => !left.includes(server))
    // Where it moves to by schedule shall not be foreseen.
    const wanted = purpose === 'schedule' ? shuffled(fresh) : fresh
    for (const server of [...wanted, ...left.filter((server) => usable.includes(server))]) {
      if (!excluded.has(server) && (await isUsable(server, signal))) return { type: 'found', server }
    }
    searchAgainAt.set(purpose, clock.monotonic() + CHECKS_BETWEEN_SEARCHES * checkEveryMs)
    return { type: 'nothingFound' }
  }

  async function isUsable(server: IdServerAddress, signal: AbortSignal): Promise<boolean> {
    if (!(await isAlive(idServers, server, signal))) return false
    const holding = await lookUp(
      idServers,
      idurlOn(server, nameOf(publisher.current())),
      publisher.current().fingerprint,
      signal,
    )
    return holding.is === 'free' || holding.is === 'mine'
  }

  async function moveTo(
    { purpose, server, lost }: Extract<RotationEffect, { type: 'rotate' }>,
    signal: AbortSignal,
  ): Promise<RotationEvent> {
    const added = idurlOn(server, nameOf(publisher.current()))
    const before = publisher.current().sources
    const { isStatic } = publisher
    try {
      const { document } = await publisher.publish(
        (fields) => ({ ...fields, sources: rotatedSources(fields.sources, { purpose, added, lost, isStatic }) }),
        { signal },
      )
      propagatedAt = clock.monotonic()
      const dropped = before.filter((source) => !document.sources.includes(source)).map(idServerOf)
      return { type: 'rotated', document, dropped }
    } catch (error) {
      signal.throwIfAborted()
      if (isBitdustError(error) && error.subject === added) return { type: 'refused', server }
      throw error
    }
  }

  return {
    start: () => runner.send({ type: 'start' }),
    stop: () => runner.stop(),
    async checkNow() {
      runner.send({ type: 'check' })
      await runner.settled('watching', 'doubting')
    },
    async rotate() {
      await runner.settled('idle', 'watching', 'doubting')
      runner.send({ type: 'rotate' })
      const { failure } = (await runner.settled('watching')).context
      if (failure !== undefined) throw failure.error
      return publisher.current()
    },
  }
}

function nameOf({ sources: [first], fingerprint }: IdentityDocument): string {
  if (first === undefined) throw new IdentityError('IdentityMalformed', `identity ${fingerprint} has no source`)
  return idurlParts(first).name
}

/** In an order that nobody can foresee. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, order: randomFraction() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
