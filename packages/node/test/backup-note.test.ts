import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@bitdust/testing'
import { expect, test } from 'vitest'
import { folderPaths, openFolder } from '../src/folder.ts'
import { backupReminder, noteBackup, readBackupNote } from '../src/keys/backup-note.ts'

test('reminds until two copies are written', async () => {
  await using folder = await temporaryFolder()
  const { paths, release } = await openFolder(join(folder.path, 'node'))
  release()
  const reminders: (string | null)[] = [backupReminder(await readBackupNote(paths))]
  for (let copy = 0; copy < 2; copy++) {
    await noteBackup(paths, 'written')
    reminders.push(backupReminder(await readBackupNote(paths)))
  }
  expect(reminders).toEqual([expect.stringContaining('0 of 2'), expect.stringContaining('1 of 2'), null])
})

test('reminds no more when it was declined, and again when the note is damaged', async () => {
  await using folder = await temporaryFolder()
  const { paths, release } = await openFolder(join(folder.path, 'node'))
  release()
  expect(backupReminder(await noteBackup(paths, 'declined'))).toBeNull()
  expect(backupReminder(await readBackupNote(folderPaths(join(folder.path, 'node'))))).toBeNull()
  await writeFile(join(paths.metadata, 'backups.json'), '{"version":1,"written":-1,"declined":true}')
  expect(backupReminder(await readBackupNote(paths))).toContain('0 of 2')
})
