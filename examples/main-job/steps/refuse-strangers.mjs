import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '@bitdust/machine'
import { createNode } from '@bitdust/node'
import { prepareFolder, runCli } from '@bitdust/node/network'
import { createSupplierClient } from '@bitdust/supplier'
import { askEverything, findQuestions } from '../questions.mjs'
import { SETTINGS } from '../settings.mjs'
import { check, StepError } from '../step-error.mjs'

const STRANGER = join(import.meta.dirname, 'stranger.mjs')
/** Longest time for all questions of the stranger, in ms. */
const PATIENCE_MS = 180_000

/** @type {import('../world.mjs').Step} */
export const refuseStrangers = {
  title: 'a stranger asks for the data and is refused',
  async run(world) {
    const { alice, network, folder, signal, progress, note } = world
    progress('asking as Alice')
    await alice.kill('SIGTERM')
    const questions = await askAsAlice(world)
    await alice.start()
    note(`Alice asks ${questions.questions.length} questions and gets all answers`)

    const home = join(network.directory, 'stranger')
    await prepareFolder(home, network.config(SETTINGS.stranger))
    await runCli(home, ['init', 'mallory'], { signal })
    const file = join(folder, 'questions.json')
    await writeFile(file, JSON.stringify(questions))
    progress('asking as a stranger')
    const answers = await askAsStranger(home, file, signal)
    check(answers.length === questions.questions.length, `the stranger asked ${answers.length} questions`)
    const wrong = answers.filter(({ answer }) => answer !== 'NotFound')
    if (wrong[0] !== undefined)
      throw new StepError(
        'NotRefused',
        `${wrong.length} of ${answers.length} answers to a stranger are not NotFound; the first is ${wrong[0].answer}, to ${describe(wrong[0].question)}`,
      )
    note('the stranger asks the same, and gets NotFound every time')
    return {}
  },
}

/**
 * Learns what there is to ask for, and asks for it with Alice's own keys: a refusal proves something only if those
 * who may ask get an answer. Alice's process must not run meanwhile, since one process owns a data folder.
 *
 * @param {import('../world.mjs').World} world
 * @returns {Promise<import('../questions.mjs').Questions>}
 */
async function askAsAlice({ alice, signal }) {
  const node = await createNode({ directory: alice.folder, roles: ['customer'] })
  try {
    await node.start()
    const customer = node.requireCustomer()
    const family = customer.family.current()
    if (family === null) throw new StepError('Unexpected', 'Alice has no suppliers')
    const locations = (await customer.locations.list()).map(({ id, alias }) => ({ id, isShare: alias !== 'master' }))
    check(
      locations.some(({ isShare }) => isShare),
      'Alice has no share',
    )
    const client = createSupplierClient({ sender: node.transport, clock: systemClock })
    const questions = await findQuestions(client, { family: family.body, locations, signal })
    for (const { question, answer } of await askEverything(client, questions, { signal }))
      check(answer === 'given', `Alice herself gets ${answer} for ${describe(question)}`)
    return questions
  } finally {
    await node.stop()
  }
}

/**
 * @param {string} home
 * @param {string} file
 * @param {AbortSignal} signal
 * @returns {Promise<import('../questions.mjs').Answer[]>}
 */
async function askAsStranger(home, file, signal) {
  const options = { signal, timeout: PATIENCE_MS, maxBuffer: 64 * 2 ** 20 }
  const { stdout } = await promisify(execFile)(process.execPath, [STRANGER, home, file], options)
  return JSON.parse(stdout)
}

/** @param {import('../questions.mjs').Question} question */
function describe({ ask, supplier, ...rest }) {
  return `${ask} of ${supplier.idurl} ${JSON.stringify(rest)}`
}
