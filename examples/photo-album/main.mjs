// A photo album whose pictures and videos are kept at suppliers: `node main.mjs ORIGIN FOLDER [PORT]`. ORIGIN is what
// people have in their address bar; behind a proxy that speaks TLS it is https and PORT is where the proxy finds us.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { createSite } from './site.mjs'
import { openStorage } from './storage.mjs'
import { startTrialNetwork } from './trial-network.mjs'

const [address, folder, givenPort] = process.argv.slice(2)
if (address === undefined || folder === undefined || !URL.canParse(address)) {
  console.error('node main.mjs ORIGIN FOLDER [PORT]')
  process.exit(2)
}
const { origin, port: ownPort } = new URL(address)

const halt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => halt.abort())
const { signal } = halt
/** Ends what was started, the last first. */
const ends = []

try {
  // Without settings there are no suppliers yet, so it plays the other people as well.
  const settingsFile = join(folder, 'settings.json')
  const network = existsSync(settingsFile) ? null : await startTrialNetwork(join(folder, 'trial-network'), { signal })
  if (network !== null) ends.push(network.stop)
  const settings = network?.settings ?? JSON.parse(await readFile(settingsFile, 'utf8'))
  const storage = await openStorage({ folder, settings, log, signal })
  ends.push(storage.stop)

  const site = createSite({ origin, customer: storage.customer, log })
  const server = serve({
    fetch: site.fetch,
    port: Number(givenPort || ownPort || 80),
    hostname: '127.0.0.1',
    // A video may take hours to come; whoever sends nothing for two minutes is cut off.
    serverOptions: { maxHeaderSize: 8192, headersTimeout: 10_000, requestTimeout: 0 },
  })
  server.setTimeout(120_000)
  server.maxConnections = 256
  ends.push(() => server.close() && server.closeAllConnections())
  await once(server, 'listening', { signal })
  console.log(origin)
  await once(signal, 'abort')
} catch (error) {
  if (!signal.aborted) throw error
} finally {
  for (const end of ends.reverse()) await end()
}

function log(event) {
  console.log(JSON.stringify(event))
}
