import * as v from 'valibot'
import { type CommandArea, command } from '../command.ts'
import { nicknameCommands } from './nickname.ts'

/** `identity/…`: the own identity. */
export const identityCommands: CommandArea = {
  ...nicknameCommands,
  show: command(v.strictObject({}), async (node) => {
    const { sources, contacts, revision, fingerprint } = node.identity.document()
    return { idurl: node.identity.idurl(), sources, contacts, revision, fingerprint }
  }),
  rotate: command(v.strictObject({}), async (node) => {
    const { sources } = await node.identity.rotate()
    return { sources }
  }),
  'add-site': command(
    v.strictObject({ url: v.string(), folder: v.string(), primary: v.boolean() }),
    (node, site, { signal }) => node.identity.addSite(site, { signal }),
  ),
}
