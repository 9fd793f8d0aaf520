import { killAll, nodesOf, suppliersOf } from '../network.mjs'
import { restoreAndCompare } from '../restore.mjs'
import { LOST } from '../settings.mjs'
import { STORED_AS } from './store-folder.mjs'

/** @type {import('../world.mjs').Step} */
export const surviveLosses = {
  title: `${LOST} suppliers are killed, Alice restores`,
  async run(world) {
    const { alice, network, input, note } = world
    const dead = nodesOf(network, (await suppliersOf(alice)).slice(0, LOST))
    await killAll(dead)
    note(`killed: ${dead.map(({ name }) => name).join(', ')}`)
    const seconds = await restoreAndCompare(world, alice, STORED_AS, input.folder)
    note('identical')
    return { transferred: { bytes: input.bytes, seconds }, found: { dead } }
  },
}
