import { checkAlias } from '@bitdust/identity'
import * as v from 'valibot'
import { readUser } from '../../user-name.ts'
import { type CommandArea, command } from '../command.ts'

const right = v.picklist(['read', 'write', 'drop'])

/** `share/…`: places shared with others. */
export const shareCommands: CommandArea = {
  create: command(
    v.strictObject({ alias: v.optional(v.string()), label: v.optional(v.string()) }),
    (node, { alias, label }, { signal }) =>
      node.requireShares().create({
        signal,
        ...(alias === undefined ? {} : { alias: checkAlias(alias) }),
        ...(label === undefined ? {} : { label }),
      }),
  ),
  list: command(v.strictObject({}), async (node) => ({ shares: await node.requireShares().list() })),
  grant: command(
    v.strictObject({ keyId: v.string(), user: v.string(), rights: v.pipe(v.array(right), v.minLength(1)) }),
    (node, { keyId, user, rights }, { signal, progress }) =>
      node
        .requireShares()
        .grant(keyId, readUser(user, node.config), { rights, signal, onStep: (step) => progress({ step }) }),
  ),
}
