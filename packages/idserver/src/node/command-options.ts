import { isBitdustError } from '@bitdust/crypto'
import { parseIdServer } from '@bitdust/identity'
import { type Command, InvalidArgumentError } from 'commander'
import { createClientAddressReader } from '../limits/client-address.ts'
import type { StartIdServerOptions } from './start-id-server.ts'

/** What the arguments say, by the names of the options. */
interface Arguments
  extends Pick<StartIdServerOptions, 'host' | 'port' | 'address' | 'tlsCert' | 'tlsKey' | 'maxIdentities' | 'local'> {
  readonly trustedProxy?: readonly string[]
  /** In MiB. */
  readonly quota?: number
}

const MIB = 1024 ** 2

/** Gives a command the options of an ID-server, all but its folder. */
export function addIdServerOptions(command: Command): Command {
  return command
    .requiredOption('--host <host>', 'own host as it stands in the addresses of identities, with its port if special')
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
}

/** What the arguments of such a command say; those that do not go together end it with its `error()`. */
export function idServerOptions(command: Command): Omit<StartIdServerOptions, 'folder' | 'logger'> {
  const {
    host,
    port,
    address,
    tlsCert,
    tlsKey,
    trustedProxy,
    quota,
    maxIdentities,
    local = false,
  } = command.opts<Arguments>()
  const refuse = (message: string) => command.error(`error: ${message}`)
  if ((tlsCert === undefined) !== (tlsKey === undefined)) refuse('--tls-cert and --tls-key go together')
  try {
    parseIdServer(host, { allowPrivate: local })
  } catch (error) {
    if (isBitdustError(error)) refuse(`--host: ${error.message}${local ? '' : ' (private hosts need --local)'}`)
    throw error
  }
  return {
    host,
    local,
    ...(port === undefined ? {} : { port }),
    ...(address === undefined ? {} : { address }),
    ...(tlsCert === undefined || tlsKey === undefined ? {} : { tlsCert, tlsKey }),
    ...(trustedProxy === undefined ? {} : { trustedProxies: trustedProxy }),
    ...(quota === undefined ? {} : { maxBytes: quota * MIB }),
    ...(maxIdentities === undefined ? {} : { maxIdentities }),
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
