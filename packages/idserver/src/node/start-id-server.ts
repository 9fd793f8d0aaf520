import { readFile } from 'node:fs/promises'
import { type Logger, silentLogger } from '../logger.ts'
import { type FileIdentityStoreOptions, fileIdentityStore } from './file-identity-store.ts'
import { type RunningIdServer, serveIdServer, type TlsCertificate } from './serve-id-server.ts'

/** What an operator can choose; every program and role that runs an ID-server takes these. */
export interface StartIdServerOptions extends Pick<FileIdentityStoreOptions, 'maxBytes' | 'maxIdentities'> {
  /** The own host as it stands in IDURLs: `first-machine.com`, `123.45.67.89:8084`. */
  readonly host: string
  /** Where identities are kept, one file each. */
  readonly folder: string
  /** TCP port; 0 takes a free one. @default the port of `host`, or 443 with TLS, or 80 */
  readonly port?: number
  /** IP address to listen on. @default `0.0.0.0`, with `local` `127.0.0.1` */
  readonly address?: string
  /** Certificate chain to serve HTTPS with, a PEM file; goes with `tlsKey`. */
  readonly tlsCert?: string
  /** Private key of the certificate, a PEM file. */
  readonly tlsKey?: string
  /** Reverse proxies whose `X-Forwarded-For` is believed. @default none */
  readonly trustedProxies?: readonly string[]
  /** For a network on one machine or LAN: private addresses are allowed, limits per address are lifted. @default false */
  readonly local?: boolean
  /** @default reports nothing */
  readonly logger?: Logger
}

const HTTP_PORT = 80
const HTTPS_PORT = 443

/**
 * Starts an ID-server over a folder: the store, the certificate from its files, the port. With TLS, SIGHUP makes it read
 * both files again, until it is stopped.
 *
 * @throws {IdentityError} `IdurlForbidden` for a host that is none, or private without `local`.
 * @throws {RangeError} A certificate without a key or the reverse; a proxy that is neither an address nor a network.
 * @throws The system's error when the folder, the certificate or the port cannot be used.
 */
export async function startIdServer(options: StartIdServerOptions): Promise<RunningIdServer> {
  const { host, folder, trustedProxies = [], local = false, logger = silentLogger } = options
  const readCertificate = certificateReader(options)
  const store = fileIdentityStore(folder, options)
  const { identities, bytes } = await store.usage()
  const server = await serveIdServer({
    host,
    port: options.port ?? portOf(host) ?? (readCertificate === null ? HTTP_PORT : HTTPS_PORT),
    address: options.address ?? (local ? '127.0.0.1' : '0.0.0.0'),
    store,
    trustedProxies,
    allowPrivate: local,
    logger,
    ...(readCertificate === null ? {} : { tls: await readCertificate() }),
  })
  const stopReloading = readCertificate === null ? () => {} : reloadAtSighup(server, readCertificate, logger)
  logger.info('listening', { url: server.url, host: server.host, port: server.port, folder, identities, bytes })
  const stop = () => {
    stopReloading()
    return server.stop()
  }
  return { ...server, stop, [Symbol.asyncDispose]: stop }
}

function portOf(host: string): number | undefined {
  const text = /:(\d+)$/.exec(host)?.[1]
  return text === undefined ? undefined : Number(text)
}

type CertificateReader = () => Promise<TlsCertificate>

function certificateReader({ tlsCert, tlsKey }: StartIdServerOptions): CertificateReader | null {
  if (tlsCert === undefined && tlsKey === undefined) return null
  if (tlsCert === undefined || tlsKey === undefined) throw new RangeError('a certificate and its key go together')
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
