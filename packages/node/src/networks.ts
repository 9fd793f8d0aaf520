import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { NodeError } from './errors.ts'
import known from './networks.json' with { type: 'json' }

const MAX_NETWORK_FILE_CHARACTERS = 256 * 1024
const NetworkSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/)),
  local: v.optional(v.boolean(), false),
  idServers: v.array(v.pipe(v.string(), v.url())),
  seeds: v.array(v.string()),
})

/** One network: where its identities are kept and where its DHT is entered. */
export type NetworkSettings = v.InferOutput<typeof NetworkSchema>

/**
 * Finds a network that is shipped with the software by name, or reads one from a JSON file.
 *
 * @throws {NodeError} `NotFound`, or `ConfigInvalid` for a file of another form.
 */
export async function findNetwork(nameOrFile: string): Promise<NetworkSettings> {
  const shipped = (known as readonly unknown[])
    .map((network) => v.parse(NetworkSchema, network))
    .find(({ name }) => name === nameOrFile)
  if (shipped !== undefined) return shipped
  const text = await readFile(nameOrFile, 'utf8').catch(() => null)
  if (text === null)
    throw new NodeError('NotFound', `${nameOrFile} is neither a known network nor a file`, { subject: nameOrFile })
  const parsed =
    text.length > MAX_NETWORK_FILE_CHARACTERS
      ? undefined
      : v.safeParse(v.pipe(v.string(), v.parseJson(), NetworkSchema), text)
  if (parsed?.success) return parsed.output
  throw new NodeError(
    'ConfigInvalid',
    `${nameOrFile} does not describe a network: ${parsed?.issues[0].message ?? 'it is too long'}`,
    { subject: nameOrFile },
  )
}
