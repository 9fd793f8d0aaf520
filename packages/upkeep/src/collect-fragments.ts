import type { Clock } from '@bitdust/machine'
import { blockIdOf, type Layout } from '@bitdust/records'
import { UpkeepError } from './errors.ts'
import { verifyFragment } from './fragments.ts'

/** What is proven against the holder of a fragment: it gave other bytes, or none although it should have them. */
export type CulpritCode = 'FragmentCorrupt' | 'FragmentMissing'

/** How fragments of one block are gathered. */
export interface CollectOptions {
  /** Verified by the caller: its signature, and that its block is the one he wants. */
  readonly layout: Pick<Layout, 'block' | 'n' | 'fragmentBytes' | 'roots'>
  /**
   * Asks the holder of one fragment. Null: it answered that it has none; a rejection: it could not be asked. Called at
   * most once for an index.
   */
  fetch(index: number, options: { readonly signal: AbortSignal }): Promise<Uint8Array | null>
  /** Indexes in the order in which to ask; those left out are never asked. @default 0 to 2n - 1, so Data first */
  readonly prefer?: readonly number[]
  /** Fragments to gather. @default n, which is what decoding takes */
  readonly need?: number
  /** Most fetches at once, the slow ones included. @default 2n */
  readonly concurrency?: number
  /** How long to wait for one holder before a spare is asked beside it, in ms. @default 2000 */
  readonly hedgeMs?: number
  readonly clock: Clock
  readonly signal?: AbortSignal
  /** Told of each holder that is proven wrong. Absent holders are not named: absence is not fraud. */
  onCulprit?(index: number, code: CulpritCode): void
}

const HEDGE_MS = 2_000

/**
 * Gathers verified fragments, and waits for nobody in particular: as many are asked as are needed; a spare is asked for
 * each that fails, and beside each that is slow. What is no longer needed is aborted.
 *
 * @returns Exactly `need` fragments by index, each equal to the layout's root.
 * @throws {UpkeepError} `NotEnoughFragments` when everybody was asked; what the fetches threw is in `cause.errors`.
 * @throws The reason of `signal` when it aborts.
 */
export async function collectFragments(options: CollectOptions): Promise<Map<number, Uint8Array>> {
  const { layout, clock, signal, hedgeMs = HEDGE_MS } = options
  const { need = layout.n, concurrency = 2 * layout.n } = options
  const waiting = [...new Set(options.prefer ?? layout.roots.keys())]
  const found = new Map<number, Uint8Array>()
  const errors: unknown[] = []
  const running = new Set<number>()
  const slow = new Set<number>()
  const stop = new AbortController()
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
  const { promise, resolve, reject } = Promise.withResolvers<Map<number, Uint8Array>>()

  /** After every change: done, or ask whom to ask next, or give up. */
  function proceed(): void {
    if (stopped.aborted) return
    if (found.size >= need) return resolve(found)
    while (running.size < concurrency && found.size + running.size - slow.size < need) {
      const index = waiting.shift()
      if (index === undefined) break
      void ask(index)
    }
    if (running.size === 0) reject(shortage())
  }

  async function ask(index: number): Promise<void> {
    running.add(index)
    const answered = new AbortController()
    void hedge(index, AbortSignal.any([stopped, answered.signal]))
    try {
      take(index, await options.fetch(index, { signal: stopped }))
    } catch (error) {
      errors.push(error)
    }
    answered.abort()
    running.delete(index)
    slow.delete(index)
    proceed()
  }

  function take(index: number, fragment: Uint8Array | null): void {
    // Late answers must not change the map that the caller already has.
    if (stopped.aborted) return
    if (fragment === null) options.onCulprit?.(index, 'FragmentMissing')
    else if (verifyFragment(layout, index, fragment)) found.set(index, fragment)
    else options.onCulprit?.(index, 'FragmentCorrupt')
  }

  async function hedge(index: number, signal: AbortSignal): Promise<void> {
    try {
      await clock.sleep(hedgeMs, signal)
    } catch {
      return // Answered in time, or nobody waits any more.
    }
    slow.add(index)
    proceed()
  }

  function shortage(): UpkeepError {
    const block = blockIdOf(layout.block)
    const missing = [...layout.roots.keys()].filter((index) => !found.has(index))
    const cause = new AggregateError(errors, `${errors.length} holders could not be asked`)
    const message = `block ${block}: ${found.size} good fragments, ${need} are needed`
    const state = { have: found.size, need, missing }
    return new UpkeepError('NotEnoughFragments', message, { subject: block, retryable: true, cause }, state)
  }

  function abandon(): void {
    reject(signal?.reason)
  }

  signal?.throwIfAborted()
  signal?.addEventListener('abort', abandon, { once: true })
  try {
    proceed()
    return await promise
  } finally {
    signal?.removeEventListener('abort', abandon)
    stop.abort()
  }
}
