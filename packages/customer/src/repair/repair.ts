import { type Clock, createRunner, type MachineObserver } from '@bitdust/machine'
import type { Coder } from '@bitdust/raid'
import type { BlockId } from '@bitdust/records'
import { isUpkeepError } from '@bitdust/upkeep'
import PQueue from 'p-queue'
import { CustomerError } from '../errors.ts'
import { toCustomerError } from '../failure.ts'
import { copyRecords } from '../family/copy-records.ts'
import type { OwnFamily } from '../family/family.ts'
import type { OpenedFamily } from '../family/types.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'
import { createEvents } from '../typed-events.ts'
import { type RepairEffect, type RepairEvent, repairStart, repairTable } from './machine.ts'
import { repairBlock } from './repair-block.ts'
import { type Survey, surveyBlocks } from './survey.ts'
import type { Culprit, MissingBlock, Repair, RepairEvents, RepairProgress, RepairReport } from './types.ts'

/** How repair works. Times in ms. */
export interface RepairSettings {
  /** From the end of a run to the next one. @default 600_000 */
  readonly repairEveryMs: number
}

const DEFAULT_SETTINGS: RepairSettings = { repairEveryMs: 600_000 }
/** Blocks that are rebuilt at the same time; each takes about four times its size in memory. */
const CONCURRENCY = 2

export interface RepairOptions {
  readonly self: Pick<Self, 'fingerprint' | 'masterPublicKey'>
  readonly family: OwnFamily
  readonly remotes: RemoteSuppliers
  readonly coder: Coder
  readonly clock: Clock
  /** Blocks that an upload is just placing: not yet at all positions, and nothing to repair. */
  readonly inFlight: ReadonlySet<BlockId>
  /** Blocks that suppliers were asked to free: whoever still has some of it keeps it in vain. @default none */
  readonly isFreed?: (block: BlockId) => boolean
  /** Which of some blocks that cannot be rebuilt a version needs; what is left of others is no loss. @default all of them */
  readonly needed?: (blocks: readonly BlockId[], options: CallOptions) => Promise<ReadonlySet<BlockId>>
  readonly settings?: Partial<RepairSettings>
  readonly onTransition?: MachineObserver
}

/** Somebody who waits for a run to end. */
interface Waiter {
  /** Number of the run, from 1. */
  readonly run: number
  readonly outcome: PromiseWithResolvers<RepairReport>
  readonly onProgress?: (progress: RepairProgress) => void
}

/** What a run has found and done so far. */
interface Findings {
  readonly family: OpenedFamily
  readonly behind: Set<number>
  missing: MissingBlock[]
  readonly culprits: Culprit[]
  survey: Survey
  rebuilt: number
}

