import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { type Command, InvalidArgumentError } from 'commander'
import {
  completeConfig,
  getSetting,
  listSettings,
  mergeConfig,
  readConfig,
  setSetting,
  writeConfig,
} from '../config.ts'
import { NodeError } from '../errors.ts'
import { folderPaths, isInitialized, openFolder } from '../folder.ts'
import { initNode } from '../init.ts'
import { findNetwork } from '../networks.ts'
import { serveNode } from '../serve-node.ts'
import { formatSize } from '../units.ts'
import { action } from './command-line.ts'
import { safeText, table } from './output.ts'

interface Status {
  readonly idurl: string
  readonly fingerprint: string
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly suppliers: readonly { position: number; state: string }[]
  readonly customers: number
  readonly lent: { readonly offered: number; readonly granted: number; readonly used: number }
  readonly sources: readonly string[]
  readonly dhtPeers: number
}

/** `init`, `start`, `stop`, `status`, `machines`, `ping`, `config …`. */
export function addNodeCommands(program: Command): void {
  const init = program
    .command('init <name>')
    .description('make an identity: a key on this machine, and a signed file on ID-servers')
    .option('--id-server <url>', 'ID-server to use (repeatable)', collect, [])
  action(init, async ({ folder, output, signal }, name: string) => {
    const made = await initNode({
      directory: folder,
      name,
      idServers: init.opts<{ idServer: string[] }>().idServer,
      signal,
    })
    output.result(made, ({ idurl, fingerprint }) => `${idurl}\nfingerprint ${fingerprint}`)
    output.note(
      `The master key in ${folderPaths(folder).metadata} is the only way back to your data.\nWrite a copy now and keep it somewhere safe: bitdust identity backup FILE`,
    )
  })

  const start = program
    .command('start')
    .description('run the node in the foreground')
    .option('--detach', 'run it in the background', false)
  action(start, async ({ folder, output, signal }) => {
    if (!(await isInitialized(folder))) await askAndInit(folder, signal)
    if (start.opts<{ detach: boolean }>().detach)
      output.result(await startDetached(folder), ({ pid }) => `running as process ${pid}`)
    else
      await serveNode({
        directory: folder,
        onReady: (ready) => output.result({ event: 'ready', ...ready }, () => `running: ${ready.idurl}`),
      })
  })
  action(program.command('stop').description('stop the running node'), async ({ call, output }) => {
    output.result(await call('node/stop'), () => 'stopped')
  })
  action(program.command('status').description('what the node is doing'), async ({ call, output }) => {
    output.result((await call('node/status')) as Status, showStatus)
  })
  action(
    program.command('machines').description('state machines and their current states'),
    async ({ call, output }) => {
      output.result(
        (await call('node/machines')) as { machines: { name: string; state: string; since: number }[] },
        ({ machines }) =>
          table(
            ['MACHINE', 'STATE', 'SINCE'],
            machines.map(({ name, state, since }) => [name, state, new Date(since).toISOString()]),
          ),
      )
    },
  )
  action(
    program.command('ping <user>').description('reach somebody: an IDURL or user@host'),
    async ({ call, output }, user: string) => {
      const answer = (await call('node/ping', { user })) as { idurl: string; fingerprint: string; ms: number }
      output.result(answer, ({ idurl, fingerprint, ms }) => `${idurl} answered in ${ms} ms\nfingerprint ${fingerprint}`)
    },
  )

  const config = program
    .command('config')
    .description('settings of the node; a running one takes them at its next start')
  action(config.command('list').description('all settings'), async ({ folder, output }) => {
    const settings = listSettings(await readConfig(folderPaths(folder).config))
    output.result(Object.fromEntries(settings), () =>
      settings.map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join('\n'),
    )
  })
  action(config.command('get <key>').description('one setting'), async ({ folder, output }, key: string) => {
    output.result(getSetting(await readConfig(folderPaths(folder).config), key), (value) => JSON.stringify(value))
  })
  action(
    config.command('set <key> <value>').description('change a setting; the value is JSON or text'),
    async ({ folder, output }, key: string, value: string) => {
      const file = await makeFolder(folder)
      await writeConfig(file, setSetting(await readConfig(file), key, value))
      output.result({ key }, () => `${key} is set`)
    },
  )
  action(
    config.command('network <name>').description('use a known network, or one described in a FILE'),
    async ({ folder, output }, name: string) => {
      const file = await makeFolder(folder)
      const network = await findNetwork(name)
      await writeConfig(file, completeConfig(mergeConfig(await readConfig(file), { network })))
      output.result(network, () => `using ${network.name}`)
    },
  )
}

function showStatus(status: Status): string {
  const reached = status.suppliers.filter(({ state }) => state === 'connected').length
  return [
    safeText(status.idurl),
    `fingerprint ${status.fingerprint}`,
    `listening on ${status.addresses.join(', ')}`,
    `ID-servers ${status.sources.join(', ')}`,
    `suppliers ${reached} of ${status.suppliers.length} connected`,
    `lending ${formatSize(status.lent.offered)}, ${formatSize(status.lent.used)} of ${formatSize(status.lent.granted)} granted in use by ${status.customers} customers`,
    `DHT peers ${status.dhtPeers}`,
  ].join('\n')
}

async function askAndInit(folder: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY)
    throw new NodeError(
      'NotInitialized',
      `${folder} has no identity yet; make one with: bitdust init NAME --folder ${folder}`,
    )
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const name = await prompt.question('Your name in the network (a-z, 0-9, - and _): ', { signal })
    await initNode({ directory: folder, name: name.trim(), idServers: [], signal })
  } finally {
    prompt.close()
  }
}

/** Starts the same program again without a terminal and waits until it serves. */
async function startDetached(folder: string): Promise<{ pid: number }> {
  const log = openSync(join(folderPaths(folder).logs, 'node.log'), 'a', 0o600)
  const program = fileURLToPath(import.meta.resolve('@bitdust/node/bin'))
  const child = spawn(process.execPath, [program, 'start', '--folder', folder, '--json'], {
    detached: true,
    stdio: ['ignore', 'pipe', log],
  })
  const { stdout } = child
  if (stdout === null) throw new TypeError('standard output is a pipe')
  const ready = await new Promise<boolean>((resolve) => {
    stdout.once('data', () => resolve(true))
    child.once('exit', () => resolve(false))
  })
  if (!ready)
    throw new NodeError('Internal', `the node ended at once; ${join(folderPaths(folder).logs, 'node.log')} tells why`)
  stdout.destroy()
  child.unref()
  return { pid: child.pid ?? 0 }
}

async function makeFolder(folder: string): Promise<string> {
  const opened = await openFolder(folder).catch((error: unknown) => {
    if (error instanceof NodeError && error.code === 'FolderInUse') return null
    throw error
  })
  opened?.release()
  return folderPaths(folder).config
}

function collect(value: string, previous: string[]): string[] {
  if (!/^https?:\/\//.test(value)) throw new InvalidArgumentError('an ID-server is named as http://host[:port]')
  return [...previous, value]
}
