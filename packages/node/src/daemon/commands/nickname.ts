import { fingerprintWords } from '@bitdust/crypto'
import { nicknameRecord } from '@bitdust/records'
import * as v from 'valibot'
import { type CommandArea, command } from '../command.ts'

/** Longer texts are no nicknames; how long one may be is said by those who read it. */
const text = v.pipe(v.string(), v.maxLength(1024))

/** Part of `identity/…`: what the user likes to be called, and who else likes to be called so. */
export const nicknameCommands = {
  nickname: command(v.strictObject({}), async (node) => ({ nickname: await node.requireNickname().current() })),
  'set-nickname': command(v.strictObject({ nickname: text }), (node, { nickname }, { signal }) =>
    node.requireNickname().set(nickname, { signal }),
  ),
  find: command(v.strictObject({ nickname: text }), async (node, { nickname }, { signal }) => {
    const found = await node.dht.findNickname(nickname, { signal })
    const holders = found.map((record) => {
      const { nickname: spelled, owner, idurl, created } = nicknameRecord.open(record).body
      return { nickname: spelled, idurl, fingerprint: owner, words: fingerprintWords(owner), signed: created }
    })
    return { holders }
  }),
} satisfies CommandArea
