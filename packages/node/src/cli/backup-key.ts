import { resolve } from 'node:path'
import { utf8Encode } from '@bitdust/crypto'
import type { Command } from 'commander'
import { writeNewFile } from '../adapters/new-file.ts'
import { NodeError } from '../errors.ts'
import { BACKUPS_WANTED, type BackupNote } from '../keys/backup-note.ts'
import { askNewPassphrase } from './ask.ts'
import { action, type Session } from './command-line.ts'
import { callKeys } from './key-call.ts'

/** `key backup`: protected by a passphrase unless the user says otherwise. */
export function addKeyBackupCommand(key: Command): void {
  const backup = key
    .command('backup <keyid> <file>')
    .description('write a key to a file that a passphrase protects; master is the master key')
    .option('--no-passphrase', 'leave the file unprotected: whoever has it has the key')
  action(backup, async (session, keyId: string, file: string) => {
    const written = await backUp(session, keyId, file, backup.opts<{ passphrase: boolean }>().passphrase)
    session.output.result(written, () => `${written.keyId} is in ${written.file}`)
  })
}

/** `identity backup`: the master key. */
export function addIdentityBackupCommand(identity: Command): void {
  const backup = identity
    .command('backup [file]')
    .description('write the master key to a file; whoever has it has everything')
    .option('--passphrase', 'ask for a passphrase that protects the file', false)
    .option('--decline', 'write nothing, and be reminded of backups no more', false)
  action(backup, async (session, file?: string) => {
    const { passphrase, decline } = backup.opts<{ passphrase: boolean; decline: boolean }>()
    if (decline) {
      const note = await callKeys(session, 'note-backup', { what: 'declined' })
      session.output.result(note, () => 'you will not be reminded of backups of the master key')
      return
    }
    if (file === undefined) throw new NodeError('ConfigInvalid', 'name the file to write')
    const { keyId, ...written } = await backUp(session, 'master', file, passphrase)
    const idurl = written.idurl ?? ''
    session.output.result(
      written,
      () => `the master key is in ${written.file}; keep it somewhere safe, with your IDURL ${idurl}`,
    )
    if (written.copies < BACKUPS_WANTED)
      session.output.note('Write a second copy to another medium: one alone can be lost.')
  })
}

interface Written {
  readonly keyId: string
  readonly file: string
  /** Of the master key. */
  readonly idurl?: string
  /** Copies of the master key so far. */
  readonly copies: number
}

async function backUp(session: Session, key: string, name: string, isProtected: boolean): Promise<Written> {
  const passphrase = isProtected ? await askNewPassphrase('Passphrase for the backup: ', session.signal) : undefined
  const { keyId, text, idurl } = (await callKeys(session, 'export', {
    key,
    form: 'bitdust',
    part: 'private',
    ...(passphrase === undefined ? {} : { passphrase }),
  })) as { keyId: string; text: string; idurl: string | null }
  const file = resolve(name)
  await writeNewFile(file, [utf8Encode(text)], { signal: session.signal })
  if (idurl === null) return { keyId, file, copies: 0 }
  const { written } = (await callKeys(session, 'note-backup', { what: 'written' })) as BackupNote
  return { keyId, file, idurl, copies: written }
}
