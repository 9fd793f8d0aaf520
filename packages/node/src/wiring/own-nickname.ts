import { isBitdustError, type RsaPrivateKey } from '@bitdust/crypto'
import type { Dht } from '@bitdust/dht'
import { systemClock } from '@bitdust/machine'
import { NICKNAME_LIFETIME_MS, nicknameRecord, parseNickname } from '@bitdust/records'
import { NodeError } from '../errors.ts'
import type { FolderPaths } from '../folder.ts'
import { readNickname, writeNickname } from '../nickname-file.ts'
import type { OwnIdentity } from './own-identity.ts'

/** The nickname of the user: what others may find him by, and nothing else. */
export interface OwnNickname {
  current(): Promise<string>
  /**
   * Chooses another one, and publishes it.
   *
   * @returns The nickname in its one form, and how many nodes keep it: 0 while none is reached, it is published then.
   * @throws {NodeError} `ConfigInvalid` for what is no nickname.
   */
  set(text: string, options: { readonly signal: AbortSignal }): Promise<{ nickname: string; stored: number }>
  /** Signs and publishes it again: with the IDURL of now, for 30 more days. */
  publish(options: { readonly signal: AbortSignal }): Promise<{ nickname: string; stored: number }>
}

export interface OwnNicknameOptions {
  readonly masterKey: RsaPrivateKey
  readonly identity: Pick<OwnIdentity, 'document' | 'idurl'>
  readonly paths: FolderPaths
  readonly dht: Pick<Dht, 'publishNickname'>
}

/** Keeps the nickname in the data folder and in the DHT, where the master key is. */
export function wireOwnNickname({ masterKey, identity, paths, dht }: OwnNicknameOptions): OwnNickname {
  let turn: Promise<unknown> = Promise.resolve()

  /** One after the other, so that the last one chosen is the one that stays published. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work)
    turn = done.catch(() => undefined)
    return done
  }

  const current = () => readNickname(paths, identity.document())

  async function publish(signal: AbortSignal): Promise<{ nickname: string; stored: number }> {
    const nickname = await current()
    const created = systemClock.now()
    const { fingerprint: owner, spki: ownerKey } = masterKey.publicKey
    const expires = created + NICKNAME_LIFETIME_MS
    const { bytes } = await nicknameRecord.sign(
      { nickname, owner, ownerKey, idurl: identity.idurl(), created, expires },
      masterKey,
    )
    try {
      const { stored } = await dht.publishNickname(bytes, { signal })
      return { nickname, stored }
    } catch (error) {
      // The DHT remembers it, and publishes it when it meets somebody.
      if (isBitdustError(error, 'Timeout')) return { nickname, stored: 0 }
      throw error
    }
  }

  return {
    current,
    set: (text, { signal }) =>
      inTurn(async () => {
        await writeNickname(paths, read(text))
        return publish(signal)
      }),
    publish: ({ signal }) => inTurn(() => publish(signal)),
  }
}

function read(text: string): string {
  try {
    return parseNickname(text)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : 'unreadable'
    throw new NodeError('ConfigInvalid', `${problem}; a nickname has 1 to 64 characters that can be seen`, { cause })
  }
}
