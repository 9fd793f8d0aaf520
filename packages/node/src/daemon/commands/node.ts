import * as v from 'valibot'
import { type CommandArea, command } from '../command.ts'

const nothing = v.strictObject({})

/** `node/…`: the node itself. */
export const nodeCommands: CommandArea = {
  status: command(nothing, async (node) => node.status()),
  machines: command(nothing, async (node) => ({ machines: node.machines() })),
  ping: command(v.strictObject({ user: v.string() }), (node, { user }, { signal }) => node.ping(user, { signal })),
  // Answered first: the stop closes the very connection that carries the answer.
  stop: command(nothing, async (node) => {
    queueMicrotask(() => void node.stop())
    return { stopping: true }
  }),
}
