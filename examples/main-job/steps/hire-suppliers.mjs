import { suppliersOf } from '../network.mjs'
import { describeProgress } from '../screen.mjs'
import { HIRED } from '../settings.mjs'
import { check } from '../step-error.mjs'

/** @type {import('../world.mjs').Step} */
export const hireSuppliers = {
  title: `Alice hires ${HIRED} suppliers, found through the DHT`,
  async run({ alice, progress, note }) {
    await alice.cli(['supplier', 'hire'], { onProgress: (event) => progress(describeProgress(event)) })
    const suppliers = await suppliersOf(alice)
    const different = new Set(suppliers.map(({ fingerprint }) => fingerprint))
    check(different.size === HIRED, `Alice has ${different.size} different suppliers, expected ${HIRED}`)
    note(suppliers.map(({ idurl }) => idurl.replace(/^.*\/|\.xml$/g, '')).join(', '))
    return {}
  },
}
