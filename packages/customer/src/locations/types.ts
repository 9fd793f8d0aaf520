import type { DeviceId, Fingerprint, RsaPrivateKey, RsaPublicKey } from '@bitdust/crypto'
import type { LocationId, MemberLine, RevokedDevice } from '@bitdust/records'
import type { OpenedFamily } from '../family/types.ts'
import type { AccessProver, CallOptions } from '../ports.ts'

/** Where files live: our private place, one of our shares, or a share of somebody else. It shows the newest state that is known. */
export interface Location {
  readonly id: LocationId
  /** On whose suppliers it is. */
  readonly owner: Fingerprint
  /** The owner's master key. */
  readonly ownerKey: RsaPublicKey
  /** `master`, or the alias of the share key. */
  readonly alias: string
  /** A name for people. */
  readonly label: string
  /** Whether we are the owner. */
  readonly mine: boolean
  /** Newest generation that we can read, from 1. */
  readonly generation: number
  /** The key of that generation; null for our private location on an enrolled device, for it is the master key. */
  readonly key: RsaPrivateKey | null
  /** Devices of the owner whose entries count only as far as these heads. */
  readonly revoked: readonly RevokedDevice[]
  /**
   * The location secret, 32 bytes, not to be changed.
   *
   * @param generation - @default the newest
   * @throws {CustomerError} `KeyRevoked` for a generation that is newer than our key, `NotFound` for one that never was.
   */
  secret(generation?: number): Uint8Array
  /** The owner's family, for foreign locations at most a minute old unless `fresh`. Throws `NotFound` (retryable). */
  family(options: CallOptions & { readonly fresh?: boolean }): Promise<OpenedFamily>
  /** Whether it is worth asking the supplier at this position; of foreign families we know nothing and try. */
  online(position: number): boolean
  /** Whether the owner, as far as we know, gave this identity the right to write: what others wrote here does not count. */
  mayWrite(writer: Fingerprint): boolean
}

/** A new share of our own. */
export interface NewLocation extends CallOptions {
  /** Not `master`. */
  readonly alias: string
  readonly key: RsaPrivateKey
  /** A name for people, at most 256 bytes. */
  readonly label: string
}

/** A share that was given to us. */
export interface GivenLocation extends CallOptions {
  readonly owner: Fingerprint
  readonly alias: string
  readonly key: RsaPrivateKey
  readonly generation: number
  /** A name for people. @default the alias */
  readonly label?: string
  /** The owner's family record, as it came with the grant. */
  readonly family?: Uint8Array
}

/** A share key that came with a location header, for the key ring. */
export interface RestoredKey {
  readonly owner: Fingerprint
  readonly location: LocationId
  readonly alias: string
  readonly label: string
  readonly generation: number
  readonly key: RsaPrivateKey
}

/** A device of ours that is given a location. */
export interface GivenDevice {
  readonly device: DeviceId
  /** The encryption key that its certificate names. */
  readonly encryptionKey: RsaPublicKey
}

/** A location that has a new generation. */
export interface RenewedLocation {
  readonly generation: number
  /** Keys of all generations, for the key ring; none for the private location. */
  readonly keys: readonly RestoredKey[]
  /** Members whose identity could not be found: they read on when the new key is given to them. */
  readonly unreached: readonly Fingerprint[]
}

/** All places of which we hold the key. */
export interface Locations {
  /**
   * Our private location; made at the first call, never when the suppliers have one already.
   *
   * An enrolled device opens it with what was sealed to it, and never makes it.
   *
   * @throws {CustomerError} `NotFound` without a family, or (retryable) on an enrolled device when it was not made yet;
   * `UploadIncomplete` when too few suppliers can be reached to make it, `Timeout` (retryable) when too few answer to tell
   * whether there is one; `Unauthorized`, `KeyRevoked` on a device that was not given it, or lost it.
   */
  master(options: CallOptions): Promise<Location>
  /**
   * Makes a share: resolves when its header and empty member list are stored at H suppliers.
   *
   * @throws {CustomerError} `KeyConflict` when the alias is in use with another key, `Unauthorized` without the master
   * key, else like `master`.
   */
  create(location: NewLocation): Promise<Location>
  /**
   * Opens a share that was given to us: the header comes from the owner's suppliers, to whom the key is proved. Idempotent.
   *
   * @throws {CustomerError} `NotFound` (retryable) when the suppliers do not know us or it, `KeyRevoked` when the key is
   * not that of the generation, `RecordInvalid`, `Timeout`.
   */
  adopt(location: GivenLocation): Promise<Location>
  /** Null: not ours and not adopted. */
  get(id: LocationId): Promise<Location | null>
  list(): Promise<readonly Location[]>
  /**
   * Finds our locations again with the master key alone, or those which were given to this enrolled device; needs the
   * family. May be called again for those that came later.
   *
   * @returns The share keys, for the key ring.
   * @throws {CustomerError} `Timeout` (retryable) when fewer than a read quorum of suppliers answered.
   */
  restore(options: CallOptions): Promise<readonly RestoredKey[]>
  /** The newest lines that we know of. */
  members(location: Location): Promise<readonly MemberLine[]>
  /**
   * Changes the member list of a location of ours; resolves when the new revision is at H suppliers. `change` is called
   * again when another device was faster.
   *
   * @throws {CustomerError} `Unauthorized` for a foreign location or without the master key, `UploadIncomplete`.
   */
  setMembers(
    location: Location,
    change: (lines: readonly MemberLine[]) => readonly MemberLine[],
    options: CallOptions,
  ): Promise<void>
  /**
   * Gives a location of ours to an enrolled device: seals its newest generation to it, from which the older ones follow. Resolves when the new header is at H
   * suppliers; the device then finds it there. Idempotent.
   *
   * @throws {CustomerError} `Unauthorized` for a foreign location or without the master key; `KeyRevoked` for a device key
   * that was revoked, which never comes back; `UploadIncomplete`, `Timeout`, `LimitExceeded`.
   */
  sealToDevice(location: Location, device: GivenDevice, options: CallOptions): Promise<void>
  /**
   * Begins a new generation of a location of ours: what is written from now on can be read by the remaining devices and
   * members alone. Devices in `without` (revoke them in the identity first) lose access; their entries count as far as
   * they are known now, which readers learn from the header. Resolves when H suppliers hold the new header and member
   * list. What a device or former member read before, he may have kept. When it was interrupted, the same call goes on.
   *
   * @throws {CustomerError} `Unauthorized` for a foreign location or without the master key; `CatalogFreshnessUnknown`
   * (retryable) when too few suppliers tell where the journals end; `UploadIncomplete`, `Timeout`; `LimitExceeded` after
   * 64 generations, or when there are too many members and devices for one header (about 100).
   */
  renew(
    location: Location,
    change: { readonly without: readonly { readonly device: DeviceId }[] },
    options: CallOptions,
  ): Promise<RenewedLocation>
  /** Proves to the owner's suppliers that we hold the key of his location; undefined for our own, where nothing is proved. */
  prover(id: LocationId): AccessProver | undefined
  /**
   * Asks the suppliers for newer revisions of header and member list. Those that do not verify are ignored.
   *
   * @throws {CustomerError} `KeyRevoked` when the newest generation is not for us any more.
   */
  refresh(location: Location, options: CallOptions): Promise<void>
}
