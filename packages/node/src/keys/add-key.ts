import {
  type Fingerprint,
  generateRsaKey,
  type RsaKeyBits,
  type RsaPrivateKey,
  type RsaPublicKey,
  randomBytes,
  toHex,
} from '@bitdust/crypto'
import { checkAlias, idurlToUser, MASTER_ALIAS } from '@bitdust/identity'
import { NodeError } from '../errors.ts'
import { primaryOf } from '../wiring/devices.ts'
import type { KeyHolder } from './key-holder.ts'
import type { KeyRow } from './key-row.ts'

/** A key for the ring. */
export interface AddedKey {
  readonly key: RsaPrivateKey | RsaPublicKey
  readonly alias: string
  /** @default we */
  readonly creator?: Fingerprint
  /** Where the creator is registered, if he is not we. */
  readonly user?: string
  readonly label: string | null
  readonly generation: number
}

export interface NewKeyOptions {
  /** @default `key_` and 32 random hex digits */
  readonly name?: string | undefined
  readonly label?: string | undefined
  /** @default 3072 */
  readonly bits?: RsaKeyBits | undefined
  readonly signal: AbortSignal
}

/** Makes a key of ours. @throws {NodeError} `KeyConflict`; {@link IdentityError} `PathUnsafe` for a bad name. */
export async function createKey(
  holder: KeyHolder,
  { name, label, bits = 3072, signal }: NewKeyOptions,
): Promise<KeyRow> {
  const alias = checkAlias(name ?? `key_${toHex(randomBytes(16))}`)
  await requireFreeAlias(holder, alias)
  const key = await generateRsaKey(bits)
  signal.throwIfAborted()
  return addKey(holder, { key, alias, label: label ?? null, generation: 1 })
}

/** Puts a key on the ring; one that is there already stays. @throws {IdentityError} `KeyConflict`, see `KeyRing.add`. */
export async function addKey(holder: KeyHolder, added: AddedKey): Promise<KeyRow> {
  const document = holder.document()
  const { fingerprint: owner } = document
  const { key, alias, generation, creator = owner } = added
  const mine = creator === owner
  const user = mine ? idurlToUser(primaryOf(document)) : added.user
  const held = await holder.keys.add(key, {
    alias,
    creator,
    generation,
    ...(user === undefined ? {} : { user }),
    ...(added.label === null ? {} : { label: added.label }),
  })
  const { bits, fingerprint } = held.publicKey
  const kind = held.privateKey === null ? 'public' : 'private'
  return { keyId: held.keyId, alias, creator, mine, generation, kind, bits, fingerprint, label: held.label ?? null }
}

/**
 * Makes sure that no other key of ours has an alias, in whatever generation.
 *
 * @param fingerprint - The key that may have it.
 * @throws {NodeError} `KeyConflict`
 */
export async function requireFreeAlias(holder: KeyHolder, alias: string, fingerprint?: Fingerprint): Promise<void> {
  if (alias === MASTER_ALIAS) throw new NodeError('KeyConflict', 'that is the name of the master key')
  const held = await holder.keys.get({ alias, creator: holder.document().fingerprint })
  if (held === null || held.publicKey.fingerprint === fingerprint) return
  throw new NodeError('KeyConflict', `you have another key ${alias}; take another name`, { subject: alias })
}
