import { checkAlias, formatUser, idurlToUser, MASTER_ALIAS, parseKeyId } from '@bitdust/identity'
import { NodeError } from '../errors.ts'
import type { KeyHolder } from './key-holder.ts'
import type { FoundKey } from './key-row.ts'

/**
 * Finds a key by `alias$user@host`, or by its alias alone, in its newest generation; `master` is the own master key.
 *
 * @throws {NodeError} `NotFound`; `PacketMalformed` when an alias alone names keys of several people. {@link IdentityError}
 *   `PathUnsafe` for what is no key id.
 */
export async function findKey(holder: KeyHolder, text: string): Promise<FoundKey> {
  const { alias, user } = splitKeyId(text)
  const isOwn = user === null || isOwnUser(holder, user)
  if (alias === MASTER_ALIAS && isOwn) return 'master'

  const named = (await Array.fromAsync(holder.keys.list())).filter((key) => key.alias === alias)
  const isMine = ({ creator }: { readonly creator: string }) => creator === holder.document().fingerprint
  const own = named.filter(isMine)
  const received = named.filter(
    (key) => !isMine(key) && (user === null || (key.kind !== 'damaged' && key.keyId === `${alias}$${user}`)),
  )
  const found = isOwn && own.length > 0 ? own : received
  if (new Set(found.map(({ creator }) => creator)).size > 1)
    throw new NodeError('PacketMalformed', `several people made a key ${alias}; name it as ${alias}$user@host`)
  const [newest] = found.sort((a, b) => b.generation - a.generation)
  if (newest !== undefined) return newest
  throw new NodeError('NotFound', `no key ${text} is here; bitdust key list tells which are`, { subject: text })
}

/**
 * Takes a key id apart; an alias alone has no user.
 *
 * @throws {IdentityError} `PathUnsafe`
 */
export function splitKeyId(text: string): { readonly alias: string; readonly user: string | null } {
  if (!/[$@]/.test(text)) return { alias: checkAlias(text), user: null }
  const { alias, ...user } = parseKeyId(text)
  return { alias, user: formatUser(user) }
}

/** Whether `user@host` is where we are registered. */
export function isOwnUser(holder: KeyHolder, user: string): boolean {
  return holder.document().sources.some((source) => idurlToUser(source) === user)
}
