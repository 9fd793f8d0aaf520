import { isBitdustError } from '@bitdust/crypto'
import { keyDesk } from '../daemon/commands/keys.ts'
import { NodeError } from '../errors.ts'
import { withKeysOf } from '../keys/key-holder.ts'
import type { Session } from './command-line.ts'

/**
 * Asks for something about keys: the node that runs on the folder, or, when none does, the folder itself. Both do the
 * same, since one process holds a folder at a time.
 */
export async function callKeys(session: Session, verb: string, input: object = {}): Promise<unknown> {
  try {
    return await session.call(`key/${verb}`, input)
  } catch (error) {
    if (!(error instanceof NodeError) || !isBitdustError(error, 'NotRunning')) throw error
  }
  const command = keyDesk[verb]
  if (command === undefined) throw new TypeError(`no command key/${verb}`)
  const { folder, signal, output } = session
  return withKeysOf(folder, (holder) =>
    command.invoke(holder, input, { signal, progress: (event) => output.progress({ ...event }) }),
  )
}
