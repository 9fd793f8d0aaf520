import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { concatBytes, type RsaPrivateKey, utf8Decode } from '@bitdust/crypto'
import type { SourceReport } from '@bitdust/identity'
import type { MachineObserver, Transition } from '@bitdust/machine'
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
import { needsPassphrase, parseMasterKey, readMasterKeyFile } from '../master-key.ts'
import { MAX_KEY_FILE_BYTES, readOwnIdentity, requireKeyOf } from '../metadata.ts'
import { findNetwork } from '../networks.ts'
import { formatSize } from '../units.ts'
import { askPassphrase, askPassphraseOnTerminal } from './ask.ts'
import { action } from './command-line.ts'
import { safeText, table } from './output.ts'
import { showSource } from './show-source.ts'

interface Status {
  readonly idurl: string
  readonly fingerprint: string
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly suppliers: readonly { position: number; state: string }[]
  readonly customers: number
  readonly lent: { readonly offered: number; readonly granted: number; readonly used: number }
  readonly sourceStates: readonly SourceReport[]
  readonly dhtPeers: number
  readonly masterKey: string
  readonly notices: readonly string[]
}

const MASTER_KEY_IS: Readonly<Record<string, string>> = {
  folder: 'in the data folder',
  given: 'given at the start, in memory only',
  elsewhere: 'not on this device',
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
    .option('--master-key <file>', 'the master key, when it is not in the folder: a key file, or - for standard input')
  action(start, async ({ folder, output, signal }) => {
    const { detach, masterKey: keyFile } = start.opts<{ detach: boolean; masterKey?: string }>()
    const transitions: Transition[] = []
    if (keyFile === undefined && !(await isInitialized(folder)))
      await askAndInit(folder, { signal, onTransition: (transition) => transitions.push(transition) })
    const masterKey = keyFile === undefined ? undefined : await readGivenMasterKey(folder, keyFile, signal)
    if (detach) output.result(await startDetached(folder, masterKey), ({ pid }) => `running as process ${pid}`)
    else {
      const { serveNode } = await import('../serve-node.ts')
      await serveNode({
        directory: folder,
        transitions,
        ...(masterKey === undefined ? {} : { masterKey }),
        onReady: (ready) => output.result({ event: 'ready', ...ready }, () => `running: ${ready.idurl}`),
      })
    }
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
    config.command('network <name|file>').description('use a known network, or one that a file describes'),
    async ({ folder, output }, name: string) => {
      const file = await makeFolder(folder)
      const network = await findNetwork(name)
      await writeConfig(file, completeConfig(mergeConfig(await readConfig(file), { network })))
      output.result(network, () => `using ${network.name}`)
      if (network.idServers.length === 0)
        output.note(`${network.name} names no ID-server; docs/networks.md tells how to make a network of your own`)
    },
  )
}

function showStatus(status: Status): string {
  const reached = status.suppliers.filter(({ state }) => state === 'connected').length
  return [
    safeText(status.idurl),
    `fingerprint ${status.fingerprint}`,
    `listening on ${status.addresses.join(', ')}`,
    'published at',
    ...status.sourceStates.map((source) => `  ${showSource(source)}`),
    `suppliers ${reached} of ${status.suppliers.length} connected`,
    `lending ${formatSize(status.lent.offered)}, ${formatSize(status.lent.used)} of ${formatSize(status.lent.granted)} granted in use by ${status.customers} customers`,
    `DHT peers ${status.dhtPeers}`,
    `master key ${MASTER_KEY_IS[status.masterKey] ?? status.masterKey}`,
    ...status.notices.map((notice) => `note: ${safeText(notice)}`),
  ].join('\n')
}

async function askAndInit(
  folder: string,
  { signal, onTransition }: { readonly signal: AbortSignal; readonly onTransition: MachineObserver },
): Promise<void> {
  if (!process.stdin.isTTY)
    throw new NodeError(
      'NotInitialized',
      `${folder} has no identity yet; make one with: bitdust init NAME --folder ${folder}`,
    )
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const name = await prompt.question('Your name in the network (a-z, 0-9, - and _): ', { signal })
    await initNode({ directory: folder, name: name.trim(), idServers: [], signal, onTransition })
  } finally {
    prompt.close()
  }
}

/** Starts the same program again without a terminal and waits until it serves. A given master key goes through a pipe. */
async function startDetached(folder: string, masterKey: RsaPrivateKey | undefined): Promise<{ pid: number }> {
  const log = openSync(join(folderPaths(folder).logs, 'node.log'), 'a', 0o600)
  const program = fileURLToPath(import.meta.resolve('@bitdust/node/bin'))
  const given = masterKey === undefined ? [] : ['--master-key', '-']
  const child = spawn(process.execPath, [program, 'start', '--folder', folder, '--json', ...given], {
    detached: true,
    stdio: [masterKey === undefined ? 'ignore' : 'pipe', 'pipe', log],
  })
  const { stdin, stdout } = child
  if (stdout === null) throw new TypeError('standard output is a pipe')
  const ready = new Promise<boolean>((resolve) => {
    stdout.once('data', () => resolve(true))
    child.once('exit', () => resolve(false))
  })
  if (masterKey !== undefined) stdin?.on('error', () => undefined).end(await masterKey.toPem('pkcs8'))
  if (!(await ready))
    throw new NodeError('Internal', `the node ended at once; ${join(folderPaths(folder).logs, 'node.log')} tells why`)
  stdout.destroy()
  child.unref()
  return { pid: child.pid ?? 0 }
}

/** The key named by `--master-key`, known to be the identity's. */
async function readGivenMasterKey(folder: string, file: string, signal: AbortSignal): Promise<RsaPrivateKey> {
  const paths = folderPaths(folder)
  const { network } = await readConfig(paths.config)
  const { identity } = await readOwnIdentity(paths, { allowPrivate: network.local })
  const fromInput = file === '-'
  const text = fromInput ? await readAll(process.stdin) : await readMasterKeyFile(resolve(file))
  const question = 'Passphrase of the master key: '
  const ask = fromInput ? askPassphraseOnTerminal : askPassphrase
  const masterKey = await parseMasterKey(text, needsPassphrase(text) ? await ask(question, signal) : undefined)
  requireKeyOf(identity, masterKey)
  return masterKey
}

/** Standard input to its end, as far as a key file is long. */
async function readAll(input: NodeJS.ReadStream): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of input as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > MAX_KEY_FILE_BYTES)
      throw new NodeError('LimitExceeded', `a key file has at most ${MAX_KEY_FILE_BYTES} bytes`)
    chunks.push(chunk)
  }
  return utf8Decode(concatBytes(...chunks))
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
