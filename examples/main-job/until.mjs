import { setTimeout } from 'node:timers/promises'
import { StepError } from './step-error.mjs'

/** Pause between two looks, in ms. */
const POLL_MS = 500

/**
 * Looks at another process again and again until something is so: it tells nobody when its state changes.
 *
 * @param {string} what What is waited for, for the error.
 * @param {() => Promise<string | null>} look What is seen instead; null when it is so.
 * @param {{ seconds: number, signal: AbortSignal, progress?: (text: string) => void }} options
 * @throws {StepError} `Timeout`, with what was seen last.
 */
export async function until(what, look, { seconds, signal, progress = () => undefined }) {
  const deadline = performance.now() + seconds * 1000
  for (let seen = await look(); seen !== null; seen = await look()) {
    if (performance.now() > deadline)
      throw new StepError('Timeout', `${what}: not within ${seconds} s; last seen: ${seen}`)
    progress(`waiting until ${what}: ${seen}`)
    await setTimeout(POLL_MS, undefined, { signal })
  }
}
