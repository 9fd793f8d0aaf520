import { createReadStream } from 'node:fs'
import { createNode } from '@bitdust/node'
import { round } from './ratio.mjs'
import { measure } from './usage.mjs'

/**
 * One `put` by a node in this process, step by step, in elapsed time. `cut`, `digest` and `code` keep the thread busy while
 * they last; the others also wait, for what other blocks do meanwhile, too, so that they may add up to more than the whole.
 *
 * @param folder - Of a customer with suppliers; no other process may be using it.
 */
export async function printStages({ folder, file, mib, print, what }) {
  const spent = new Map()
  await using node = await createNode({
    directory: folder,
    onStage: (stage, ms) => spent.set(stage, (spent.get(stage) ?? 0) + ms),
  })
  await node.start()
  const customer = node.requireCustomer()
  const signal = AbortSignal.timeout(600_000)
  const { wall, cpu } = await measure([process.pid], () =>
    customer.put('stages', createReadStream(file, { highWaterMark: 2 ** 20 }), { signal }),
  )
  const perGib = (seconds) => round((seconds * 1024) / mib)
  print(`${what}, s per GiB of file`, {
    ...Object.fromEntries([...spent].map(([stage, ms]) => [stage, perGib(ms / 1000)])),
    'all CPU': perGib(cpu),
    wall: perGib(wall),
  })
}
