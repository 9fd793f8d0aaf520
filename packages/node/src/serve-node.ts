import type { Idurl } from '@bitdust/identity'
import { readConfig } from './config.ts'
import { fileCommands } from './daemon/commands/files.ts'
import { identityCommands } from './daemon/commands/identity.ts'
import { nodeCommands } from './daemon/commands/node.ts'
import { keyCommands, shareCommands } from './daemon/commands/shares.ts'
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
  files: fileCommands,
  supplier: supplierCommands,
  customer: customerCommands,
  share: shareCommands,
  key: keyCommands,
} as const

export interface ServeNodeOptions {
  readonly directory: string
  /** Told once, when the node serves. */
  readonly onReady: (ready: {
    readonly idurl: Idurl
    readonly peerId: string
    readonly addresses: readonly string[]
    readonly port: number
  }) => void
}

/** Runs a node with its local API until the process is told to stop. */
export async function serveNode({ directory, onReady }: ServeNodeOptions): Promise<void> {
  const config = await readConfig(folderPaths(directory).config)
  const node = await createNode({ directory, logger: createLogger(config) })
  await node.start()
  const api = await serveLocalApi({ node, areas: COMMAND_AREAS, port: node.config.api.port, file: node.paths.api })
  const { idurl, peerId, addresses } = node.status()
  onReady({ idurl, peerId, addresses, port: api.port })
  await untilStopped(node.stopped)
  await api.stop()
  await node.stop()
}
