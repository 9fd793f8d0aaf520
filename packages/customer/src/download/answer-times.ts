/** Answers that are remembered. */
const REMEMBERED = 64
/** With fewer, nothing is known of what is usual. */
const ENOUGH = 16
/** Longer than the 95th percentile by this factor is slow: 1 would ask a spare for every twentieth fragment. */
const FACTOR = 3
/** Bounds of the patience, in ms. Below the lower one a busy moment of this process would look like a slow supplier. */
const MIN_PATIENCE_MS = 500
const MAX_PATIENCE_MS = 2_000

/** How long suppliers usually take to give a fragment. */
export interface AnswerTimes {
  /** One took `ms`. */
  add(ms: number): void
  /** How long to wait for one before a spare is asked beside it, in ms (`threats.md` A2). */
  patienceMs(): number
}

export function createAnswerTimes(): AnswerTimes {
  const times: number[] = []
  let next = 0
  return {
    add(ms) {
      times[next] = ms
      next = (next + 1) % REMEMBERED
    },
    patienceMs() {
      if (times.length < ENOUGH) return MAX_PATIENCE_MS
      const usual = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? MAX_PATIENCE_MS
      return Math.min(Math.max(FACTOR * usual, MIN_PATIENCE_MS), MAX_PATIENCE_MS)
    },
  }
}
