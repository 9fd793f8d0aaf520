import { addIdServerOptions, idServerOptions } from '@bitdust/idserver/command'
import type { Command } from 'commander'
import { NodeError } from '../errors.ts'
import { serveIdServerAlone } from '../id-server.ts'
import { startLocalNetwork } from '../local-network/local-network.ts'
import { parseSize } from '../units.ts'
import { untilStopped } from '../until-stopped.ts'
import { action } from './command-line.ts'
import { table } from './output.ts'

/** `id-server`, `seed` and `network`: what runs without an identity of one's own. */
export function addServerCommands(program: Command): void {
  const idServer = addIdServerOptions(program.command('id-server').description('run an ID-server alone'))
  action(idServer, async ({ folder, output }) => {
    await serveIdServerAlone({
      directory: folder,
      ...idServerOptions(idServer),
      onReady: (ready) => output.result({ event: 'ready', ...ready }, ({ url }) => `ID-server at ${url}`),
    })
  })

  const seed = program
    .command('seed')
    .description('run a node of the DHT through which others enter the network')
    .option('--listen <multiaddr...>', 'addresses to listen on', ['/ip4/0.0.0.0/tcp/7771'])
    .option('--local', 'for a network on one machine or LAN: private addresses are allowed', false)
  action(seed, async ({ folder, output }) => {
    const options = seed.opts<{ listen: string[]; local: boolean }>()
    const { serveSeed } = await import('../seed.ts')
    await serveSeed({
      directory: folder,
      ...options,
      onReady: (ready) =>
        output.result({ event: 'ready', ...ready }, ({ addresses }) => `seed at ${addresses.join(', ')}`),
    })
  })

  const network = program
    .command('network')
    .description('run a whole network on this machine, every node a process of its own, to try things out')
    .option('--nodes <number>', 'how many nodes', '5')
    .option('--offer <size>', 'disk space that each node lends', '10 GiB')
  action(network, async ({ folder, output, signal }) => {
    const { nodes, offer } = network.opts<{ nodes: string; offer: string }>()
    parseSize(offer)
    const names = Array.from({ length: nodeCount(nodes) }, (_, index) => `node-${index + 1}`)
    const running = await startLocalNetwork({
      directory: folder,
      nodes: Object.fromEntries(names.map((name) => [name, { supplier: { offer } }])),
      signal,
      onProgress: (text) => output.note(`starting ${text}`),
    })
    const started = [...running.nodes.values()].map(({ name, folder: place, idurl }) => ({
      name,
      folder: place,
      idurl,
    }))
    output.result({ event: 'ready', nodes: started }, () => describeNetwork(started))
    await untilStopped()
    await running.stop()
  })
}

/** A local network has as many nodes as a small machine can start; each takes about 100 MiB. */
const MAX_LOCAL_NODES = 100

function nodeCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= MAX_LOCAL_NODES) return count
  throw new NodeError('ConfigInvalid', `${text} is not a number of nodes from 1 to ${MAX_LOCAL_NODES}`)
}

function describeNetwork(
  nodes: readonly { readonly name: string; readonly folder: string; readonly idurl: string }[],
): string {
  const [first] = nodes
  return [
    table(
      ['NODE', 'IDURL', 'FOLDER'],
      nodes.map(({ name, idurl, folder }) => [name, idurl, folder]),
    ),
    'Talk to a node by naming its folder, for example:',
    `  bitdust supplier hire 4 --folder ${first?.folder}`,
    `  bitdust put FILE --folder ${first?.folder}`,
    'Ctrl-C stops all of it. The folders stay.',
  ].join('\n')
}
