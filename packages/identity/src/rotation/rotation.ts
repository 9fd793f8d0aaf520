import { isBitdustError } from '@bitdust/crypto'
import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import type { IdentityDocument } from '../document/identity-document.ts'
import { IdentityError } from '../errors.ts'
import type { AddressOptions } from '../names/address.ts'
import { type IdServerAddress, idServerOf, idurlOn, parseIdServer } from '../names/id-server.ts'
import { type Idurl, idurlParts } from '../names/idurl.ts'
import type { IdServerPort } from '../publishing/id-server-port.ts'
import { isAlive, lookUp } from '../publishing/look-up.ts'
import type { Publisher } from '../publishing/publisher.ts'
import { type RotationContext, type RotationEffect, type RotationEvent, rotationTable } from './machine.ts'

/** What {@link createRotation} needs. */
export interface RotationOptions extends AddressOptions {
  readonly publisher: Publisher
  readonly idServers: Pick<IdServerPort, 'probe' | 'fetch'>
  /** ID-servers that may be used, most wanted first, as `parseIdServer` reads them; others are passed over. */
  readonly known: () => readonly string[]
  readonly clock: Clock
  /** Pause between checks, in ms. @default 300_000 */
  readonly checkEveryMs?: number
  /** Told after the identity has another first source: time to update the DHT and to tell contacts. */
  readonly onRotated?: (document: IdentityDocument) => Promise<void> | void
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
/** Pause before a silent source is asked again, in ms; never longer than the pause between checks. */
const DOUBT_MS = 10_000
/** A rotation wanted by the user keeps the old primary as a second source: it is how others find the new one. */
const MIN_SOURCES_AFTER_FORCED_ROTATION = 2

/** Creates a rotation. Nothing happens before `start()`, `checkNow()` or `rotate()`. */
export function createRotation(options: RotationOptions): Rotation {
  const { publisher, idServers, known, clock, checkEveryMs = DEFAULT_CHECK_EVERY_MS, allowPrivate = false } = options
  const initial: RotationContext = { silent: [], refilled: [], lost: [], avoided: [] }
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
    if (effect.type === 'report') return options.onRotated?.(effect.document)
    try {
      raise(await outcomeOf(effect, signal))
    } catch (error) {
      signal.throwIfAborted()
      raise({ type: 'failed', error })
      if (!isBitdustError(error)) throw error
    }
  }

  async function outcomeOf(
    effect: Exclude<RotationEffect, { type: 'report' }>,
    signal: AbortSignal,
  ): Promise<RotationEvent> {
    switch (effect.type) {
      case 'check':
        return { type: 'checked', sources: await publisher.check({ signal }) }
      case 'refresh':
        await publisher.publish((fields) => fields, { signal })
        return { type: 'refreshed' }
      case 'seek':
        return seek(effect.avoided, signal)
      case 'rotate':
        return moveTo(effect.server, effect.lost, signal)
    }
  }

  async function seek(avoided: readonly IdServerAddress[], signal: AbortSignal): Promise<RotationEvent> {
    const { sources } = publisher.current()
    const excluded = new Set([...avoided, ...sources.map(idServerOf)])
    for (const server of usableAddresses()) {
      if (!excluded.has(server) && (await isUsable(server, signal))) return { type: 'found', server }
    }
    return { type: 'nothingFound' }
  }

  function usableAddresses(): readonly IdServerAddress[] {
    return known().flatMap((text) => {
      try {
        return [parseIdServer(text, { allowPrivate })]
      } catch {
        return []
      }
    })
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

  async function moveTo(server: IdServerAddress, lost: readonly Idurl[], signal: AbortSignal): Promise<RotationEvent> {
    const first = idurlOn(server, nameOf(publisher.current()))
    const before = publisher.current().sources
    try {
      const { document } = await publisher.publish(
        (fields) => ({ ...fields, sources: rotatedSources(fields.sources, first, lost) }),
        { signal },
      )
      const dropped = before.filter((source) => !document.sources.includes(source)).map(idServerOf)
      return { type: 'rotated', document, dropped }
    } catch (error) {
      signal.throwIfAborted()
      if (isBitdustError(error) && error.subject === first) return { type: 'refused', server }
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

function rotatedSources(sources: readonly Idurl[], first: Idurl, lost: readonly Idurl[]): readonly Idurl[] {
  const kept = sources.filter((source) => source !== first && !lost.includes(source))
  if (lost.length > 0) return [first, ...kept]
  return [first, ...kept].slice(0, Math.max(sources.length, MIN_SOURCES_AFTER_FORCED_ROTATION))
}

function nameOf({ sources: [first], fingerprint }: IdentityDocument): string {
  if (first === undefined) throw new IdentityError('IdentityMalformed', `identity ${fingerprint} has no source`)
  return idurlParts(first).name
}
