// A web application that is also an ID-server: `node app.mjs HOST[:PORT] FOLDER`. Its own pages come first; every other
// request is the ID-server's, whose addresses are `/NAME.xml` directly under the host.
import { createIdServer } from '@bitdust/idserver'
import { fileIdentityStore } from '@bitdust/idserver/node'
import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'

const [host, folder] = process.argv.slice(2)
if (host === undefined || folder === undefined) {
  console.error('node app.mjs HOST[:PORT] FOLDER')
  process.exit(2)
}

// On the open Internet leave out `allowPrivate`: it is for trying out on one machine.
const idServer = createIdServer({ host, store: fileIdentityStore(folder), allowPrivate: true })
const app = new Hono()
app.get('/hello', (c) => c.text('Hello!'))
app.all('*', (c) => {
  const remoteAddress = getConnInfo(c).remote.address
  return idServer.fetch(c.req.raw, remoteAddress === undefined ? {} : { remoteAddress })
})

const port = Number(/:(\d+)$/.exec(host)?.[1] ?? 80)
// The handler counts bodies and uploads; headers, slow senders and the number of sockets are the business of the server.
const serverOptions = { maxHeaderSize: 8 * 1024, headersTimeout: 10_000, requestTimeout: 15_000 }
const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1', serverOptions })
server.maxConnections = 256
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
server.once('listening', () => console.log(`http://${idServer.host}`))
