import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { type FolderPaths, folderPaths } from '../folder.ts'
import { moveMasterKey, readMasterKeyFile } from '../master-key.ts'
import { readOwnIdentity } from '../metadata.ts'
import { primaryOf } from '../wiring/devices.ts'
import { askNewPassphrase, askPassphrase } from './ask.ts'
import { addIdentityBackupCommand } from './backup-key.ts'
import { action } from './command-line.ts'
import { addExportSiteCommand } from './export-site.ts'
import { addNicknameCommands } from './nickname.ts'
import { safeText } from './output.ts'
import { showRestored } from './show-restored.ts'
import { addVerifyCommand } from './verify-identity.ts'

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
    const { identity: document } = await readOwn(folder, readOwnIdentity)
    const { sources, contacts, revision, fingerprint } = document
    output.result({ idurl: primaryOf(document), fingerprint, revision, sources, contacts }, showIdentity)
  })
  action(identity.command('rotate').description('move to another ID-server now'), async ({ call, output }) => {
    output.result((await call('identity/rotate')) as { sources: string[] }, ({ sources }) =>
      sources.map(safeText).join('\n'),
    )
  })
  addNicknameCommands(identity)
  addVerifyCommand(identity)
  addExportSiteCommand(identity)
  addIdentityBackupCommand(identity)
  const move = identity
    .command('move-master <file>')
    .description('move the master key out of the data folder to a medium; then start with --master-key FILE')
    .option('--passphrase', 'ask for a passphrase that protects the file', false)
  action(move, async ({ folder, output, signal }, file: string) => {
    const passphrase = move.opts<{ passphrase: boolean }>().passphrase
      ? await askNewPassphrase('Passphrase for the key file: ', signal)
      : undefined
    const moved = await moveMasterKey({ directory: folder, file, ...(passphrase === undefined ? {} : { passphrase }) })
    output.result(
      { file: moved },
      () =>
        `the master key is in ${moved} and nowhere else; keep a second copy\nstart the node with: bitdust start --master-key ${moved}`,
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
    const keyText = await readMasterKeyFile(resolve(keyfile))
    const { restoreNode } = await import('../restore.ts')
    const restored = await restoreNode({
      directory: folder,
      keyText,
      idurl,
      signal,
      ...(passphrase === undefined ? {} : { passphrase }),
    })
    output.result(
      restored,
      (result) => `${showRestored(result)}\nstart the node with: bitdust start --folder ${folder}`,
    )
  })
}

async function readOwn<T>(
  folder: string,
  read: (paths: FolderPaths, options: { readonly allowPrivate: boolean }) => Promise<T>,
): Promise<T> {
  const paths = folderPaths(folder)
  const { network } = await readConfig(paths.config)
  return read(paths, { allowPrivate: network.local })
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
