import type { Fingerprint } from '@bitdust/crypto'
import { checkAlias, MASTER_ALIAS } from '@bitdust/identity'
import { NodeError } from '../errors.ts'
import { addKey, requireFreeAlias } from './add-key.ts'
import { isOwnUser, splitKeyId } from './find-key.ts'
import type { KeyHolder } from './key-holder.ts'
import type { KeyRow } from './key-row.ts'
import { type NamedKey, type ReadKeyTextOptions, readKeyText } from './read-key-text.ts'

export interface ImportKeyOptions extends ReadKeyTextOptions {
  /** Keeps the key as one of ours under this alias. @default the names in the file */
  readonly name?: string | undefined
}

/**
 * Adds a key out of a text to the ring. Nothing that is there is replaced.
 *
 * @throws {NodeError} `KeyConflict` for the own master key, for names that another key has, and for what claims to follow a
 *   key that is here: such a key comes from its maker, with the share; `ConfigInvalid` when the
 *   file does not tell what to call the key; the errors of {@link readKeyText}.
 */
export async function importKey(
  holder: KeyHolder,
  text: string,
  { name, ...options }: ImportKeyOptions,
): Promise<KeyRow> {
  const read = await readKeyText(text, options)
  const { fingerprint } = 'publicKey' in read.key ? read.key.publicKey : read.key
  if (fingerprint === holder.document().fingerprint)
    throw new NodeError(
      'KeyConflict',
      'this is your master key; another machine takes it by: bitdust identity restore FILE IDURL',
    )
  if (name === undefined) {
    const names = namesIn(holder, read)
    await refuseSuccessor(holder, { ...read, ...names, fingerprint })
    return addKey(holder, { ...read, ...names })
  }
  const alias = checkAlias(name)
  await requireFreeAlias(holder, alias, fingerprint)
  return addKey(holder, { key: read.key, label: read.label, alias, generation: 1 })
}

/**
 * Nobody signed the names in a file. The newest generation is the one that is used, so a file must not bring a newer one
 * of a key that is here already.
 */
async function refuseSuccessor(
  { keys }: KeyHolder,
  {
    alias,
    creator,
    generation,
    fingerprint,
  }: NamedKey & { alias: string; creator: Fingerprint; fingerprint: Fingerprint },
): Promise<void> {
  const held = await keys.get({ alias, creator })
  if (held === null || held.generation >= generation || held.publicKey.fingerprint === fingerprint) return
  throw new NodeError(
    'KeyConflict',
    `generation ${held.generation} of ${alias} is here, and a file does not prove that its maker replaced it by ${generation}; take another name by --name, or delete the key first`,
    { subject: alias },
  )
}

/** The names that a file gives its key. */
function namesIn(
  holder: KeyHolder,
  { keyId, creator }: NamedKey,
): { readonly alias: string; readonly creator: Fingerprint; readonly user?: string } {
  const { alias, user } = keyId === null ? { alias: MASTER_ALIAS, user: null } : splitKeyId(keyId)
  if (alias === MASTER_ALIAS)
    throw new NodeError('ConfigInvalid', 'the file does not tell what to call this key; add --name ALIAS')
  if (creator !== null) return { alias, creator, ...(user === null ? {} : { user }) }
  if (user === null || isOwnUser(holder, user)) return { alias, creator: holder.document().fingerprint }
  throw new NodeError(
    'ConfigInvalid',
    `the file does not tell who made ${alias}$${user}; add --name ALIAS to keep it as one of yours`,
  )
}
