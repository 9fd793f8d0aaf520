import { formatSize } from '@bitdust/node'
import { describeProgress } from '../screen.mjs'
import { check } from '../step-error.mjs'
import { secondsOf } from '../world.mjs'

/** Under which path Alice stores the input. */
export const STORED_AS = 'project'

/** @type {import('../world.mjs').Step} */
export const storeFolder = {
  title: 'Alice stores the folder',
  async run({ alice, input, progress, note }) {
    let stored = { files: 0, bytes: 0, storedBytes: 0, state: '' }
    const seconds = await secondsOf(async () => {
      const onProgress = (/** @type {Record<string, unknown>} */ event) => progress(describeProgress(event))
      stored = /** @type {typeof stored} */ (await alice.cli(['put', input.folder, STORED_AS], { onProgress }))
    })
    check(stored.state === 'complete', `the folder is ${stored.state}, expected complete: at every supplier`)
    const things = input.files + input.symlinks
    check(stored.files === things, `${stored.files} files and symlinks were stored, the folder has ${things}`)
    note(
      `complete: ${stored.files} files, ${formatSize(stored.bytes)}, at the suppliers ${formatSize(stored.storedBytes)}`,
    )
    return { transferred: { bytes: input.bytes, seconds } }
  },
}
