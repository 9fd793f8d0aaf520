// A reference node out of the published package: `node start.mjs FOLDER NAME [CONFIG]`. At the first start the settings
// in CONFIG are copied to the data folder and NAME gets an identity; later both are taken from there.
import { constants } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createLogger, createNode, initNode } from '@bitdust/node'

const [directory, name, config = join(import.meta.dirname, 'config.json')] = process.argv.slice(2)
if (directory === undefined || name === undefined) {
  console.error('node start.mjs FOLDER NAME [CONFIG]')
  process.exit(2)
}

await mkdir(directory, { recursive: true, mode: 0o700 })
await ignoring('EEXIST', copyFile(config, join(directory, 'config.json'), constants.COPYFILE_EXCL))
await ignoring('AlreadyInitialized', initNode({ directory, name, idServers: [] }))

const node = await createNode({ directory, logger: createLogger({ log: { level: 'warn' } }) })
await node.start()
const { idurl, addresses, lent } = node.status()
console.log(JSON.stringify({ event: 'ready', idurl, addresses, offered: lent.offered }))

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => node.stop())
await node.stopped

/** Waits for something that may have been done already at an earlier start. */
async function ignoring(code, done) {
  await done.catch((error) => {
    if (error.code !== code) throw error
  })
}
