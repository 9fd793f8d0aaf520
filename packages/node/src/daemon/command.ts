import * as v from 'valibot'
import { NodeError } from '../errors.ts'
import type { BitdustNode } from '../node.ts'

/** What a command gets besides its input. */
export interface CommandContext {
  /** Aborts when the caller goes away or the node stops. */
  readonly signal: AbortSignal
  /** Tells the caller how far the work is. Any JSON object. */
  progress(event: object): void
}

/** One thing that a running node can be asked to do, over the local API or in the same process. */
export interface Command {
  /** Checks the input and runs. @throws {NodeError} `PacketMalformed` naming the first wrong field. */
  invoke(node: BitdustNode, input: unknown, context: CommandContext): Promise<unknown>
}

/** Commands of one area by verb: `put` of the area `files` is `POST /v1/files/put`. */
export type CommandArea = Readonly<Record<string, Command>>

/** Defines a command by the schema of its input and what it does. The result must be JSON. */
export function command<Schema extends v.GenericSchema>(
  schema: Schema,
  run: (node: BitdustNode, input: v.InferOutput<Schema>, context: CommandContext) => Promise<unknown>,
): Command {
  return {
    async invoke(node, input, context) {
      const checked = v.safeParse(schema, input)
      if (checked.success) return run(node, checked.output, context)
      const issue = checked.issues[0]
      throw new NodeError('PacketMalformed', `${v.getDotPath(issue) ?? 'input'}: ${issue.message}`)
    },
  }
}
