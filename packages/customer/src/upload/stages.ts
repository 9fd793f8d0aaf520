import type { Clock } from '@bitdust/machine'
import { type BlockStage, type Measure, unmeasured } from '@bitdust/upkeep'

/** A step of storing something. `digest`: recognising what was stored before. */
export type UploadStage = BlockStage | 'read' | 'cut' | 'digest' | 'send'

/**
 * Told how long a step took, in ms, and how many bytes went into it. `cut`, `digest` and `hash` are CPU time of this
 * thread; the others wait for something, and what other blocks do meanwhile is in their time, too.
 */
export type StageObserver = (stage: UploadStage, ms: number, bytes: number) => void

export type UploadMeasure = Measure<UploadStage>

/** Measures for an observer; without one it costs nothing. */
export function measureFor(clock: Clock, onStage: StageObserver | undefined): UploadMeasure {
  if (onStage === undefined) return unmeasured
  return (stage, bytes, work) => {
    const begin = clock.monotonic()
    const tell = () => onStage(stage, clock.monotonic() - begin, bytes)
    const done = work()
    if (done instanceof Promise) done.then(tell, tell)
    else tell()
    return done
  }
}
