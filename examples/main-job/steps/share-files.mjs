import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { restoreAndCompare } from '../restore.mjs'
import { until } from '../until.mjs'

const KIB = 2 ** 10
/** How long Bob's node may take to accept what it was given, in seconds. */
const PATIENCE_S = 60

/** @type {import('../world.mjs').Step} */
export const shareFiles = {
  title: 'Alice shares files with Bob, he adds one',
  async run(world) {
    const { alice, bob, folder, signal, progress, note } = world
    const share = join(folder, 'animals')
    await makeAnimals(share)
    const { keyId } = /** @type {{ keyId: string }} */ (await alice.cli(['share', 'create', '--label', 'animals']))
    await alice.cli(['put', share, `${keyId}:animals`])
    await alice.cli(['share', 'grant', keyId, bob.idurl], { onProgress: ({ step }) => progress(`grant: ${step}`) })
    note(`granted to Bob: ${keyId}`)

    await until(
      'Bob sees the files',
      async () => {
        const { shares } = /** @type {{ shares: { keyId: string }[] }} */ (await bob.cli(['share', 'list']))
        if (!shares.some((one) => one.keyId === keyId)) return `${shares.length} shares`
        const { entries } = /** @type {{ entries: { path: string }[] }} */ (await bob.cli(['ls', `${keyId}:animals`]))
        return entries.length > 0 ? null : 'an empty share'
      },
      { seconds: PATIENCE_S, signal, progress },
    )
    await restoreAndCompare(world, bob, `${keyId}:animals`, share)
    note('Bob has the same files')

    const added = join(folder, 'dog.png')
    await writeFile(added, pattern(100 * KIB, 4))
    await bob.cli(['put', added, `${keyId}:animals/dog.png`])
    await restoreAndCompare(world, alice, `${keyId}:animals/dog.png`, added)
    note('Alice has the file that Bob added')
    return { found: { share: { keyId, folder: share } } }
  },
}

/** @param {string} folder */
async function makeAnimals(folder) {
  await mkdir(join(folder, 'birds'), { recursive: true })
  await writeFile(join(folder, 'cat.png'), pattern(300 * KIB, 1))
  await writeFile(join(folder, 'birds', 'owl.png'), pattern(3000 * KIB, 2))
  await writeFile(join(folder, 'birds', 'names.txt'), 'owl\n')
}

/**
 * Bytes that differ with the seed and do not repeat for long.
 *
 * @param {number} length
 * @param {number} seed
 */
export function pattern(length, seed) {
  return Uint8Array.from({ length }, (_, index) => (index * seed + (index >> 8) * 31) & 0xff)
}
