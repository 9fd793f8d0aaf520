import { type DeviceId, type Fingerprint, LABELS } from '@bitdust/crypto'
import { compareText } from './compare.ts'
import { defineRecord, type RecordKind } from './define-record.ts'
import { bytesUpTo, optional, refine, row, sortedList, struct } from './fields.ts'
import { deviceId, fingerprint, generationNumber, locationId, optionalRecordHash, revisionNumber } from './id-fields.ts'
import type { LocationId } from './ids.ts'
import { type JournalHead, journalHeadField } from './journal-entry.ts'
import {
  MAX_GENERATIONS,
  MAX_HEADER_BYTES,
  MAX_HEADS,
  MAX_MEMBERS,
  MAX_SEALED_BYTES,
  MAX_SPKI_BYTES,
} from './limits.ts'
import { type Revisioned, revisionProblem } from './revisions.ts'

/** Everything sealed that a location needs. Suppliers keep it for the owner and can open none of it. */
export interface Header extends Revisioned {
  readonly owner: Fingerprint
  readonly location: LocationId
  /** Written by ascending generation; at least one. */
  readonly generations: readonly HeaderGeneration[]
  /** Enrolled devices of the owner which were given the location; written sorted. */
  readonly devices: readonly GivenDevice[]
  /** Devices of the owner which were given it and lost it; written sorted. None of them is in `devices`. */
  readonly revoked: readonly RevokedDevice[]
}

/** A device of the owner that reads the location without the master key. */
export interface GivenDevice {
  readonly device: DeviceId
  /** SPKI bytes of the encryption key in its certificate, to which later generations are sealed. */
  readonly encryptionKey: Uint8Array
}

/** A device whose entries count no longer, but for those that were known when it was revoked. */
export interface RevokedDevice {
  readonly device: DeviceId
  /** The ends of its journal at that moment: one, or several where it was forked; none when it had written nothing. Written sorted. */
  readonly heads: readonly JournalHead[]
}

/** One generation: its key's public part and its secrets, sealed. `header-secrets.ts` makes and opens the sealed ones. */
export interface HeaderGeneration {
  /** From 1. */
  readonly generation: number
  /** SPKI bytes of the generation's key. */
  readonly publicKey: Uint8Array
  /** The location secret, sealed to the generation's key. */
  readonly sealedSecret: Uint8Array
  /** {@link OwnerSecrets}, sealed to the owner's master key. */
  readonly ownerSealed: Uint8Array
  /** The secret of the generation before, encrypted under this one; null in the first. */
  readonly previousSealed: Uint8Array | null
  /** The generation's private key for members who were not reached when it was made; written sorted. */
  readonly members: readonly SealedForMember[]
  /** The same for the owner's enrolled devices, each of which the header names in its `devices`; written sorted. */
  readonly devices: readonly SealedForDevice[]
}

/** Sealed to a member's master key. */
export interface SealedForMember {
  readonly member: Fingerprint
  readonly sealed: Uint8Array
}

/** Sealed to the encryption key in a device's certificate. */
export interface SealedForDevice {
  readonly device: DeviceId
  readonly sealed: Uint8Array
}

const sealed = bytesUpTo(MAX_SEALED_BYTES)

const generationField = struct<HeaderGeneration>({
  generation: generationNumber,
  publicKey: bytesUpTo(MAX_SPKI_BYTES),
  sealedSecret: sealed,
  ownerSealed: sealed,
  previousSealed: optional(sealed),
  members: sortedList(row<SealedForMember>({ member: fingerprint, sealed }), MAX_MEMBERS, (a, b) =>
    compareText(a.member, b.member),
  ),
  devices: sortedList(row<SealedForDevice>({ device: deviceId, sealed }), MAX_MEMBERS, (a, b) =>
    compareText(a.device, b.device),
  ),
})

const givenDeviceField = row<GivenDevice>({ device: deviceId, encryptionKey: bytesUpTo(MAX_SPKI_BYTES) })

const revokedDeviceField = row<RevokedDevice>({
  device: deviceId,
  heads: sortedList(journalHeadField, MAX_HEADS, (a, b) => compareText(a.hash, b.hash)),
})

const headerField = refine(
  struct<Header>({
    owner: fingerprint,
    location: locationId,
    revision: revisionNumber,
    previous: optionalRecordHash,
    generations: sortedList(generationField, MAX_GENERATIONS, (a, b) => a.generation - b.generation),
    devices: sortedList(givenDeviceField, MAX_MEMBERS, (a, b) => compareText(a.device, b.device)),
    revoked: sortedList(revokedDeviceField, MAX_MEMBERS, (a, b) => compareText(a.device, b.device)),
  }),
  headerProblem,
)

function headerProblem(header: Header): string | null {
  if (header.generations.length === 0) return 'no generation'
  const given = new Set(header.devices.map(({ device }) => device))
  if (header.revoked.some(({ device }) => given.has(device))) return 'a revoked device is given the location'
  const sealedFor = header.generations.flatMap(({ devices }) => devices)
  if (sealedFor.some(({ device }) => !given.has(device))) return 'secrets for a device that is not given the location'
  return revisionProblem(header)
}

/** Signed by the `owner` of the location. */
export const headerRecord: RecordKind<Header, 'owner'> = defineRecord({
  kind: 'header',
  label: LABELS.header,
  maxBytes: MAX_HEADER_BYTES,
  signers: { owner: { key: 'rsa', name: ({ owner }) => owner } },
  versions: { 1: headerField },
})
