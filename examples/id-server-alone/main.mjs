// An ID-server of one's own: `node main.mjs HOST[:PORT] FOLDER`. It takes names for people who work here only, which is
// what the ready-made `bitdust-idserver` cannot do; everything else is the same.
import { IdServerError, jsonLinesLogger } from '@bitdust/idserver'
import { fileIdentityStore, serveIdServer } from '@bitdust/idserver/node'

const [host, folder] = process.argv.slice(2)
if (host === undefined || folder === undefined) {
  console.error('node main.mjs HOST[:PORT] FOLDER')
  process.exit(2)
}

const people = new Set(['alice', 'bob'])
const files = fileIdentityStore(folder, { maxBytes: 2 ** 20 })
const store = {
  ...files,
  async put(name, bytes) {
    if (!people.has(name)) throw new IdServerError('IdurlForbidden', `${name} does not work here`)
    await files.put(name, bytes)
  },
}

const port = Number(/:(\d+)$/.exec(host)?.[1] ?? 80)
const logger = jsonLinesLogger({ write: (line) => process.stdout.write(line) })
// On the open Internet leave out `allowPrivate`: it is for trying out on one machine.
const server = await serveIdServer({ host, port, address: '127.0.0.1', store, logger, allowPrivate: true })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.stop())
logger.info('listening', { url: server.url })
