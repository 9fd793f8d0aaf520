import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { restoreAndCompare } from '../restore.mjs'
import { check, StepError } from '../step-error.mjs'
import { until } from '../until.mjs'
import { pattern } from './share-files.mjs'

/** How long Alice's node may take to notice the loss and to move, in seconds. */
const PATIENCE_S = 120

/** @type {import('../world.mjs').Step} */
export const moveIdentity = {
  title: 'an ID-server is killed, Alice moves, Bob reaches her',
  async run(world) {
    const { alice, bob, network, share, folder, signal, progress, note } = world
    const [first, second, third] = network.idServers
    if (first === undefined || second === undefined || third === undefined)
      throw new StepError('Unexpected', 'the network has three ID-servers')
    const idurlOn = (/** @type {typeof first} */ { ready }) => `${ready.url}/alice.xml`
    const wanted = [idurlOn(third), idurlOn(second)]
    await first.kill('SIGKILL')
    await until(
      'Alice is on the third and the second ID-server',
      async () => {
        const { sources } = /** @type {{ sources: string[] }} */ (await alice.cli(['status']))
        return sources.join() === wanted.join() ? null : sources.join(', ')
      },
      { seconds: PATIENCE_S, signal, progress },
    )
    const [moved, updated] = await Promise.all(wanted.map((url) => documentAt(url, signal)))
    check(moved === updated, 'the second ID-server has another document than the third')
    note(`Alice moved to ${wanted[0]}, and the second server has the same document`)

    const { idurl } = /** @type {{ idurl: string }} */ (await bob.cli(['ping', alice.idurl]))
    check(idurl === wanted[0], `Bob reached ${idurl}, expected ${wanted[0]}`)
    note(`Bob reached her by ${alice.idurl}`)

    const added = join(folder, 'fox.png')
    await writeFile(added, pattern(200_000, 5))
    await alice.cli(['put', added, `${share.keyId}:animals/fox.png`])
    await restoreAndCompare(world, bob, `${share.keyId}:animals/fox.png`, added)
    note('Bob has the file that she added after the move')
    return {}
  },
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function documentAt(url, signal) {
  const response = await fetch(url, { signal })
  check(response.ok, `${url} answers ${response.status}`)
  return response.text()
}
