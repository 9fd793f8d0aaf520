import { killAll, nodesOf, suppliersOf } from '../network.mjs'
import { restoreAndCompare } from '../restore.mjs'
import { describeProgress } from '../screen.mjs'
import { LOST } from '../settings.mjs'
import { check } from '../step-error.mjs'
import { until } from '../until.mjs'
import { STORED_AS } from './store-folder.mjs'

/** How long a family may take to become whole by itself, in seconds. */
const PATIENCE_S = 180

/** @type {import('../world.mjs').Step} */
export const replaceSuppliers = {
  title: `they are replaced, ${LOST} others killed, Alice restores`,
  async run(world) {
    const { alice, network, dead, input, note } = world
    const gone = new Set(dead.map(({ idurl }) => idurl))
    await untilWhole(world, (rows) => rows.every(({ idurl }) => !gone.has(idurl)))
    const family = await suppliersOf(alice)
    const nodes = nodesOf(network, family)
    note(`the family is whole without the dead: ${nodes.map(({ name }) => name).join(', ')}`)

    // Positions beyond those that were replaced are still held by the first suppliers.
    const old = nodes.slice(LOST, 2 * LOST)
    await killAll(old)
    note(`killed: ${old.map(({ name }) => name).join(', ')}`)
    const seconds = await restoreAndCompare(world, alice, STORED_AS, input.folder)
    note('identical')

    await Promise.all(old.map((node) => node.start()))
    await untilWhole(world, () => true)
    const after = await suppliersOf(alice)
    check(namesOf(after) === namesOf(family), `the family became ${namesOf(after)}, it was ${namesOf(family)}`)
    note('the three are back on their own data, and the family is whole')
    return { transferred: { bytes: input.bytes, seconds } }
  },
}

/**
 * Waits until all suppliers are connected, and every block is at every one of them.
 *
 * @param {import('../world.mjs').World} world
 * @param {(rows: readonly import('../network.mjs').SupplierRow[]) => boolean} isWanted Whether these are the right suppliers.
 */
async function untilWhole({ alice, signal, progress }, isWanted) {
  const options = { seconds: PATIENCE_S, signal, progress }
  await until(
    'all suppliers are connected',
    async () => {
      const rows = await suppliersOf(alice)
      const connected = rows.filter(({ state }) => state === 'connected')
      return connected.length === rows.length && isWanted(rows)
        ? null
        : rows.map(({ idurl, state }) => `${idurl.split('/').at(-1)} ${state}`).join(', ')
    },
    options,
  )
  await until(
    'every block is at every supplier',
    async () => {
      const onProgress = (/** @type {Record<string, unknown>} */ event) => progress(describeProgress(event))
      const report = /** @type {RepairReport} */ (await alice.cli(['supplier', 'repair'], { onProgress }))
      const { blocks, rebuilt, missing, behind, complete } = report
      return complete && blocks > 0
        ? null
        : `${blocks} blocks, ${rebuilt} rebuilt, ${missing.length} missing, behind: positions ${behind.join(', ')}`
    },
    options,
  )
}

/** @typedef {{ blocks: number, rebuilt: number, missing: unknown[], behind: number[], complete: boolean }} RepairReport */

/** @param {readonly import('../network.mjs').SupplierRow[]} rows */
function namesOf(rows) {
  return rows.map(({ idurl }) => idurl).join(', ')
}