/** Keeps our blocks whole: the shell of the machine `repair`. */
export function createRepair(options: RepairOptions): Repair {
  const { self, family, remotes, coder, clock, inFlight, isFreed = () => false, needed, onTransition } = options
  const settings = { ...DEFAULT_SETTINGS, ...options.settings }
  const customer = self.fingerprint
  const ownerKey = self.masterPublicKey
  const { events, emit } = createEvents<RepairEvents>()
  const waiters = new Set<Waiter>()
  /** Positions whose fragments of a block did not verify, or are not there although they are listed. */
  const suspects = new Map<BlockId, Set<number>>()
  const watching = new AbortController()
  let runs = 0
  let findings: Findings | null = null
  let failure: unknown = null

  const runner = createRunner({
    name: 'repair',
    table: repairTable,
    initial: repairStart,
    perform,
    clock,
    timers: { idle: { afterMs: settings.repairEveryMs, event: { type: 'due' } } },
    ...(onTransition === undefined ? {} : { onTransition }),
  })

  async function perform(
    effect: RepairEffect,
    raise: (event: RepairEvent) => void,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    if (effect.type === 'report') return report()
    try {
      raise(await step(effect, signal))
    } catch (error) {
      signal.throwIfAborted()
      failure = error
      raise({ type: 'failed' })
    }
  }

  async function step(effect: RepairEffect, signal: AbortSignal): Promise<RepairEvent> {
    if (effect.type === 'update') {
      findings = begin()
      await updateRecords(findings, signal)
      return { type: 'updated' }
    }
    if (findings === null) throw new CustomerError('Cancelled', 'this run of repair has not begun')
    if (effect.type === 'survey') {
      await survey(findings, signal)
      return { type: 'surveyed' }
    }
    await rebuild(findings, signal)
    return { type: 'rebuilt' }
  }

  function begin(): Findings {
    runs += 1
    failure = null
    findings = null
    const current = family.current()
    if (current === null) throw new CustomerError('NotFound', 'there are no suppliers yet', { retryable: true })
    const survey = { answered: [], blocks: new Map() }
    return { family: current, behind: new Set(), missing: [], culprits: [], survey, rebuilt: 0 }
  }

  /** Headers, member lists, journals and the family record itself, for whoever was away when they were written. */
  async function updateRecords({ family: { body, bytes }, behind }: Findings, signal: AbortSignal): Promise<void> {
    const reachable = body.positions.filter((_, position) => family.online(position))
    const record = { customer, kind: 'family', record: bytes } as const
    await Promise.allSettled(reachable.map((peer) => remotes.putRecord(peer, record, { signal })))
    const { failed } = await copyRecords({
      customer,
      ownerKey,
      remotes,
      sources: reachable,
      targets: reachable,
      signal,
    })
    for (const [position, { fingerprint }] of body.positions.entries())
      if (failed.has(fingerprint) || !family.online(position)) behind.add(position)
  }

  async function survey(run: Findings, signal: AbortSignal): Promise<void> {
    run.survey = await surveyBlocks({ family: run.family, customer, remotes, online: family.online, signal })
    for (const position of run.family.body.positions.keys())
      if (!run.survey.answered.includes(position)) run.behind.add(position)
  }

  async function rebuild(run: Findings, signal: AbortSignal): Promise<void> {
    const { answered, blocks } = run.survey
    const work = [...blocks]
      .filter(([block]) => !inFlight.has(block) && !isFreed(block))
      .map(([block, listed]) => {
        const holders = answered.filter((position) => listed[position] === 1 && !isSuspect(block, position))
        return { block, holders, lacking: answered.filter((position) => !holders.includes(position)) }
      })
      .filter(({ lacking }) => lacking.length > 0)
    const queue = new PQueue({ concurrency: CONCURRENCY })
    const progress = (done: number) => tell({ done, total: work.length, rebuilt: run.rebuilt })
    let done = 0
    let defect: unknown = null
    progress(done)
    for (const { block, holders, lacking } of work) {
      await queue.onSizeLessThan(CONCURRENCY)
      signal.throwIfAborted()
      const job = async () => {
        await rebuildOne(run, block, holders, lacking, signal)
        progress(++done)
      }
      queue.add(job).catch((error) => {
        defect ??= error
      })
    }
    await queue.onIdle()
    signal.throwIfAborted()
    if (defect !== null) throw defect
    if (run.missing.length === 0 || needed === undefined) return
    const kept = await needed(
      run.missing.map(({ block }) => block),
      { signal },
    )
    run.missing = run.missing.filter(({ block }) => kept.has(block))
  }

  async function rebuildOne(
    run: Findings,
    block: BlockId,
    holders: readonly number[],
    lacking: readonly number[],
    signal: AbortSignal,
  ): Promise<void> {
    const { positions } = run.family.body
    try {
      const { stored, failed } = await repairBlock({
        family: run.family,
        ownerKey,
        remotes,
        coder,
        clock,
        block,
        holders,
        lacking,
        signal,
        onCulprit(position, code) {
          run.culprits.push({ position, fingerprint: positions[position]!.fingerprint, block, code })
          suspect(block, position)
        },
      })
      run.rebuilt += stored.length
      for (const position of stored) clear(block, position)
      for (const position of failed.keys()) run.behind.add(position)
    } catch (error) {
      if (signal.aborted) return
      const { n } = run.family.body
      const have = isUpkeepError(error, 'NotEnoughFragments') ? (error.have ?? 0) : 0
      run.missing.push({ block, have, need: n })
    }
  }

  function isSuspect(block: BlockId, position: number): boolean {
    return suspects.get(block)?.has(position) ?? false
  }

  function suspect(block: BlockId, position: number): void {
    suspects.set(block, (suspects.get(block) ?? new Set()).add(position))
  }

  function clear(block: BlockId, position: number): void {
    suspects.get(block)?.delete(position)
    if (suspects.get(block)?.size === 0) suspects.delete(block)
  }

  function tell(progress: RepairProgress): void {
    for (const { run, onProgress } of waiters) if (run <= runs) onProgress?.(progress)
  }

  function report(): void {
    const ended = [...waiters].filter(({ run }) => run <= runs)
    for (const waiter of ended) waiters.delete(waiter)
    if (failure !== null || findings === null) {
      for (const { outcome } of ended) outcome.reject(toCustomerError(failure, 'repair'))
      return
    }
    const { survey: found, rebuilt, missing, culprits, behind } = findings
    const result: RepairReport = {
      blocks: found.blocks.size,
      rebuilt,
      missing,
      culprits,
      behind: [...behind].sort((a, b) => a - b),
      complete: missing.length === 0 && behind.size === 0 && suspects.size === 0,
    }
    // What cannot be repaired any more does not get better by keeping suppliers of earlier families.
    if (behind.size === 0 && findings.family === family.current()) family.rebuilt()
    for (const { outcome } of ended) outcome.resolve(result)
    emit('report', result)
  }

  return {
    events,
    suspect,

    async run({ signal, onProgress }) {
      const outcome = Promise.withResolvers<RepairReport>()
      const cancel = () => outcome.reject(toCustomerError(signal.reason, 'repair'))
      const waiter: Waiter = { run: runs + 1, outcome, ...(onProgress === undefined ? {} : { onProgress }) }
      if (signal.aborted) throw toCustomerError(signal.reason, 'repair')
      signal.addEventListener('abort', cancel, { once: true })
      waiters.add(waiter)
      runner.send({ type: 'due' })
      try {
        return await outcome.promise
      } finally {
        waiters.delete(waiter)
        signal.removeEventListener('abort', cancel)
      }
    },

    start() {
      if (watching.signal.aborted) return
      runner.send({ type: 'start' })
      family.events.addEventListener('change', () => runner.send({ type: 'due' }), { signal: watching.signal })
      family.events.addEventListener(
        'link',
        ({ value }) => {
          if (value.state === 'connected') runner.send({ type: 'due' })
        },
        { signal: watching.signal },
      )
    },

    async stop() {
      watching.abort()
      await runner.stop()
      for (const { outcome } of waiters) outcome.reject(new CustomerError('Cancelled', 'repair was stopped'))
    },
  }
}
