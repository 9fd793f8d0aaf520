import type { RsaPrivateKey } from '@bitdust/crypto'
import type { Idurl } from '@bitdust/identity'
import type { Transition } from '@bitdust/machine'
import { readConfig } from './config.ts'
import { deviceCommands } from './daemon/commands/devices.ts'
import { fileCommands } from './daemon/commands/files.ts'
import { identityCommands } from './daemon/commands/identity.ts'
import { keyCommands } from './daemon/commands/keys.ts'
import { nodeCommands } from './daemon/commands/node.ts'
import { prune } from './daemon/commands/prune.ts'
import { shareCommands } from './daemon/commands/shares.ts'
import { customerCommands, supplierCommands } from './daemon/commands/suppliers.ts'
import { serveLocalApi } from './daemon/server.ts'
import { folderPaths } from './folder.ts'
import { createNode } from './node.ts'
import { untilStopped } from './until-stopped.ts'
import { createLogger } from './wiring/logger.ts'

/** Everything that the local API offers, by area. */
export const COMMAND_AREAS = {
  node: nodeCommands,
  identity: identityCommands,
  device: deviceCommands,
  files: { ...fileCommands, prune },
  supplier: supplierCommands,
  customer: customerCommands,
  share: shareCommands,
  key: keyCommands,
} as const

export interface ServeNodeOptions {
  readonly directory: string
  /** The master key of a folder that does not hold it. */
  readonly masterKey?: RsaPrivateKey
  /** Steps of machines that ran before the node, such as the registration of its identity. */
  readonly transitions?: readonly Transition[]
  /** Told once, when the node serves. */
  readonly onReady: (ready: {
    readonly idurl: Idurl
    readonly peerId: string
    readonly addresses: readonly string[]
    readonly port: number
  }) => void
}

/** Runs a node with its local API until the process is told to stop. @throws What the node ended with by itself. */
export async function serveNode({ directory, masterKey, transitions = [], onReady }: ServeNodeOptions): Promise<void> {
  const config = await readConfig(folderPaths(directory).config)
  const node = await createNode({
    directory,
    logger: createLogger(config),
    transitions,
    ...(masterKey === undefined ? {} : { masterKey }),
  })
  await node.start()
  const api = await serveLocalApi({ node, areas: COMMAND_AREAS, port: node.config.api.port, file: node.paths.api })
  const { idurl, peerId, addresses } = node.status()
  onReady({ idurl, peerId, addresses, port: api.port })
  await untilStopped(node.stopped)
  await api.stop()
  await node.stop()
  if (node.failure !== undefined) throw node.failure
}
