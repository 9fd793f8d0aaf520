import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startLocalNetwork } from '@bitdust/node/network'
import { randomFile } from './data.mjs'
import { usageOf } from './usage.mjs'

/** Peak memory of customer and suppliers after `put` and `get` of files of several sizes, each in a network of its own. */
export async function benchMemory({ directory, sizes, suppliers, print }) {
  for (const mib of sizes) {
    const folder = join(directory, `memory-${mib}`)
    const offer = { supplier: { offer: '16 GiB' } }
    const names = Array.from({ length: suppliers }, (_, index) => `supplier-${index + 1}`)
    const network = await startLocalNetwork({
      directory: folder,
      nodes: { ...Object.fromEntries(names.map((name) => [name, offer])), alice: {} },
    })
    try {
      const alice = network.nodes.get('alice')
      const idle = usageOf(alice.process.pid).peakMib
      await alice.cli(['supplier', 'hire', String(suppliers), '--needed', `${mib * 2} MiB`])
      await alice.cli(['put', await randomFile(join(folder, 'input'), mib), 'file'])
      await alice.cli(['get', 'file', join(folder, 'output')])
      const peaks = names.map((name) => usageOf(network.nodes.get(name).process.pid).peakMib)
      print(`memory, ${mib} MiB, ${suppliers} suppliers`, {
        'customer idle MiB': Math.round(idle),
        'customer peak MiB': Math.round(usageOf(alice.process.pid).peakMib),
        'supplier peak MiB': Math.round(Math.max(...peaks)),
      })
    } finally {
      await network.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
