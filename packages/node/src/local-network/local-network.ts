import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { completeConfig, mergeConfig, type PartialConfig, writeConfig } from '../config.ts'
import { NodeError } from '../errors.ts'
import { openFolder } from '../folder.ts'
import { type NodeProcess, startNodeProcess } from './node-process.ts'
import { runCli } from './run-cli.ts'

/** What a local network consists of. All processes are on loopback. */
export interface LocalNetworkOptions {
  /** Folder under which every process gets a data folder of its own. Made if missing. */
  readonly directory: string
  /** Number of ID-servers. @default 1 */
  readonly idServers?: number
  /** Names of the nodes to make, `supplier-1`, `alice`, …, with what differs from {@link LOCAL_DEFAULTS}. */
  readonly nodes: Readonly<Record<string, PartialConfig>>
  readonly signal?: AbortSignal
  /** Told what is being started. */
  readonly onProgress?: (text: string) => void
}

/** A node of a local network. */
export interface LocalNode {
  readonly name: string
  readonly folder: string
  readonly process: NodeProcess | null
  readonly idurl: string
  /** Runs a CLI command against this node, as a process of its own. */
  cli(
    args: readonly string[],
    options?: { signal?: AbortSignal; onProgress?: (event: Record<string, unknown>) => void },
  ): Promise<unknown>
  start(): Promise<void>
  kill(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/** A running network. */
export interface LocalNetwork {
  readonly directory: string
  readonly idServers: readonly NodeProcess[]
  readonly seed: NodeProcess
  readonly nodes: ReadonlyMap<string, LocalNode>
  /** The configuration with which a further node joins. */
  config(change?: PartialConfig): PartialConfig
  /** Makes and starts one more node. */
  add(name: string, change?: PartialConfig): Promise<LocalNode>
  /** Stops every process. Idempotent. */
  stop(): Promise<void>
}

/** How a node of a local network differs from the defaults: everything happens faster. */
export const LOCAL_DEFAULTS: PartialConfig = {
  network: { name: 'local', local: true },
  customer: { pingEvery: '1 s', replaceAfter: '5 s', repairEvery: '30 s', needed: '4 GiB' },
  identity: { checkEvery: '2 s' },
}

/** Nodes started at the same time: starting is nearly all CPU. */
const PARALLEL_STARTS = 3

/** Starts ID-servers, a DHT seed and nodes, each as a process of its own. */
export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  const { directory, onProgress = () => undefined } = options
  const halt = new AbortController()
  const signal = options.signal === undefined ? halt.signal : AbortSignal.any([options.signal, halt.signal])
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const processes: NodeProcess[] = []
  const nodes = new Map<string, LocalNode>()
  const starting: Promise<unknown>[] = []
  const stop = async () => {
    halt.abort(new NodeError('Cancelled', 'the network is being stopped'))
    // What is being started just now would otherwise be left running.
    await Promise.allSettled(starting)
    await Promise.all([...nodes.values()].map((node) => node.kill('SIGTERM')))
    await Promise.all(processes.map((process) => process.kill('SIGTERM')))
  }
  const tracked = <T>(start: Promise<T>): Promise<T> => {
    starting.push(start)
    return start
  }
  const startOne = async (name: string, args: readonly string[]) => {
    const folder = join(directory, name)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const started = await startNodeProcess(name, folder, args, { signal })
    processes.push(started)
    return started
  }

  try {
    onProgress(`${options.idServers ?? 1} ID-servers and the DHT seed`)
    const idServers = await Promise.all(
      Array.from({ length: options.idServers ?? 1 }, async (_, index) =>
        tracked(
          startOne(`id-server-${index + 1}`, ['id-server', '--host', `127.0.0.1:${await freePort()}`, '--local']),
        ),
      ),
    )
    const seed = await startOne('seed', ['seed', '--listen', `/ip4/127.0.0.1/tcp/${await freePort()}`, '--local'])
    const joining = mergeConfig(LOCAL_DEFAULTS, {
      network: { idServers: idServers.map(({ ready }) => ready.url), seeds: seed.ready.addresses },
    }) as PartialConfig
    const config = (change: PartialConfig = {}) => mergeConfig(joining, change) as PartialConfig

    const add = async (name: string, change: PartialConfig = {}) => {
      signal.throwIfAborted()
      onProgress(name)
      const folder = join(directory, name)
      await prepareFolder(folder, config(change))
      const made = (await runCli(folder, ['init', name], { signal })) as { idurl: string }
      const node = createLocalNode(name, folder, made.idurl, signal)
      await node.start()
      nodes.set(name, node)
      return node
    }
    const waiting = Object.entries(options.nodes)
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await add(...next)
    }
    await Promise.all(Array.from({ length: PARALLEL_STARTS }, () => tracked(work())))
    return { directory, idServers, seed, nodes, config, add: (...node) => tracked(add(...node)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Writes the configuration of a node that has a port of its own on loopback. */
export async function prepareFolder(folder: string, change: PartialConfig): Promise<void> {
  const listen = [`/ip4/127.0.0.1/tcp/${await freePort()}`]
  const opened = await openFolder(folder)
  try {
    await writeConfig(opened.paths.config, completeConfig(mergeConfig({ listen }, change)))
  } finally {
    opened.release()
  }
}

function createLocalNode(name: string, folder: string, idurl: string, signal: AbortSignal): LocalNode {
  let process: NodeProcess | null = null
  let starting: Promise<NodeProcess> | undefined
  return {
    name,
    folder,
    idurl,
    get process() {
      return process
    },
    cli: (args, options = {}) => runCli(folder, args, { signal, ...options }),
    async start() {
      if (process?.running) return
      starting = startNodeProcess(name, folder, ['start'], { signal })
      process = await starting
    },
    async kill(kind = 'SIGTERM') {
      // Only to wait for it: whoever called `start` got the error.
      await starting?.catch(() => undefined)
      await process?.kill(kind)
    },
  }
}

/** A port that was free a moment ago. Chosen once and kept in the configuration, so that contacts stay valid. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address')
  return address.port
}
