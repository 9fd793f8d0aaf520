import { secondsOf } from './world.mjs'

/**
 * @typedef {object} Outcome
 * @property {import('./screen.mjs').Row[]} rows
 * @property {{ step: string, error: unknown } | null} failure
 */

/**
 * Runs one step after the other, up to the first that fails.
 *
 * @param {readonly import('./world.mjs').Step[]} steps
 * @param {import('./world.mjs').World} world Gets what the steps find.
 * @param {import('./screen.mjs').Screen} screen
 * @returns {Promise<Outcome>}
 */
export async function runSteps(steps, world, screen) {
  /** @type {import('./screen.mjs').Row[]} */
  const rows = []
  /** @type {Outcome['failure']} */
  let failure = null
  for (const [index, { title, run }] of steps.entries()) {
    if (failure !== null) {
      rows.push({ title, result: 'not run', seconds: null, transferred: null })
      continue
    }
    screen.line(`[${index + 1}/${steps.length}] ${title}`)
    /** @type {import('./world.mjs').Transfer | null} */
    let transferred = null
    const seconds = await secondsOf(async () => {
      try {
        const outcome = await run(world)
        Object.assign(world, outcome.found)
        transferred = outcome.transferred ?? null
      } catch (error) {
        // What was cut off by Ctrl-C fails in all kinds of ways.
        failure = { step: `step ${index + 1}, ${title}`, error: world.signal.aborted ? world.signal.reason : error }
      }
    })
    rows.push({ title, result: failure === null ? 'done' : 'FAILED', seconds, transferred })
    screen.clear()
  }
  return { rows, failure }
}
