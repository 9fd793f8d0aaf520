import { open } from 'node:fs/promises'
import { deviceOfPeerId, parseIdServer } from '@bitdust/identity'
import * as v from 'valibot'
import { NodeError } from './errors.ts'
import known from './networks.json' with { type: 'json' }

const MAX_NETWORK_FILE_BYTES = 256 * 1024
/** A node tries all of them when it is alone. */
const MAX_ENTRIES = 64

const idServer = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[^/?#\s]+$/, 'is not an ID-server, as http://host or http://host:port'),
)
const seed = v.pipe(
  v.string(),
  v.regex(
    /^\/(ip4|ip6|dns|dns4|dns6)\/[^/\s]+\/tcp\/\d{1,5}(\/[^\s]+)?\/p2p\/[1-9A-HJ-NP-Za-km-z]+$/,
    'is not a seed, as /ip4/192.0.2.1/tcp/7771/p2p/12D3KooW...',
  ),
  v.check(endsInPeerId, 'ends in no peer id of a node; copy what "bitdust seed" prints'),
)
const named = v.check<string[], string>(
  (entries) => new Set(entries).size === entries.length,
  'names one of them twice',
)

const NetworkSchema = v.pipe(
  v.strictObject({
    name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/, 'is not a name of small letters, digits and dashes')),
    local: v.optional(v.boolean(), false),
    idServers: v.pipe(v.array(idServer), v.maxLength(MAX_ENTRIES), named),
    seeds: v.pipe(v.array(seed), v.maxLength(MAX_ENTRIES), named),
  }),
  // Whether a private address may stand there depends on the network.
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const { idServers, local } = dataset.value
    for (const [index, server] of idServers.entries()) {
      const problem = problemOf(server, local)
      if (problem === null) continue
      const input = dataset.value
      addIssue({
        message: problem,
        path: [
          { type: 'object', origin: 'value', input, key: 'idServers', value: idServers },
          { type: 'array', origin: 'value', input: idServers, key: index, value: server },
        ],
      })
    }
  }),
)

/** One network: where its identities are kept and where its DHT is entered. */
export type NetworkSettings = v.InferOutput<typeof NetworkSchema>

/** The networks that are shipped with the software. */
export function knownNetworks(): readonly NetworkSettings[] {
  return (known as readonly unknown[]).map((network) => v.parse(NetworkSchema, network))
}

/**
 * Finds a network that is shipped with the software by name, or reads one from a JSON file.
 *
 * @throws {NodeError} `NotFound`, naming the known ones; `ConfigInvalid` for a file of another form, naming the key.
 */
export async function findNetwork(nameOrFile: string): Promise<NetworkSettings> {
  const networks = knownNetworks()
  const shipped = networks.find(({ name }) => name === nameOrFile)
  if (shipped !== undefined) return shipped
  const text = await readNetworkFile(nameOrFile)
  if (text !== null) return parseNetwork(text, nameOrFile)
  const names = networks.map(({ name }) => name).join(', ')
  throw new NodeError('NotFound', `${nameOrFile} is neither a known network (${names}) nor a file`, {
    subject: nameOrFile,
  })
}

/**
 * Reads the description of a network.
 *
 * @param file - Named in errors.
 * @throws {NodeError} `ConfigInvalid`, naming the key.
 */
export function parseNetwork(text: string, file: string): NetworkSettings {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson({}, 'is not JSON'), NetworkSchema), text)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const key = v.getDotPath(issue)
  throw new NodeError(
    'ConfigInvalid',
    `${file} does not describe a network: ${key === null ? '' : `${key}: `}${issue.message}`,
    { subject: key ?? file },
  )
}

/** Null: there is no such file. */
async function readNetworkFile(file: string): Promise<string | null> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw unreadable(file, error.message, error)
  })
  if (handle === null) return null
  try {
    const bytes = new Uint8Array(MAX_NETWORK_FILE_BYTES + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null)
      length += bytesRead
      if (length > MAX_NETWORK_FILE_BYTES) throw unreadable(file, `it has more than ${MAX_NETWORK_FILE_BYTES} bytes`)
      if (bytesRead === 0) return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length))
    }
  } catch (error) {
    if (error instanceof NodeError) throw error
    throw unreadable(file, error instanceof Error ? error.message : String(error), error)
  } finally {
    await handle.close()
  }
}

function unreadable(file: string, why: string, cause?: unknown): NodeError {
  return new NodeError('ConfigInvalid', `${file} cannot be read: ${why}`, { cause, subject: file })
}

function problemOf(server: string, allowPrivate: boolean): string | null {
  try {
    parseIdServer(server, { allowPrivate })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'is not an ID-server'
  }
}

function endsInPeerId(text: string): boolean {
  try {
    deviceOfPeerId(text.slice(text.lastIndexOf('/') + 1))
    return true
  } catch {
    return false
  }
}
