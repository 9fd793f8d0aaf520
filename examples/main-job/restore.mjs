import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTrees } from './compare-trees.mjs'
import { describeProgress } from './screen.mjs'
import { secondsOf } from './world.mjs'

/**
 * Restores something into a new place and requires that it is what was stored.
 *
 * @param {import('./world.mjs').World} world
 * @param {Pick<import('@bitdust/node/network').LocalNode, 'cli'>} node Whose node restores.
 * @param {string} remote What to restore.
 * @param {string} expected What it has to be like.
 * @returns {Promise<number>} Seconds that the restore took, without the comparison.
 */
export async function restoreAndCompare({ folder, signal, progress }, node, remote, expected) {
  const target = join(folder, 'restored')
  const onProgress = (/** @type {Record<string, unknown>} */ event) => progress(describeProgress(event))
  const seconds = await secondsOf(() => node.cli(['get', remote, target], { onProgress }))
  progress('comparing')
  await compareTrees(expected, target, { signal })
  await rm(target, { recursive: true })
  return seconds
}
