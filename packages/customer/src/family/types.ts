import type { Fingerprint } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import type { SupplierCount } from '@bitdust/raid'
import type { Family, Opened } from '@bitdust/records'
import type { CallOptions } from '../ports.ts'
import type { TypedEvents } from '../typed-events.ts'

/** A family record whose owner's signature was verified. */
export type OpenedFamily = Opened<Family>

/** What we know of the way to one supplier. */
export type LinkState = 'connected' | 'requesting' | 'refused' | 'unreachable'

/** One supplier of the family and how it is reached. */
export interface SupplierLink {
  readonly position: number
  readonly peer: PeerRef
  readonly state: LinkState
  /** When this state began, in ms since the Unix epoch. */
  readonly since: number
  /** Bytes left of the grant, as the supplier said last. */
  readonly freeBytes?: number
}

/** How far a change of the family has come. */
export interface HireProgress {
  readonly step: 'finding' | 'contracting' | 'announcing' | 'copying'
  /** Positions that are settled in this step, of `total`. */
  readonly done: number
  readonly total: number
}

/** What a first family is to be. */
export interface HireOptions extends CallOptions {
  /** Number of suppliers. */
  readonly count: SupplierCount
  /** Bytes of files the customer wants to store; each supplier is asked for `bytes / count * 2`. */
  readonly bytes: number
  /** Asked before those whom the finder meets, in this order. @default nobody */
  readonly preferred?: readonly PeerRef[]
  readonly onProgress?: (progress: HireProgress) => void
}

/** How suppliers are replaced. */
export interface ReplaceOptions extends CallOptions {
  /** Asked before those whom the finder meets, in this order. @default nobody */
  readonly preferred?: readonly PeerRef[]
  readonly onProgress?: (progress: HireProgress) => void
}

/** Events of {@link CustomerFamily}. */
export interface FamilyEvents {
  /** The family in force is another one. */
  readonly change: OpenedFamily
  /** A link has another state. */
  readonly link: SupplierLink
}

/** Our own suppliers: hires them, watches them, replaces the dead ones. */
export interface CustomerFamily {
  /** The family in force; null before the first `hire`, or before `start` found it. */
  current(): OpenedFamily | null
  /**
   * Makes the first family. With one of that size there already, contracts are extended to `bytes` where they are smaller.
   *
   * @throws {CustomerError} `NotFound` (retryable) when fewer than `count` suppliers are found, `LimitExceeded` when
   * `count` is no preset or there is a family of another size, `UploadIncomplete` when too few suppliers can be reached
   * to bring it into force (which goes on in the background then), `QuotaExceeded`, `Cancelled`; `Unauthorized` without
   * the master key.
   */
  hire(options: HireOptions): Promise<OpenedFamily>
  /**
   * Asks suppliers and directory whether another device of ours changed the family, and takes over what is newer. It also
   * happens by itself when a supplier tells of it.
   */
  refresh(options: CallOptions): Promise<void>
  /** All positions, from 0; empty without a family. */
  links(): readonly SupplierLink[]
  /** Whether it is worth asking the supplier at this position: it answered when last asked, or was not asked yet. */
  online(position: number): boolean
  /**
   * Replaces suppliers, in one new revision. Resolves when it is in force and the new ones have copies of headers,
   * members and journals; their fragments are rebuilt afterwards by repair.
   *
   * @throws {CustomerError} `NotFound` (retryable) when no other suppliers are found, or there is no family;
   * `UploadIncomplete` when too few suppliers of the family can be reached; `Cancelled`; `Unauthorized` without the master
   * key.
   */
  replace(positions: number | readonly number[], options: ReplaceOptions): Promise<OpenedFamily>
  /**
   * The family of somebody else, verified with his key: the newest that cache, directory and its suppliers know.
   *
   * @param options.hint - Family record that came with a grant.
   * @param options.fresh - Asks again even when the cached one is younger than a minute. @default false
   * @throws {CustomerError} `NotFound` (retryable) when it is nowhere to be found.
   */
  familyOf(
    owner: Fingerprint,
    options: CallOptions & { readonly hint?: Uint8Array; readonly fresh?: boolean },
  ): Promise<OpenedFamily>
  /**
   * Loads the family, or finds it again on a fresh device, and begins to watch the suppliers; an interrupted change goes
   * on in the background. An enrolled device finds and watches it, and changes nothing. Idempotent.
   */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Idempotent. */
  stop(): Promise<void>
  readonly events: TypedEvents<FamilyEvents>
}
