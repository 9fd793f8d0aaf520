import type { FamilyPosition } from '@bitdust/records'
import { CustomerError, isCustomerError } from '../errors.ts'
import { describeFailure } from '../failure.ts'
import type { OpenedFamily } from '../family/types.ts'
import type { CallOptions } from '../ports.ts'

/** What is done at one supplier. Returning means that it holds; throwing, that it does not. */
export type SupplierTask<T> = (peer: FamilyPosition, position: number, signal: AbortSignal) => Promise<T>

export interface QuorumOptions extends CallOptions {
  /** Positions worth trying. All are tried when too few of them are. @default all */
  readonly online?: (position: number) => boolean
  /** What the error is about: a path, a block id, a record. @default nothing */
  readonly subject?: string
}

/** How a task went at the suppliers, by position. */
export interface SupplierOutcome<T> {
  readonly done: ReadonlyMap<number, T>
  /** What the task threw. Positions that were not tried are in neither map. */
  readonly failed: ReadonlyMap<number, unknown>
}

/** A task that enough suppliers have done. */
export interface QuorumReached<T> {
  /** Where it was done when enough had been reached. */
  readonly done: ReadonlyMap<number, T>
  /** Resolves when all suppliers that were tried have ended; never rejects. */
  readonly rest: Promise<SupplierOutcome<T>>
}

/**
 * Does something at all suppliers of a family side by side and resolves as soon as `need` of them have done it. The others
 * go on until they end or the signal aborts them.
 *
 * @throws {CustomerError} `UploadIncomplete` with `have`, `need` and `reasons` as soon as `need` is out of reach, the
 *   tasks that still run are aborted. The signal's reason when it aborts.
 */
export function atSuppliers<T>(
  family: OpenedFamily,
  need: number,
  task: SupplierTask<T>,
  { signal, online = () => true, subject }: QuorumOptions,
): Promise<QuorumReached<T>> {
  const { positions } = family.body
  const all = positions.map((_, position) => position)
  const likely = all.filter(online)
  const tried = likely.length < need ? all : likely
  const done = new Map<number, T>()
  const failed = new Map<number, unknown>()
  const giveUp = new AbortController()
  const taskSignal = AbortSignal.any([signal, giveUp.signal])

  return new Promise((resolve, reject) => {
    function judge(): void {
      if (done.size >= need) return resolve({ done: new Map(done), rest })
      if (signal.aborted) return reject(signal.reason)
      if (tried.length - failed.size >= need) return
      const error = incomplete(done.size, need, failed, subject)
      giveUp.abort(error)
      reject(error)
    }
    async function attempt(position: number): Promise<void> {
      try {
        taskSignal.throwIfAborted()
        done.set(position, await task(positions[position]!, position, taskSignal))
      } catch (error) {
        failed.set(position, error)
      }
    }
    const runs = tried.map((position) => attempt(position).then(judge))
    const rest = Promise.all(runs).then(() => ({ done, failed }))
    signal.addEventListener('abort', judge, { signal: giveUp.signal })
    void rest.then(() => giveUp.abort())
    judge()
  })
}

/** Whether too few suppliers took a record, and some because they have another one of the same or a later revision. */
export function wasOvertaken(error: unknown): boolean {
  const reasons = isCustomerError(error, 'UploadIncomplete') ? (error.reasons ?? []) : []
  return reasons.some((reason) => reason.endsWith(': RecordRollback'))
}

function incomplete(
  have: number,
  need: number,
  failed: ReadonlyMap<number, unknown>,
  subject: string | undefined,
): CustomerError {
  const reasons = [...failed].map(([position, error]) => `${position}: ${describeFailure(error)}`)
  return new CustomerError('UploadIncomplete', `${have} of ${need} suppliers stored it (${reasons.join('; ')})`, {
    have,
    need,
    reasons,
    retryable: true,
    ...(subject === undefined ? {} : { subject }),
  })
}
