import { createRequire } from 'node:module'
import { isBitdustError } from '@bitdust/crypto'
import { parseIdServer } from '@bitdust/identity'
import { Command, InvalidArgumentError } from 'commander'
import { createClientAddressReader } from '../limits/client-address.ts'
import { type RunOptions, runIdServer } from './run-id-server.ts'

/** What the arguments say, by the names of the options. */
interface Arguments extends Pick<RunOptions, 'host' | 'folder' | 'tlsCert' | 'tlsKey' | 'maxIdentities'> {
  readonly port?: number
  readonly address?: string
  readonly trustedProxy?: readonly string[]
  /** In MiB. */
  readonly quota?: number
  readonly local?: true
}

/** This package's own manifest, found by its name: the path differs between the sources and the built files. */
const manifest = createRequire(import.meta.url)('@bitdust/idserver/package.json') as { readonly version: string }

const USAGE_EXIT_CODE = 2
const HTTP_PORT = 80
const HTTPS_PORT = 443
const MIB = 1024 ** 2

/** The program `bitdust-idserver`. It ends with 0 when told to stop, 1 when it cannot serve, 2 for wrong arguments. */
export function createProgram(): Command {
  const program = new Command('bitdust-idserver')
    .description('Serves BitDust identities at http://HOST/NAME.xml. Writes its log to standard output, as JSON lines.')
    .version(manifest.version)
    .requiredOption('--host <host>', 'own host as it stands in the addresses of identities, with its port if special')
    .requiredOption('--folder <folder>', 'where identities are kept, one file each')
    .option('--port <port>', 'TCP port, 0 for a free one (default: the port of the host, or 443 with TLS, or 80)', port)
    .option('--address <ip>', 'address to listen on (default: 0.0.0.0, with --local 127.0.0.1)')
    .option('--tls-cert <file>', 'serve HTTPS with this certificate chain, PEM; read again at SIGHUP')
    .option('--tls-key <file>', 'private key of the certificate, PEM')
    .option(
      '--trusted-proxy <cidr...>',
      'address or network of reverse proxies whose X-Forwarded-For is believed',
      (text: string, before: readonly string[] = []) => [...before, proxy(text)],
    )
    .option('--quota <MiB>', 'most space for identities (default: 1024)', positive)
    .option('--max-identities <count>', 'most identities (default: 500000)', positive)
    .option('--local', 'for a network on one machine or LAN: private addresses, no limits per address')
    .showHelpAfterError('(bitdust-idserver --help tells the options)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT_CODE))
  return program.action(async () => {
    const run = runOptions(program.opts<Arguments>(), (message) => program.error(`error: ${message}`))
    try {
      await runIdServer(run)
    } catch (error) {
      process.stderr.write(`bitdust-idserver: ${error instanceof Error ? error.message : error}\n`)
      process.exitCode = 1
    }
  })
}

/** What follows from arguments that depend on each other. `refuse` ends the program. */
function runOptions(given: Arguments, refuse: (message: string) => never): RunOptions {
  const { host, folder, tlsCert, tlsKey, trustedProxy = [], quota, maxIdentities, local = false } = given
  if ((tlsCert === undefined) !== (tlsKey === undefined)) refuse('--tls-cert and --tls-key go together')
  try {
    parseIdServer(host, { allowPrivate: local })
  } catch (error) {
    if (isBitdustError(error)) refuse(`--host: ${error.message}${local ? '' : ' (private hosts need --local)'}`)
    throw error
  }
  const portOfHost = /:(\d+)$/.exec(host)?.[1]
  return {
    host,
    folder,
    port: given.port ?? (portOfHost ? Number(portOfHost) : tlsCert === undefined ? HTTP_PORT : HTTPS_PORT),
    address: given.address ?? (local ? '127.0.0.1' : '0.0.0.0'),
    ...(tlsCert === undefined || tlsKey === undefined ? {} : { tlsCert, tlsKey }),
    trustedProxies: trustedProxy,
    ...(quota === undefined ? {} : { maxBytes: quota * MIB }),
    ...(maxIdentities === undefined ? {} : { maxIdentities }),
    local,
  }
}

function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('Expected 0 to 65535.')
}

function positive(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number from 1 to 999999999.')
}

function proxy(text: string): string {
  try {
    createClientAddressReader([text])
    return text
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`)
  }
}
