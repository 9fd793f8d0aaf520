import type { Clock } from '@bitdust/machine'
import type { CallOptions, FamilyDirectory } from '../ports.ts'
import type { OpenedFamily } from './types.ts'

/** Longest pause between two attempts to publish, in ms. */
const MAX_PAUSE_MS = 3600 * 1000

export interface PublisherOptions extends CallOptions {
  readonly directory: Pick<FamilyDirectory, 'publish'>
  /** SPKI of our master key. */
  readonly ownerSpki: Uint8Array
  readonly clock: Clock
  /** From the first failure to the next attempt, in ms; doubles every time. */
  readonly retryMs: number
}

/** Keeps the directory told of our family. */
export interface FamilyPublisher {
  /**
   * Publishes a family, and goes on in the background until somebody stored it or another one is published. Resolves
   * after the first attempt, however it ended: the suppliers know the family, and the directory is only a hint.
   */
  publish(family: OpenedFamily): Promise<void>
}

export function createPublisher({ directory, ownerSpki, clock, retryMs, signal }: PublisherOptions): FamilyPublisher {
  let newest: OpenedFamily | null = null

  async function attempt(family: OpenedFamily): Promise<boolean> {
    try {
      return (await directory.publish(family.bytes, ownerSpki, { signal })).stored > 0
    } catch {
      return false
    }
  }

  async function keepTrying(family: OpenedFamily): Promise<void> {
    for (let pauseMs = retryMs; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      await clock.sleep(pauseMs, signal)
      if (newest !== family || (await attempt(family))) return
    }
  }

  return {
    async publish(family) {
      newest = family
      if (await attempt(family)) return
      // The only way out of the sleep before its time is the signal.
      void keepTrying(family).catch(() => {})
    },
  }
}
