import { join } from 'node:path'
import { prepareFolder, runCli, startNodeProcess } from '@bitdust/node/network'
import { restoreAndCompare } from '../restore.mjs'
import { SETTINGS } from '../settings.mjs'
import { StepError } from '../step-error.mjs'
import { STORED_AS } from './store-folder.mjs'

/** @type {import('../world.mjs').Step} */
export const restoreIdentity = {
  title: 'Alice comes back with her master key alone',
  async run(world) {
    const { alice, network, folder, input, share, signal, progress, note, onEnd } = world
    const key = join(folder, 'alice-master.key')
    await alice.cli(['identity', 'backup', key])
    await alice.kill('SIGKILL')
    note('Alice has lost her machine; what is left is her master key and her first IDURL')

    const restored = join(network.directory, 'alice-restored')
    await prepareFolder(restored, network.config(SETTINGS.alice))
    const cli = (/** @type {readonly string[]} */ args) => runCli(restored, args, { signal })
    progress('restoring the identity')
    await cli(['identity', 'restore', key, alice.idurl])
    progress('starting the node')
    const started = await startNodeProcess('alice-restored', restored, ['start'], { signal })
    onEnd(() => started.kill('SIGTERM'))

    await restoreAndCompare(world, { cli }, `${STORED_AS}/${input.largest}`, join(input.folder, input.largest))
    note(`she has ${input.largest}`)
    const { shares } = /** @type {{ shares: { keyId: string, mine: boolean }[] }} */ (await cli(['share', 'list']))
    const [alias] = share.keyId.split('$')
    const back = shares.find(({ keyId, mine }) => mine && keyId.startsWith(`${alias}$`))
    if (back === undefined) throw new StepError('Unexpected', `${alias} is not among the ${shares.length} shares`)
    await restoreAndCompare(world, { cli }, `${back.keyId}:animals/birds`, join(share.folder, 'birds'))
    note('she has the files of her share')
    return { found: { restored } }
  },
}
