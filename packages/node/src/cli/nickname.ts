import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { folderPaths } from '../folder.ts'
import { readOwnIdentity } from '../metadata.ts'
import { readNickname } from '../nickname-file.ts'
import { action } from './command-line.ts'
import { safeText } from './output.ts'

interface Holder {
  readonly nickname: string
  readonly idurl: string
  readonly fingerprint: string
  /** The fingerprint, for two people to compare. */
  readonly words: string
}

/** `identity nickname`, `identity find`. */
export function addNicknameCommands(identity: Command): void {
  action(
    identity
      .command('nickname [name]')
      .description('show what you are called, or choose another nickname; others may have the same'),
    async ({ folder, output, call }, name?: string) => {
      if (name === undefined) {
        output.result({ nickname: await readKnown(folder) }, ({ nickname }) => safeText(nickname))
        return
      }
      const set = (await call('identity/set-nickname', { nickname: name })) as { nickname: string; stored: number }
      output.result(set, ({ nickname, stored }) =>
        stored === 0
          ? `you are ${safeText(nickname)}; it is published when the node reaches others`
          : `you are ${safeText(nickname)}, as ${stored} ${stored === 1 ? 'node tells' : 'nodes tell'} whoever asks`,
      )
    },
  )
  action(
    identity.command('find <nickname>').description('who calls himself so: none of them is more right than the others'),
    async ({ output, call }, nickname: string) => {
      output.result((await call('identity/find', { nickname })) as { holders: Holder[] }, showHolders)
    },
  )
}

async function readKnown(folder: string): Promise<string> {
  const paths = folderPaths(folder)
  const { network } = await readConfig(paths.config)
  const { identity } = await readOwnIdentity(paths, { allowPrivate: network.local })
  return readNickname(paths, identity)
}

function showHolders({ holders }: { readonly holders: readonly Holder[] }): string {
  if (holders.length === 0) return 'nobody was found'
  return holders
    .map(({ nickname, idurl, fingerprint, words }) =>
      [
        `${safeText(nickname)}  ${safeText(idurl)}`,
        `  fingerprint ${safeText(fingerprint)}`,
        `  ${safeText(words)}`,
      ].join('\n'),
    )
    .join('\n')
}
