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

/** One thing that can be asked for, over the local API or in the same process. `Host` is what it needs: a running node, or less. */
export interface Command<Host = BitdustNode> {
  /** Checks the input and runs. @throws {NodeError} `PacketMalformed` naming the first wrong field. */
  invoke(host: Host, input: unknown, context: CommandContext): Promise<unknown>
}

/** Commands of one area by verb: `put` of the area `files` is `POST /v1/files/put`. */
export type CommandArea<Host = BitdustNode> = Readonly<Record<string, Command<Host>>>

/** Defines a command by the schema of its input and what it does. The result must be JSON. */
export function command<Schema extends v.GenericSchema, Host = BitdustNode>(
  schema: Schema,
  run: (host: Host, input: v.InferOutput<Schema>, context: CommandContext) => Promise<unknown>,
): Command<Host> {
  return {
    async invoke(host, input, context) {
      const checked = v.safeParse(schema, input)
      if (checked.success) return run(host, checked.output, context)
      const issue = checked.issues[0]
      throw new NodeError('PacketMalformed', `${v.getDotPath(issue) ?? 'input'}: ${issue.message}`)
    },
  }
}
