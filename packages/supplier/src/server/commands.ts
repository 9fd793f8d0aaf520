import type { Command } from './command.ts'
import { appendJournal } from './commands/append-journal.ts'
import { cancelService } from './commands/cancel-service.ts'
import { deleteFile } from './commands/delete-file.ts'
import { listFiles } from './commands/list-files.ts'
import { listLocations } from './commands/list-locations.ts'
import { ping } from './commands/ping.ts'
import { accessNonce, auditKey } from './commands/prove-access.ts'
import { journalHeads, retrieveJournal } from './commands/read-journal.ts'
import { requestService } from './commands/request-service.ts'
import { retain } from './commands/retain.ts'
import { retrieve } from './commands/retrieve.ts'
import { retrieveRecord } from './commands/retrieve-record.ts'
import { storeFragments } from './commands/store-fragments.ts'
import { storeRecord } from './commands/store-record.ts'

/** Everything that a supplier answers. */
export const commands: readonly Command[] = [
  requestService,
  cancelService,
  storeFragments,
  retrieve,
  listFiles,
  deleteFile,
  retain,
  storeRecord,
  retrieveRecord,
  listLocations,
  appendJournal,
  journalHeads,
  retrieveJournal,
  accessNonce,
  auditKey,
  ping,
]
