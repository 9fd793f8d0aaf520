import type { Fingerprint } from '@bitdust/crypto'
import {
  checkAlias,
  formatUser,
  type Idurl,
  idurlToUser,
  type KeyId,
  MASTER_ALIAS,
  parseKeyId,
  userToIdurl,
} from '@bitdust/identity'
import { primaryOf } from './devices.ts'
import type { CallOptions, Identities, ShareSelf } from './ports.ts'
import type { ShareName } from './types.ts'

/** A key, named by what never changes. */
export interface NamedKey {
  readonly owner: Fingerprint
  /** `master`, or the alias of a share key. */
  readonly alias: string
}

/** Goes between the names that people write and fingerprints. */
export interface ShareNames {
  /** Own IDURL of the moment. */
  ownIdurl(options: CallOptions): Promise<Idurl>
  /** @throws {IdentityError} `PathUnsafe`, and what the resolver throws. */
  find(name: ShareName, options: CallOptions): Promise<NamedKey>
  /** `user@host`; null for an identity that this process has not met. Asks nobody. */
  userOf(identity: Fingerprint): string | null
}

/** Makes the names of a node. */
export function createShareNames(self: ShareSelf, identities: Identities): ShareNames {
  async function ownIdurl({ signal }: CallOptions): Promise<Idurl> {
    if (self.idurl !== undefined) return self.idurl()
    return primaryOf(await identities.resolve({ fingerprint: self.fingerprint }, { signal }))
  }

  function userOf(identity: Fingerprint): string | null {
    const own = identity === self.fingerprint ? self.idurl?.() : undefined
    const idurl = own ?? identities.primary(identity)
    return idurl === undefined ? null : idurlToUser(idurl)
  }

  async function ownerOf(id: KeyId, { signal }: CallOptions): Promise<Fingerprint> {
    const user = formatUser(id)
    if (user === userOf(self.fingerprint)) return self.fingerprint
    // Whether a private host is asked is decided by the resolver's sources, which know the settings of the network.
    const { fingerprint } = await identities.resolve(userToIdurl(user, { allowPrivate: true }), { signal })
    return fingerprint
  }

  return {
    ownIdurl,
    userOf,
    async find(name, options) {
      if (typeof name === 'string' && !/[$@]/.test(name)) return { owner: self.fingerprint, alias: checkAlias(name) }
      const id = typeof name === 'string' ? parseKeyId(name) : name
      return {
        owner: await ownerOf(id, options),
        alias: id.alias === MASTER_ALIAS ? MASTER_ALIAS : checkAlias(id.alias),
      }
    },
  }
}
