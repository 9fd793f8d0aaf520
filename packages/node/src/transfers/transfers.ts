import { isBitdustError, randomBytes, toHex, utf8Decode, utf8Encode } from '@bitdust/crypto'
import type { PutProgress, PutResult } from '@bitdust/customer'
import type { Clock } from '@bitdust/machine'
import type { KeyValueStore } from '@bitdust/upkeep'
import * as v from 'valibot'
import { describeError } from '../daemon/error-report.ts'
import { NodeError } from '../errors.ts'
import type { NodeLogger } from '../wiring/logger.ts'

/** Transfers that go on by themselves at the same time; what somebody waits for is not counted. */
const MAX_RUNNING = 2
/** How long a transfer waits at most before it is tried again, in ms: twice as long each time, up to the longest. */
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 5 * 60_000
/** Transfers that failed for good and are kept to be looked at. */
const MAX_FAILED = 100
const ID_BYTES = 4
const PREFIX = 'transfer/'

/** What is to be stored where. */
export interface WantedPut {
  /** Absolute path. */
  readonly local: string
  /** Global id; a path alone is in the private location. */
  readonly remote: string
}

/** A put and what was left out of it. */
export interface StoredFolder extends PutResult {
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

/** A put that is not acknowledged yet. */
export interface Transfer extends WantedPut {
  /** 8 hex digits. */
  readonly id: string
  /** Milliseconds since the Unix epoch. */
  readonly created: number
  /** `waiting`: it is tried again when suppliers come back, and from time to time. `failed`: it is not tried again. */
  readonly state: 'running' | 'waiting' | 'failed'
  /** Why it waits or failed. */
  readonly reason: { readonly code: string; readonly message: string } | null
  readonly progress: PutProgress | null
}

export interface PutCall {
  readonly signal: AbortSignal
  readonly onProgress: (progress: PutProgress) => void
}

export interface TransfersOptions {
  readonly store: KeyValueStore
  readonly clock: Clock
  readonly logger: NodeLogger
  put(wanted: WantedPut, call: PutCall): Promise<StoredFolder>
}

/**
 * Puts that survive the process: each is written down before it begins and crossed out when it is acknowledged, cancelled
 * or hopeless. What was stored of it before is not sent again, see the index of `@bitdust/customer`.
 */
export interface Transfers {
  /**
   * Stores and waits. When too few suppliers answer, it rejects and goes on by itself, as it does when the node stops;
   * when the signal aborts for another reason it is cancelled. What fails for another reason is crossed out.
   */
  put(wanted: WantedPut, call: PutCall): Promise<StoredFolder>
  /** Stores without anybody waiting. Resolves when it is written down. */
  add(wanted: WantedPut): Promise<Transfer>
  /** The oldest first. */
  list(): readonly Transfer[]
  /** Ends a transfer and crosses it out. @throws {NodeError} `NotFound`. */
  cancel(id: string): Promise<void>
  /** Tries what waits, now: a supplier came back. */
  wake(): void
  /** Goes on with what an earlier process left. */
  start(): Promise<void>
  /** Interrupts everything; it goes on at the next start. */
  stop(): Promise<void>
}

const StoredTransfer = v.strictObject({
  version: v.literal(1),
  local: v.string(),
  remote: v.string(),
  created: v.number(),
  failed: v.nullable(v.strictObject({ code: v.string(), message: v.string() })),
})

interface Job extends WantedPut {
  readonly id: string
  readonly created: number
  state: Transfer['state']
  reason: Transfer['reason']
  progress: PutProgress | null
  /** Ends what runs, and the waiting. */
  readonly ended: AbortController
  /** Ends the waiting alone. */
  again: AbortController
}

export function createTransfers({ store, clock, logger, put }: TransfersOptions): Transfers {
  const jobs = new Map<string, Job>()
  const running = new Set<Promise<void>>()
  const lifetime = new AbortController()
  const queue: (() => Promise<void>)[] = []
  let busy = 0

  async function create(wanted: WantedPut): Promise<Job> {
    lifetime.signal.throwIfAborted()
    const job = jobOf(toHex(randomBytes(ID_BYTES)), wanted, clock.now())
    await write(job, null)
    jobs.set(job.id, job)
    return job
  }

  function write({ id, local, remote, created }: Job, failed: Transfer['reason']): Promise<void> {
    const stored = { version: 1, local, remote, created, failed } as const
    return store.batch([{ put: `${PREFIX}${id}`, value: utf8Encode(JSON.stringify(stored)) }])
  }

  async function crossOut({ id }: Job): Promise<void> {
    jobs.delete(id)
    await store.batch([{ delete: `${PREFIX}${id}` }])
  }

  function attempt(job: Job, signal: AbortSignal, onProgress: PutCall['onProgress']): Promise<StoredFolder> {
    job.state = 'running'
    return put(job, {
      signal: AbortSignal.any([signal, job.ended.signal, lifetime.signal]),
      onProgress(progress) {
        job.progress = progress
        onProgress(progress)
      },
    })
  }

  function wait(job: Job, error: unknown): void {
    const { code, message } = describeError(error)
    job.state = 'waiting'
    job.reason = { code, message }
    job.progress = null
  }

  /** Until it is acknowledged, cancelled or hopeless. */
  async function pursue(job: Job): Promise<void> {
    for (let pause = FIRST_RETRY_MS; ; pause = Math.min(2 * pause, LONGEST_RETRY_MS)) {
      try {
        if (job.state === 'waiting') await patience(job, pause)
        lifetime.signal.throwIfAborted()
        job.ended.signal.throwIfAborted()
        const stored = await attempt(job, job.ended.signal, () => {})
        logger.info('a transfer is complete', { id: job.id, path: stored.path, version: stored.version })
        return await crossOut(job)
      } catch (error) {
        if (lifetime.signal.aborted || job.ended.signal.aborted) return
        if (!mayPass(error)) return await fail(job, error)
        logger.warn('a transfer waits', { id: job.id, error })
        wait(job, error)
      }
    }
  }

  /** Returns when it is time to try again. */
  async function patience(job: Job, ms: number): Promise<void> {
    job.again = new AbortController()
    const signal = AbortSignal.any([job.again.signal, job.ended.signal, lifetime.signal])
    await clock.sleep(ms, signal).catch(() => {})
  }

  async function fail(job: Job, error: unknown): Promise<void> {
    logger.warn('a transfer failed', { id: job.id, error })
    wait(job, error)
    job.state = 'failed'
    await write(job, job.reason)
    const failed = [...jobs.values()].filter(({ state }) => state === 'failed')
    for (const old of failed.slice(0, Math.max(0, failed.length - MAX_FAILED))) await crossOut(old)
  }

  function pursueInTurn(job: Job): void {
    queue.push(() => pursue(job))
    startNext()
  }

  function startNext(): void {
    const next = busy < MAX_RUNNING ? queue.shift() : undefined
    if (next === undefined) return
    busy += 1
    const work = next()
      .catch((error: unknown) => logger.warn('a transfer ended badly', { error }))
      .finally(() => {
        busy -= 1
        running.delete(work)
        if (!lifetime.signal.aborted) startNext()
      })
    running.add(work)
  }

  return {
    async put(wanted, { signal, onProgress }) {
      const job = await create(wanted)
      const work = attempt(job, signal, onProgress)
      const over = work.then(
        () => {},
        () => {},
      )
      running.add(over)
      try {
        const stored = await work
        await crossOut(job)
        return stored
      } catch (error) {
        const isStopping = lifetime.signal.aborted || isNodeStopping(signal)
        const isCancelled = (signal.aborted || job.ended.signal.aborted) && !isStopping
        if (!isStopping && !isCancelled && mayPass(error)) {
          wait(job, error)
          pursueInTurn(job)
        } else if (!isStopping) await crossOut(job)
        throw error
      } finally {
        running.delete(over)
      }
    },
    async add(wanted) {
      const job = await create(wanted)
      pursueInTurn(job)
      return shown(job)
    },
    list: () => [...jobs.values()].sort((a, b) => a.created - b.created).map(shown),
    async cancel(id) {
      const job = jobs.get(id)
      if (job === undefined)
        throw new NodeError('NotFound', `no transfer ${id}; list them with: bitdust transfers`, { subject: id })
      await crossOut(job)
      job.ended.abort(new NodeError('Cancelled', `transfer ${id} was cancelled`))
    },
    wake() {
      for (const { again } of jobs.values()) again.abort()
    },
    async start() {
      for await (const [key, value] of store.list({ prefix: PREFIX })) {
        const read = v.safeParse(StoredTransfer, readJson(value))
        if (!read.success) {
          logger.warn('a transfer cannot be read', { key })
          continue
        }
        const { local, remote, created, failed } = read.output
        const job = jobOf(key.slice(PREFIX.length), { local, remote }, created)
        if (jobs.has(job.id)) continue
        jobs.set(job.id, job)
        if (failed === null) pursueInTurn(job)
        else Object.assign(job, { state: 'failed', reason: failed })
      }
    },
    async stop() {
      lifetime.abort(new NodeError('Cancelled', 'the node is stopping'))
      queue.length = 0
      await Promise.all(running)
    },
  }
}

function jobOf(id: string, { local, remote }: WantedPut, created: number): Job {
  return {
    id,
    local,
    remote,
    created,
    state: 'running',
    reason: null,
    progress: null,
    ended: new AbortController(),
    again: new AbortController(),
  }
}

function shown({ id, local, remote, created, state, reason, progress }: Job): Transfer {
  return { id, local, remote, created, state, reason, progress }
}

/** Whether the same may succeed later, without anybody doing anything here. */
function mayPass(error: unknown): boolean {
  return isBitdustError(error) && error.retryable
}

/** The local API ends what it serves for this reason; everybody else who aborts does not want the put any more. */
function isNodeStopping(signal: AbortSignal): boolean {
  return signal.aborted && isBitdustError(signal.reason, 'Cancelled')
}

function readJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decode(value))
  } catch {
    return null
  }
}
