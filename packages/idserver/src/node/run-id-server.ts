import { readFile } from 'node:fs/promises'
import { jsonLinesLogger } from '../json-lines-logger.ts'
import type { Logger } from '../logger.ts'
import { fileIdentityStore } from './file-identity-store.ts'
import { type RunningIdServer, serveIdServer, type TlsCertificate } from './serve-id-server.ts'

export interface RunOptions {
  /** See {@link IdServerOptions.host}. */
  readonly host: string
  readonly folder: string
  readonly port: number
  readonly address: string
  /** PEM files; both or none. */
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly trustedProxies: readonly string[]
  readonly maxBytes?: number
  readonly maxIdentities?: number
  /** Allows private addresses. */
  readonly local: boolean
}

/**
 * Runs an ID-server until the process is told to stop by SIGTERM or SIGINT; then requests under way end first.
 *
 * @throws The system's error when the folder, the certificate or the port cannot be used.
 */
export async function runIdServer(options: RunOptions): Promise<void> {
  const { host, folder, port, address, trustedProxies, local } = options
  // A log that nobody reads any more is no reason to stop serving.
  process.stdout.on('error', () => {})
  const logger = jsonLinesLogger({ write: (line) => process.stdout.write(line) })
  const store = fileIdentityStore(folder, options)
  const { identities, bytes } = await store.usage()
  const readCertificate = certificateReader(options)
  const server = await serveIdServer({
    host,
    port,
    address,
    store,
    trustedProxies,
    allowPrivate: local,
    logger,
    ...(readCertificate === null ? {} : { tls: await readCertificate() }),
  })
  const stopReloading = readCertificate === null ? () => {} : reloadAtSighup(server, readCertificate, logger)
  const told = untilTold()
  logger.info('listening', { url: server.url, host: server.host, port: server.port, folder, identities, bytes })
  const signal = await told
  logger.info('stopping', { signal })
  stopReloading()
  await server.stop()
  logger.info('stopped')
}

type CertificateReader = () => Promise<TlsCertificate>

function certificateReader({ tlsCert, tlsKey }: RunOptions): CertificateReader | null {
  if (tlsCert === undefined || tlsKey === undefined) return null
  return async () => {
    const [cert, key] = await Promise.all([readFile(tlsCert, 'utf8'), readFile(tlsKey, 'utf8')])
    return { cert, key }
  }
}

/** Certificates are renewed every few weeks; the server goes on meanwhile, with the old one if the new one is bad. */
function reloadAtSighup(server: RunningIdServer, read: CertificateReader, logger: Logger): () => void {
  const reload = async () => {
    try {
      server.useCertificate(await read())
      logger.info('certificate read again')
    } catch (error) {
      logger.error('certificate cannot be used, the old one stays', { error })
    }
  }
  process.on('SIGHUP', reload)
  return () => process.removeListener('SIGHUP', reload)
}

/** A second signal ends the process at once, as is usual. */
async function untilTold(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  process.once('SIGTERM', resolve)
  process.once('SIGINT', resolve)
  const signal = await promise
  process.removeListener('SIGTERM', resolve)
  process.removeListener('SIGINT', resolve)
  return signal
}
