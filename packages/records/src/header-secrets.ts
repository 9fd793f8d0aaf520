import {
  concatBytes,
  decryptEntry,
  encryptEntry,
  type Fingerprint,
  fromHex,
  LABELS,
  openSealed,
  type RsaPrivateKey,
  type RsaPublicKey,
  sealTo,
  u32be,
} from '@bitdust/crypto'
import { bytes, bytesUpTo, optional, struct, text } from './fields.ts'
import type { LocationId } from './ids.ts'
import { MAX_ALIAS_BYTES, MAX_LABEL_BYTES, MAX_SEALED_BYTES } from './limits.ts'
import { defineMessage } from './message.ts'

/** Which generation of which location something was sealed for. */
export interface GenerationPlace {
  readonly owner: Fingerprint
  readonly location: LocationId
  readonly generation: number
}

/** What opens a generation: enough to restore everything of a location with the master key alone. */
export interface LocationSecrets {
  /** The location secret, 32 bytes. */
  readonly secret: Uint8Array
  /** PKCS#8 bytes of the generation's key; null where that is the master key itself. */
  readonly privateKey: Uint8Array | null
  readonly alias: string
  /** Name for people. */
  readonly label: string
}

const secretsMessage = defineMessage(
  struct<LocationSecrets>({
    secret: bytes(32),
    privateKey: optional(bytesUpTo(MAX_SEALED_BYTES)),
    alias: text(MAX_ALIAS_BYTES),
    label: text(MAX_LABEL_BYTES),
  }),
  'secrets',
)

/** Seals the secrets of a generation to the owner's master key (`ownerSealed`), or to that of a member or device. */
export function sealLocationSecrets(
  to: RsaPublicKey,
  place: GenerationPlace,
  secrets: LocationSecrets,
): Promise<Uint8Array> {
  return sealTo(to, LABELS.generationKey, secretsMessage.encode(secrets), contextOf(place))
}

/**
 * Opens what {@link sealLocationSecrets} made.
 *
 * @throws {CryptoError} `KeyUnlockFailed` for another key or place.
 * @throws {RecordError} `RecordInvalid`
 */
export async function openLocationSecrets(
  key: RsaPrivateKey,
  place: GenerationPlace,
  sealed: Uint8Array,
): Promise<LocationSecrets> {
  return secretsMessage.decode(await openSealed(key, LABELS.generationKey, sealed, contextOf(place)), MAX_SEALED_BYTES)
}

/** Seals a location secret to its generation's key (`sealedSecret`): whoever holds that key reads the location. */
export function sealLocationSecret(to: RsaPublicKey, place: GenerationPlace, secret: Uint8Array): Promise<Uint8Array> {
  return sealTo(to, LABELS.secret, secret, contextOf(place))
}

/** Opens what {@link sealLocationSecret} made: 32 bytes. @throws {CryptoError} `KeyUnlockFailed` */
export async function openLocationSecret(
  key: RsaPrivateKey,
  place: GenerationPlace,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  return openSealed(key, LABELS.secret, sealed, contextOf(place))
}

/**
 * Encrypts the secret of the generation before under that of `place` (`previousSealed`), so that whoever has the newer
 * secret reads what is older, and not the other way round.
 */
export function sealPreviousSecret(
  secret: Uint8Array,
  place: GenerationPlace,
  previous: Uint8Array,
): Promise<Uint8Array> {
  return encryptEntry(secret, LABELS.secret, previous, contextOf(place))
}

/** Opens what {@link sealPreviousSecret} made. @throws {CryptoError} `BlockAuthFailed` */
export function openPreviousSecret(
  secret: Uint8Array,
  place: GenerationPlace,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  return decryptEntry(secret, LABELS.secret, sealed, contextOf(place))
}

/** All three have fixed lengths, so joining them is unambiguous. */
function contextOf({ owner, location, generation }: GenerationPlace): Uint8Array {
  return concatBytes(fromHex(owner), fromHex(location), u32be(generation))
}
