import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { utf8Encode, writeKeyFile } from '@bitdust/crypto'
import { writeFileDurable } from '@bitdust/crypto/files'
import { idurlToUser, parseIdurl, verifyIdentity } from '@bitdust/identity'
import { createIdServerClient } from '@bitdust/idserver'
import { createSafeFetch } from '@bitdust/idserver/node'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { describeError } from '../daemon/error-report.ts'
import { NodeError } from '../errors.ts'
import { folderPaths } from '../folder.ts'
import { readMetadata } from '../metadata.ts'
import { restoreNode } from '../restore.ts'
import { primaryOf } from '../wiring/devices.ts'
import { action } from './command-line.ts'
import { EXIT } from './exit-codes.ts'
import { safeText } from './output.ts'

interface Shown {
  readonly idurl: string
  readonly fingerprint: string
  readonly revision: number
  readonly sources: readonly string[]
  readonly contacts: readonly string[]
}

/** `identity …`. */
export function addIdentityCommands(program: Command): void {
  const identity = program.command('identity').description('who you are in the network')
  action(identity.command('show').description('your identity as this machine knows it'), async ({ folder, output }) => {
    const { identity: document } = await readOwn(folder)
    const { sources, contacts, revision, fingerprint } = document
    output.result({ idurl: primaryOf(document), fingerprint, revision, sources, contacts }, showIdentity)
  })
  action(identity.command('rotate').description('move to another ID-server now'), async ({ call, output }) => {
    output.result((await call('identity/rotate')) as { sources: string[] }, ({ sources }) =>
      sources.map(safeText).join('\n'),
    )
  })
  action(
    identity
      .command('verify <where>')
      .description(
        'judge an identity file, ours or the original’s: a FILE or an IDURL; exit code 0 valid, 1 not, 2 unreadable',
      ),
    async ({ folder, output }, where: string) => {
      const read = await readFrom(where, folder)
      const verdict =
        'code' in read ? { ...NOTHING_READ, code: read.code } : await verifyIdentity(read.bytes, { allowPrivate: true })
      output.result(verdict, ({ scheme, valid, code, sources, fingerprint }) =>
        valid
          ? [`valid (${scheme})`, `fingerprint ${fingerprint}`, ...(sources ?? []).map(safeText)].join('\n')
          : `not valid: ${code}`,
      )
      if ('code' in read) process.exitCode = EXIT.usage
      else process.exitCode = verdict.valid ? EXIT.ok : EXIT.refused
    },
  )
  const backup = identity
    .command('backup <file>')
    .description('write the master key to a file; whoever has it has everything')
    .option('--passphrase', 'ask for a passphrase that protects the file', false)
  action(backup, async ({ folder, output, signal }, file: string) => {
    const { masterKey, identity: document } = await readOwn(folder)
    const passphrase = backup.opts<{ passphrase: boolean }>().passphrase
      ? await askPassphrase('Passphrase for the backup: ', signal)
      : undefined
    const keyId = `master$${idurlToUser(primaryOf(document))}`
    const text = await writeKeyFile(
      { kind: 'private', keyId, key: masterKey, creator: document.fingerprint },
      passphrase === undefined ? {} : { passphrase },
    )
    await writeFileDurable(resolve(file), utf8Encode(text))
    output.result(
      { file: resolve(file), idurl: primaryOf(document) },
      () => `the master key is in ${resolve(file)}; keep it somewhere safe, with your IDURL ${primaryOf(document)}`,
    )
  })
  const restore = identity
    .command('restore <keyfile> <idurl>')
    .description('bring your identity to this folder with the master key alone')
    .option('--passphrase', 'ask for the passphrase of the key file', false)
  action(restore, async ({ folder, output, signal }, keyfile: string, idurl: string) => {
    const passphrase = restore.opts<{ passphrase: boolean }>().passphrase
      ? await askPassphrase('Passphrase of the key file: ', signal)
      : undefined
    const keyText = await readFile(resolve(keyfile), 'utf8')
    const restored = await restoreNode({
      directory: folder,
      keyText,
      idurl,
      signal,
      ...(passphrase === undefined ? {} : { passphrase }),
    })
    output.result(
      restored,
      ({ idurl: found }) => `you are ${found} again; start the node with: bitdust start --folder ${folder}`,
    )
  })
}

/** The verdict on what could not be read. */
const NOTHING_READ = { scheme: null, valid: false, sources: null, contacts: null, fingerprint: null } as const

/** The bytes of a file or of what an IDURL serves; else, with a line on standard error, why they cannot be had. */
async function readFrom(
  where: string,
  folder: string,
): Promise<{ readonly bytes: Uint8Array } | { readonly code: string }> {
  try {
    if (!where.includes('://')) return { bytes: await readFile(resolve(where)) }
    const { network } = await readConfig(folderPaths(folder).config)
    const options = { allowPrivate: network.local }
    const client = createIdServerClient({ fetch: createSafeFetch(options), ...options })
    const bytes = await client.fetch(parseIdurl(where, options))
    if (bytes !== null) return { bytes }
    throw new NodeError('NotFound', `nothing is published at ${where}`)
  } catch (error) {
    const { code, message } = describeError(error)
    process.stderr.write(`${code}: ${safeText(message)}\n`)
    return { code: code === 'Internal' ? 'NotFound' : code }
  }
}

async function readOwn(folder: string) {
  const paths = folderPaths(folder)
  const { network } = await readConfig(paths.config)
  return readMetadata(paths, { allowPrivate: network.local })
}

function showIdentity({ idurl, fingerprint, revision, sources, contacts }: Shown): string {
  return [
    safeText(idurl),
    `fingerprint ${fingerprint}`,
    `revision ${revision}`,
    `published at ${sources.map(safeText).join(', ')}`,
    `reached at ${contacts.map(safeText).join(', ')}`,
  ].join('\n')
}

/** Reads a passphrase: from the terminal without showing it, else the first line of standard input. Never from the arguments. */
async function askPassphrase(question: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process
  if (stdin.isTTY) stderr.write(question)
  const prompt = createInterface({ input: stdin, terminal: stdin.isTTY })
  try {
    const line = await prompt.question('', { signal })
    if (stdin.isTTY) stderr.write('\n')
    return line
  } finally {
    prompt.close()
  }
}
