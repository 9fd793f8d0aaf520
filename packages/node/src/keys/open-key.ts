import type { RsaPrivateKey, RsaPublicKey } from '@bitdust/crypto'
import { NodeError } from '../errors.ts'
import { masterKeyNeeded } from '../metadata.ts'
import type { KeyHolder } from './key-holder.ts'
import type { FoundKey } from './key-row.ts'

/** A key, ready for use. */
export interface OpenKey {
  readonly publicKey: RsaPublicKey
  /**
   * @param doing - What it is needed for, `export it`.
   * @throws {NodeError} `Unauthorized` where the master key is not; `NotFound` where only the public part is here.
   */
  requirePrivate(doing: string): RsaPrivateKey
}

/** Reads a key that was found. @throws {NodeError} `NotFound` when it was deleted meanwhile; the errors of `KeyRing.get`. */
export async function openKey(holder: KeyHolder, found: FoundKey): Promise<OpenKey> {
  if (found === 'master')
    return { publicKey: holder.document().publicKey, requirePrivate: (doing) => requireMaster(holder, doing) }
  const { alias, creator, generation } = found
  const held = await holder.keys.get({ alias, creator, generation })
  if (held === null) throw new NodeError('NotFound', `the key ${alias} was deleted meanwhile`, { subject: alias })
  const { publicKey, privateKey, keyId } = held
  return {
    publicKey,
    requirePrivate(doing) {
      if (privateKey !== null) return privateKey
      throw new NodeError('NotFound', `only the public part of ${keyId} is here; ${doing} where the private one is`, {
        subject: keyId,
      })
    },
  }
}

/** The private key with a fingerprint, or null. @throws {NodeError} `Unauthorized` for a master key that is not here. */
export async function findPrivate(holder: KeyHolder, fingerprint: string): Promise<RsaPrivateKey | null> {
  if (fingerprint === holder.document().fingerprint) return requireMaster(holder, 'decrypt it')
  for await (const key of holder.keys.list()) {
    if (key.kind !== 'private' || key.fingerprint !== fingerprint) continue
    return (await holder.keys.get(key))?.privateKey ?? null
  }
  return null
}

function requireMaster({ masterKey }: KeyHolder, doing: string): RsaPrivateKey {
  if (masterKey === null) throw masterKeyNeeded(doing)
  return masterKey
}
