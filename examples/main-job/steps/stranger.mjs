// A node of somebody who has nothing to do with Alice: `node stranger.mjs FOLDER QUESTIONS`. Asks suppliers the
// questions in a JSON file and prints what they answered as JSON.
import { readFile } from 'node:fs/promises'
import { systemClock } from '@bitdust/machine'
import { createNode } from '@bitdust/node'
import { createSupplierClient } from '@bitdust/supplier'
import { askEverything } from '../questions.mjs'

const [directory, file] = process.argv.slice(2)
if (directory === undefined || file === undefined) throw new TypeError('name a data folder and a file with questions')
const questions = /** @type {import('../questions.mjs').Questions} */ (JSON.parse(await readFile(file, 'utf8')))

const node = await createNode({ directory, roles: [] })
try {
  await node.start()
  const client = createSupplierClient({ sender: node.transport, clock: systemClock })
  const answers = await askEverything(client, questions, { signal: AbortSignal.timeout(150_000) })
  process.stdout.write(JSON.stringify(answers))
} finally {
  await node.stop()
}
