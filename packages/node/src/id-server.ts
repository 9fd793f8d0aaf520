import { fileIdentityStore, serveIdServer } from '@bitdust/idserver/node'
import { systemClock } from '@bitdust/machine'
import { NodeError } from './errors.ts'
import { openFolder } from './folder.ts'
import { untilStopped } from './until-stopped.ts'

export interface IdServerAloneOptions {
  readonly directory: string
  /** `host` or `host:port` as it stands in IDURLs. */
  readonly host: string
  /** @default the port of `host`, or 80 */
  readonly port?: string
  /** IP address to listen on. @default all, or loopback with `local` */
  readonly address?: string
  readonly local: boolean
  readonly onReady: (ready: { readonly url: string; readonly port: number }) => void
}

/** Runs an ID-server until the process is told to stop. Documents are kept in the folder's `idserver/`. */
export async function serveIdServerAlone({
  directory,
  host,
  port,
  address,
  local,
  onReady,
}: IdServerAloneOptions): Promise<void> {
  const folder = await openFolder(directory)
  try {
    const store = await fileIdentityStore(folder.paths.idserver)
    const server = await serveIdServer({
      host,
      port: portNumber(port ?? /:(\d+)$/.exec(host)?.[1] ?? '80'),
      address: address ?? (local ? '127.0.0.1' : '0.0.0.0'),
      store,
      clock: systemClock,
      allowPrivate: local,
    })
    onReady({ url: `http://${server.host}`, port: server.port })
    await untilStopped()
    await server.stop()
  } finally {
    folder.release()
  }
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new NodeError('ConfigInvalid', `${text} is not a port`)
}
