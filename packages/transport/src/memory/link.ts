import { TransportError } from '../errors.ts'
import type { Gate } from './stream-pair.ts'

/** The state of one link and whoever waits for it to change. */
export interface LinkState extends Gate {
  readonly down: boolean
  set(state: { readonly down: boolean; readonly stalled: boolean }): void
  /** Calls back when the link goes down. Returns a function that forgets the callback. */
  onDown(callback: () => void): () => void
}

export function createMemoryLink(): LinkState {
  let down = false
  let change: PromiseWithResolvers<void> | undefined
  const onDown = new Set<() => void>()

  return {
    get down() {
      return down
    },
    set(state) {
      down = state.down
      change?.resolve()
      change = state.stalled ? Promise.withResolvers() : undefined
      if (down) for (const callback of [...onDown]) callback()
    },
    async passable(signal) {
      while (change !== undefined) await raceAbort(change.promise, signal)
      if (down) throw new TransportError('Timeout', 'the link is down')
    },
    onDown(callback) {
      onDown.add(callback)
      return () => onDown.delete(callback)
    },
  }
}

function raceAbort(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort))
}
