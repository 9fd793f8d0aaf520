import { join } from 'node:path'
import { startLocalNetwork } from '@bitdust/node/network'
import { nodeOf } from '../network.mjs'
import { ID_SERVERS, SETTINGS, SOURCES, SUPPLIERS } from '../settings.mjs'
import { check } from '../step-error.mjs'

/** @type {import('../world.mjs').Step} */
export const startNetwork = {
  title: `${SUPPLIERS} suppliers, Alice, Bob, ${ID_SERVERS} ID-servers and a DHT seed start`,
  async run({ folder, signal, progress, note, onEnd }) {
    const names = Array.from({ length: SUPPLIERS }, (_, index) => `supplier-${index + 1}`)
    const suppliers = Object.fromEntries(names.map((name) => [name, SETTINGS.supplier]))
    const network = await startLocalNetwork({
      directory: join(folder, 'network'),
      idServers: ID_SERVERS,
      nodes: { ...suppliers, alice: SETTINGS.alice, bob: SETTINGS.bob },
      signal,
      onProgress: (what) => progress(`starting ${what}`),
    })
    onEnd(() => network.stop())

    const servers = network.idServers.map(({ ready }) => String(ready.url))
    for (const name of network.nodes.keys()) {
      const statuses = await Promise.all(servers.map((server) => statusOf(`${server}/${name}.xml`, signal)))
      const wanted = servers.map((_, index) => (index < SOURCES ? 200 : 404))
      check(
        statuses.join() === wanted.join(),
        `the ID-servers answer ${statuses.join(', ')} for ${name}, expected ${wanted.join(', ')}`,
      )
    }
    note(`${network.nodes.size} identities, each on the first ${SOURCES} ID-servers; the third holds none`)
    return { found: { network, alice: nodeOf(network, 'alice'), bob: nodeOf(network, 'bob') } }
  },
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function statusOf(url, signal) {
  const response = await fetch(url, { method: 'HEAD', signal })
  return response.status
}
