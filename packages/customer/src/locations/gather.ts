import type { Clock } from '@bitdust/machine'
import type { OpenedFamily } from '../family/types.ts'
import type { QuorumOptions, SupplierOutcome, SupplierTask } from './quorum.ts'

/** How long slow suppliers are waited for once enough have answered, in ms. */
const GRACE_MS = 2_000

export interface GatherOptions extends QuorumOptions {
  readonly clock: Clock
}

/** What the suppliers answered, and whether they were enough. */
export interface Gathered<T> extends SupplierOutcome<T> {
  /** Whether at least `need` answered. */
  readonly enough: boolean
}

/**
 * Asks all suppliers of a family side by side and takes every answer that comes: resolves when all have ended, or 2 s
 * after `need` of them have answered. Suppliers that fail are no error.
 *
 * @throws The signal's reason when it aborts.
 */
export async function gather<T>(
  family: OpenedFamily,
  need: number,
  task: SupplierTask<T>,
  { signal, online = () => true, clock }: GatherOptions,
): Promise<Gathered<T>> {
  const { positions } = family.body
  const all = positions.map((_, position) => position)
  const likely = all.filter(online)
  const tried = likely.length < need ? all : likely
  const done = new Map<number, T>()
  const failed = new Map<number, unknown>()
  const over = new AbortController()
  const taskSignal = AbortSignal.any([signal, over.signal])
  const enough = Promise.withResolvers<void>()
  const runs = tried.map(async (position) => {
    try {
      const answer = await task(positions[position]!, position, taskSignal)
      if (!over.signal.aborted) done.set(position, answer)
    } catch (error) {
      if (!over.signal.aborted) failed.set(position, error)
    }
    if (done.size >= need) enough.resolve()
  })
  // Ends when all are done; the sleep and the tasks that are left are aborted by `over`.
  const grace = enough.promise.then(() => clock.sleep(GRACE_MS, taskSignal)).catch(() => {})
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { signal: over.signal })
  })
  await Promise.race([Promise.all(runs), grace, aborted])
  over.abort(new DOMException('enough suppliers have answered', 'AbortError'))
  signal.throwIfAborted()
  return { done, failed, enough: done.size >= need }
}
