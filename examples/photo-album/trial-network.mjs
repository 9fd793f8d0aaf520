import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { prepareFolder, runCli, startNodeProcess } from '@bitdust/node/network'

const SUPPLIERS = ['supplier-1', 'supplier-2', 'supplier-3', 'supplier-4']
const OFFER = '4 GiB'

/**
 * The other people, for trying out: an ID-server and four suppliers, each a process of its own on this machine. They
 * use the same folders and addresses at each start, so the album is still there.
 *
 * @param options.signal - Gives up the start.
 * @returns `settings` for the album, and `stop()`.
 */
export async function startTrialNetwork(folder, { signal }) {
  const processes = []
  async function start(name, args) {
    console.error(`starting ${name}`)
    processes.push(await startNodeProcess(name, join(folder, name), args, { signal }))
  }
  const stop = () => Promise.all(processes.map((one) => one.kill('SIGTERM')))

  const settingsFile = join(folder, 'settings.json')
  const isNew = !existsSync(settingsFile)
  try {
    // What an interrupted first start has left. Nothing is stored there yet.
    if (isNew) await rm(folder, { recursive: true, force: true })
    const idServer = isNew ? `http://127.0.0.1:${await freePort()}` : (await readJson(settingsFile)).idServer
    await mkdir(join(folder, 'id-server'), { recursive: true, mode: 0o700 })
    await start('id-server', ['id-server', '--host', new URL(idServer).host, '--local'])
    if (isNew) {
      const suppliers = []
      for (const name of SUPPLIERS) suppliers.push(await makeSupplier(join(folder, name), name, idServer, signal))
      await writeFile(settingsFile, JSON.stringify({ idServer, suppliers, bytes: 4 * 2 ** 30, local: true }, null, 2))
    }
    // All have ended their start, one way or the other, before any of them is stopped.
    const starts = await Promise.allSettled(SUPPLIERS.map((name) => start(name, ['start'])))
    for (const { reason } of starts) if (reason !== undefined) throw reason
    return { settings: await readJson(settingsFile), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @returns Its IDURL. */
async function makeSupplier(folder, name, idServer, signal) {
  const network = { name: 'trial', local: true, idServers: [idServer], seeds: [] }
  await prepareFolder(folder, { network, roles: { customer: false }, supplier: { offer: OFFER } })
  const { idurl } = await runCli(folder, ['init', name], { signal })
  return idurl
}

async function readJson(file) {
  return JSON.parse(await readFile(file, 'utf8'))
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
