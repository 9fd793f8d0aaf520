import {
  concatBytes,
  type Fingerprint,
  fromHex,
  LABELS,
  openSealed,
  type RsaPrivateKey,
  type RsaPublicKey,
  sealTo,
  u32be,
} from '@bitdust/crypto'
import type { Idurl } from '@bitdust/identity'
import { defineRecord, type RecordKind } from './define-record.ts'
import { bytes, bytesUpTo, optional, refine, struct, text } from './fields.ts'
import { fingerprint, generationNumber, idurl, locationId, revisionNumber, timestamp } from './id-fields.ts'
import { type LocationId, locationIdOf } from './ids.ts'
import { MAX_ALIAS_BYTES, MAX_GRANT_BYTES, MAX_LABEL_BYTES, MAX_SEALED_BYTES } from './limits.ts'
import { type Right, rightsField } from './members.ts'
import { defineMessage } from './message.ts'

/** A share key handed to a member: what he may do, and the key sealed to him. */
export interface Grant {
  readonly owner: Fingerprint
  /** Where the owner is found. */
  readonly ownerIdurl: Idurl
  /** Alias of the share key; with the owner it names the location. */
  readonly alias: string
  readonly location: LocationId
  readonly generation: number
  readonly member: Fingerprint
  readonly rights: readonly Right[]
  /** Revision of the owner's family when he granted; a reader looks for this one or a newer one. */
  readonly family: number
  /** 16 random bytes: a grant counts once. */
  readonly nonce: Uint8Array
  readonly created: number
  /** {@link GrantedKey}, sealed to the member's master key. */
  readonly sealed: Uint8Array
}

/** What a grant hands over. */
export interface GrantedKey {
  /** PKCS#8 bytes of the generation's key. */
  readonly privateKey: Uint8Array
  /** Name for people. */
  readonly label: string
  /** The location secret, where the member shall not depend on reading the header first. */
  readonly secret: Uint8Array | null
}

/** What the sealed part of a grant is bound to. */
export type GrantPlace = Pick<Grant, 'owner' | 'location' | 'generation' | 'member'>

const grantField = refine(
  struct<Grant>({
    owner: fingerprint,
    ownerIdurl: idurl,
    alias: text(MAX_ALIAS_BYTES),
    location: locationId,
    generation: generationNumber,
    member: fingerprint,
    rights: rightsField,
    family: revisionNumber,
    nonce: bytes(16),
    created: timestamp,
    sealed: bytesUpTo(MAX_SEALED_BYTES),
  }),
  ({ owner, alias, location }) =>
    locationIdOf(owner, alias) === location ? null : 'the location is not that of owner and alias',
)

/** Signed by the `owner` with his master key. */
export const grantRecord: RecordKind<Grant, 'owner'> = defineRecord({
  kind: 'grant',
  label: LABELS.grant,
  maxBytes: MAX_GRANT_BYTES,
  signers: { owner: { key: 'rsa', name: ({ owner }) => owner } },
  versions: { 1: grantField },
})

const grantedKeyMessage = defineMessage(
  struct<GrantedKey>({
    privateKey: bytesUpTo(MAX_SEALED_BYTES),
    label: text(MAX_LABEL_BYTES),
    secret: optional(bytes(32)),
  }),
  'grantedKey',
)

/** Seals a share key to the member's master key. */
export function sealGrantedKey(to: RsaPublicKey, place: GrantPlace, granted: GrantedKey): Promise<Uint8Array> {
  return sealTo(to, LABELS.grant, grantedKeyMessage.encode(granted), contextOf(place))
}

/**
 * Opens the share key in a grant. Verify the grant first: sealing proves nothing about who sealed.
 *
 * @throws {CryptoError} `KeyUnlockFailed` for another member's grant.
 * @throws {RecordError} `RecordInvalid`
 */
export async function openGrantedKey(key: RsaPrivateKey, grant: Grant): Promise<GrantedKey> {
  return grantedKeyMessage.decode(await openSealed(key, LABELS.grant, grant.sealed, contextOf(grant)), MAX_SEALED_BYTES)
}

/** All four have fixed lengths, so joining them is unambiguous. */
function contextOf({ owner, location, generation, member }: GrantPlace): Uint8Array {
  return concatBytes(fromHex(location), u32be(generation), fromHex(owner), fromHex(member))
}
