import { idurlToUser, type KeySummary, MASTER_ALIAS } from '@bitdust/identity'
import { primaryOf } from '../wiring/devices.ts'
import type { KeyHolder } from './key-holder.ts'

/** A key as its owner named it: the master key, or one of the ring. */
export type FoundKey = 'master' | KeySummary

/** A key as the list shows it. */
export interface KeyRow {
  /** `alias$user@host`; the alias alone while it is not known where its maker is registered. */
  readonly keyId: string
  readonly alias: string
  /** Fingerprint of the identity that made it. */
  readonly creator: string
  /** Whether we made it. */
  readonly mine: boolean
  readonly generation: number
  readonly kind: 'private' | 'public' | 'damaged'
  /** Null for a damaged file. */
  readonly bits: number | null
  readonly fingerprint: string | null
  readonly label: string | null
}

/** What a key is for: `unknown` where only a running node would know. */
export type KeyUse = 'identity' | 'share' | 'none' | 'unknown'

/** What the list tells of a key. Nothing is unlocked. */
export function rowOf(holder: KeyHolder, key: FoundKey): KeyRow {
  const document = holder.document()
  const { fingerprint: owner, publicKey } = document
  const ownKeyId = (alias: string) => `${alias}$${idurlToUser(primaryOf(document))}`
  if (key === 'master')
    return {
      keyId: ownKeyId(MASTER_ALIAS),
      alias: MASTER_ALIAS,
      creator: owner,
      mine: true,
      generation: 1,
      kind: holder.masterKey === null ? 'public' : 'private',
      bits: publicKey.bits,
      fingerprint: owner,
      label: null,
    }
  const { alias, creator, generation, kind } = key
  const mine = creator === owner
  const names = { alias, creator, mine, generation, kind }
  if (key.kind === 'damaged')
    return { keyId: mine ? ownKeyId(alias) : alias, ...names, bits: null, fingerprint: null, label: null }
  const { bits, fingerprint, label = null } = key
  // Its file says where we were registered when the key was made.
  return { keyId: mine ? ownKeyId(alias) : key.keyId, ...names, bits, fingerprint, label }
}

/** What a key is for. */
export async function useOf(holder: KeyHolder, { alias, creator }: KeyRow): Promise<KeyUse> {
  if (alias === MASTER_ALIAS) return 'identity'
  const shares = await holder.shares()
  if (shares === null) return 'unknown'
  return shares.some((share) => share.alias === alias && share.owner === creator) ? 'share' : 'none'
}
