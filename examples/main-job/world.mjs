/**
 * Bytes that were stored or restored, and how long that took.
 *
 * @typedef {{ bytes: number, seconds: number }} Transfer
 */

/**
 * What the steps have to do with. A step finds here what the ones before it returned.
 *
 * @typedef {object} World
 * @property {string} folder Everything of this run is in it.
 * @property {import('./make-input.mjs').Input} input What Alice stores.
 * @property {AbortSignal} signal Aborts on Ctrl-C.
 * @property {(text: string) => void} note Prints a line.
 * @property {(text: string) => void} progress Shows how far things are.
 * @property {(stop: () => Promise<void>) => void} onEnd Says how to stop what a step started; called at the end of the run.
 * @property {import('@bitdust/node/network').LocalNetwork} network From step 1 on.
 * @property {import('@bitdust/node/network').LocalNode} alice From step 1 on.
 * @property {import('@bitdust/node/network').LocalNode} bob From step 1 on.
 * @property {readonly import('@bitdust/node/network').LocalNode[]} dead Suppliers that were killed for good; from step 4 on.
 * @property {Share} share From step 6 on.
 * @property {string} restored Data folder of the restored node; from step 9 on.
 */

/**
 * @typedef {object} Share
 * @property {string} keyId
 * @property {string} folder What Alice put in it.
 */

/**
 * @typedef {object} Step
 * @property {string} title For the heading and the table.
 * @property {(world: World) => Promise<{ transferred?: Transfer, found?: Partial<World> }>} run `found` goes to the steps that follow.
 */

/**
 * Measures how long something takes.
 *
 * @param {() => Promise<unknown>} work
 * @returns {Promise<number>} Seconds.
 */
export async function secondsOf(work) {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
