import { isBitdustError } from '@bitdust/crypto'
import { jsonLinesLogger } from '@bitdust/idserver'
import { type RunIdServerOptions, runIdServer } from '@bitdust/idserver/command'
import { type RunningIdServer, startIdServer } from '@bitdust/idserver/node'
import type { Config } from './config.ts'
import { NodeError } from './errors.ts'
import { type FolderPaths, openFolder } from './folder.ts'
import { parseSize } from './units.ts'
import type { NodeLogger } from './wiring/logger.ts'

export interface IdServerAloneOptions extends Omit<RunIdServerOptions, 'folder' | 'logger' | 'onListening'> {
  readonly directory: string
  readonly onReady: (ready: { readonly url: string; readonly port: number }) => void
}

/**
 * Runs an ID-server until the process is told to stop. Documents are kept in the folder's `idserver/`; the log goes to
 * standard error as JSON lines.
 */
export async function serveIdServerAlone({ directory, onReady, ...options }: IdServerAloneOptions): Promise<void> {
  const folder = await openFolder(directory)
  try {
    await runIdServer({
      ...options,
      folder: folder.paths.idserver,
      logger: jsonLinesLogger({ write: (line) => process.stderr.write(line) }),
      onListening: ({ url, host, port }) => onReady({ url: `${new URL(url).protocol}//${host}`, port }),
    })
  } finally {
    folder.release()
  }
}

/**
 * Starts the ID-server that is a role of a node, as the settings `idserver.*` say.
 *
 * @throws {NodeError} `ConfigInvalid` naming the setting that cannot be.
 */
export async function startOwnIdServer(
  { idserver, network }: Config,
  paths: FolderPaths,
  logger: NodeLogger,
): Promise<RunningIdServer> {
  const { host, port, address, tlsCert, tlsKey, trustedProxies, quota, maxIdentities } = idserver
  if ((tlsCert === '') !== (tlsKey === '')) throw wrong('tlsCert', 'and idserver.tlsKey go together')
  try {
    return await startIdServer({
      host,
      port,
      folder: paths.idserver,
      ...(address === '' ? {} : { address }),
      ...(tlsCert === '' ? {} : { tlsCert, tlsKey }),
      trustedProxies,
      maxBytes: parseSize(quota),
      maxIdentities,
      local: network.local,
      logger: { info: logger.info, warn: logger.warn, error: logger.warn },
    })
  } catch (error) {
    if (isBitdustError(error, 'IdurlForbidden')) throw wrong('host', `cannot be: ${error.message}`, error)
    if (error instanceof RangeError) throw wrong('trustedProxies', `cannot be: ${error.message}`, error)
    throw error
  }
}

function wrong(setting: string, what: string, cause?: unknown): NodeError {
  const subject = `idserver.${setting}`
  return new NodeError('ConfigInvalid', `${subject} ${what}`, { subject, cause })
}
