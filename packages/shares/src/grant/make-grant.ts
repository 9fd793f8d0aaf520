import { type RsaPublicKey, randomBytes } from '@bitdust/crypto'
import type { Idurl } from '@bitdust/identity'
import { grantRecord, type Right, sealGrantedKey } from '@bitdust/records'
import { ShareError } from '../errors.ts'
import { requireMasterKey } from '../master-key.ts'
import type { CallOptions, ShareLocation, ShareSelf } from '../ports.ts'
import type { KeyRequest } from '../protocol/messages.ts'

/** What a grant is made of. */
export interface GrantParts {
  readonly self: ShareSelf
  /** Own IDURL. */
  readonly idurl: Idurl
  readonly location: ShareLocation
  /** The recipient's master key. */
  readonly member: RsaPublicKey
  readonly rights: readonly Right[]
  /** Milliseconds since the Unix epoch. */
  readonly created: number
}

/** Seals the key of a share to a member and signs that it was given to him. */
export async function makeGrant(
  { self, idurl, location, member, rights, created }: GrantParts,
  options: CallOptions,
): Promise<KeyRequest> {
  const { id, alias, generation, label, key } = location
  const masterKey = requireMasterKey(self, 'give shares to others')
  if (key === null) throw new ShareError('Unauthorized', 'the master key is never given away')
  const family = await location.family(options)
  const place = { owner: self.fingerprint, location: id, generation, member: member.fingerprint }
  const privateKey = await key.exportPkcs8()
  try {
    // Without the secret: the header at the suppliers has it, and who cannot read that could not read a file either.
    const sealed = await sealGrantedKey(member, place, { privateKey, label, secret: null })
    const grant = await grantRecord.sign(
      {
        ...place,
        ownerIdurl: idurl,
        alias,
        rights,
        family: family.body.revision,
        nonce: randomBytes(16),
        created,
        sealed,
      },
      masterKey,
    )
    return { grant: grant.bytes, family: family.bytes }
  } finally {
    privateKey.fill(0)
  }
}
