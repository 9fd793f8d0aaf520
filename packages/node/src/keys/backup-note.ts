import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8Encode } from '@bitdust/crypto'
import { writeFileDurable } from '@bitdust/crypto/files'
import * as v from 'valibot'
import type { FolderPaths } from '../folder.ts'

/** Copies of the master key that a user is reminded to write. */
export const BACKUPS_WANTED = 2

const BackupNote = v.strictObject({
  version: v.literal(1),
  /** Copies of the master key that were written. */
  written: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Whether the user does not want to be reminded. */
  declined: v.boolean(),
})

/** What is remembered about copies of the master key. It decides about a reminder, nothing else. */
export type BackupNote = v.InferOutput<typeof BackupNote>

const NOTHING_YET: BackupNote = { version: 1, written: 0, declined: false }

/** Reads it. A note that is missing or damaged says nothing: the reminder comes back. */
export async function readBackupNote({ metadata }: FolderPaths): Promise<BackupNote> {
  const text = await readFile(join(metadata, 'backups.json'), 'utf8').catch(() => '')
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), BackupNote), text)
  return parsed.success ? parsed.output : NOTHING_YET
}

/** Remembers one more copy, or that none is wanted. */
export async function noteBackup(paths: FolderPaths, what: 'written' | 'declined'): Promise<BackupNote> {
  const held = await readBackupNote(paths)
  const note = what === 'written' ? { ...held, written: held.written + 1 } : { ...held, declined: true }
  await writeFileDurable(join(paths.metadata, 'backups.json'), utf8Encode(`${JSON.stringify(note)}\n`))
  return note
}

/** The reminder, while there is reason for one. */
export function backupReminder({ written, declined }: BackupNote): string | null {
  if (declined || written >= BACKUPS_WANTED) return null
  return `${written} of ${BACKUPS_WANTED} copies of the master key are written; without it everything is lost: bitdust identity backup FILE (or --decline)`
}
