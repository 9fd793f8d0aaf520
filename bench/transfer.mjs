import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { startLocalNetwork } from '@bitdust/node/network'
import { startCopyNetwork } from './copy-network.mjs'
import { randomFile } from './data.mjs'
import { printStages } from './stages.mjs'
import { measure, median } from './usage.mjs'

/** `put` and `get` with supplier processes, interleaved with plain libp2p copies of the same expanded bytes. */
export async function benchTransfer({ directory, mib, suppliers, rounds, print }) {
  const file = await randomFile(join(directory, 'input'), mib)
  const { size } = await stat(file)
  const copy = await startCopyNetwork({ n: suppliers, file, size, folder: directory })
  const offer = { supplier: { offer: '16 GiB' } }
  const names = Array.from({ length: suppliers }, (_, index) => `supplier-${index + 1}`)
  const network = await startLocalNetwork({
    directory: join(directory, 'network'),
    nodes: { ...Object.fromEntries(names.map((name) => [name, offer])), alice: { customer: { repairEvery: '1 h' } } },
  })
  try {
    const alice = network.nodes.get('alice')
    await alice.cli(['supplier', 'hire', String(suppliers), '--needed', `${mib * (rounds + 3)} MiB`])
    const others = names.map((name) => network.nodes.get(name).process.pid)
    const pids = [alice.process.pid, ...others]
    const runs = { put: [], get: [], copyPut: [], copyGet: [] }
    for (let round = 0; round < rounds; round++) {
      // Fresh bytes each time: what the suppliers have already would not be sent again.
      await randomFile(file, mib)
      runs.copyPut.push(await measure(copy.pids, () => copy.put()))
      runs.put.push(await measure(pids, () => alice.cli(['put', file, `round-${round}`])))
      runs.copyGet.push(await measure(copy.pids, () => copy.get()))
      runs.get.push(
        await measure(pids, () => alice.cli(['get', `round-${round}`, join(directory, `restored-${round}`)])),
      )
    }
    for (const name of ['put', 'get']) {
      const limit = runs[name === 'put' ? 'copyPut' : 'copyGet']
      const speed = median(runs[name].map(({ wall }, index) => limit[index].wall / wall))
      const cpu = median(runs[name].map((run, index) => run.cpu / limit[index].cpu))
      print(`${name} ${mib} MiB, ${suppliers} suppliers`, {
        'MiB/s': round(mib / median(runs[name].map(({ wall }) => wall))),
        'libp2p copy MiB/s': round(mib / median(limit.map(({ wall }) => wall))),
        'speed / copy': round(speed),
        'CPU s': round(median(runs[name].map((run) => run.cpu))),
        'CPU / copy': round(cpu),
        ...(name === 'put' ? { 'customer CPU s': round(median(runs.put.map(({ first }) => first))) } : {}),
      })
    }
    await alice.kill('SIGTERM')
    await randomFile(file, mib)
    const what = `put ${mib} MiB, ${suppliers} suppliers, step by step`
    await printStages({ folder: alice.folder, file, mib, print, what })
  } finally {
    await network.stop()
    await copy.stop()
  }
}

const round = (value) => Number(value.toFixed(2))
