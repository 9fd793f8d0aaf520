import * as v from 'valibot'
import { backupReminder, readBackupNote } from '../../keys/backup-note.ts'
import type { BitdustNode, NodeStatus } from '../../node.ts'
import { type CommandArea, command } from '../command.ts'

const nothing = v.strictObject({})

/** `node/…`: the node itself. */
export const nodeCommands: CommandArea = {
  status: command(nothing, statusOf),
  machines: command(nothing, async (node) => ({ machines: node.machines() })),
  ping: command(v.strictObject({ user: v.string() }), (node, { user }, { signal }) => node.ping(user, { signal })),
  // Answered first: the stop closes the very connection that carries the answer.
  stop: command(nothing, async (node) => {
    queueMicrotask(() => void node.stop())
    return { stopping: true }
  }),
}

/** Where the master key is at hand, its owner is reminded of copies. */
async function statusOf(node: BitdustNode): Promise<NodeStatus> {
  const status = node.status()
  const reminder = status.masterKey === 'elsewhere' ? null : backupReminder(await readBackupNote(node.paths))
  return reminder === null ? status : { ...status, notices: [...status.notices, reminder] }
}
