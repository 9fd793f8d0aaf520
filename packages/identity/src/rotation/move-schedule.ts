import { randomFraction } from './random-fraction.ts'

/** When the primary source moved last, to be kept over restarts. */
export interface LastMove {
  /** Ms since the Unix epoch. */
  readonly at: number
  /** By which part of the period the next move comes later, 0 to {@link MAX_JITTER}; drawn anew at each move. */
  readonly jitter: number
}

/** Where a rotation remembers its last move. */
export interface MoveMemory {
  /** What was put last, or null. */
  get(): Promise<LastMove | null>
  /** Resolves when it will survive a restart. */
  put(move: LastMove): Promise<void>
}

/** A move comes at most this part of its period late, so that nodes with one period do not move together. */
export const MAX_JITTER = 0.25

/** A move that happens at this moment. */
export function moveNow(now: number): LastMove {
  return { at: now, jitter: randomFraction() * MAX_JITTER }
}

/** Whether it is time for the next move. A clock that was put back counts as if no time had passed. */
export function isMoveDue({ at, jitter }: LastMove, periodMs: number, now: number): boolean {
  return now - at >= periodMs * (1 + jitter)
}
