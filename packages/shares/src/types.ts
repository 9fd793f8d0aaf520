import type { Fingerprint, RsaKeyBits } from '@bitdust/crypto'
import type { Idurl, KeyId } from '@bitdust/identity'
import type { LocationId, Right } from '@bitdust/records'
import type { ShareEventTarget } from './events.ts'
import type { GrantStep } from './grant/machine.ts'
import type { PacketRouter } from './ports.ts'
import type { KeyPart } from './protocol/messages.ts'

/** Who may use a share besides its owner. */
export interface ShareMember {
  /** Null: whoever holds the key. */
  readonly identity: Fingerprint | null
  /** `user@host` where the identity is known. */
  readonly user: string | null
  readonly rights: readonly Right[]
}

/** A share, ours or given to us. Plain data that can be written as JSON. */
export interface ShareSummary {
  /** `alias$user@host`; the alias alone while it is not known where the owner is registered. */
  readonly keyId: string
  readonly alias: string
  /** A name for people. */
  readonly label: string
  readonly owner: Fingerprint
  /** Whether we are the owner. */
  readonly mine: boolean
  readonly location: LocationId
  /** Newest generation of which we hold the key, from 1. */
  readonly generation: number
  /** `opening`: it was given to us, and its suppliers did not let us in yet. */
  readonly state: 'open' | 'opening'
  /** As far as we know them. */
  readonly members: readonly ShareMember[]
}

/** A new share. */
export interface NewShare {
  /** Name of its key, see `checkAlias` of `@bitdust/identity`. @default `share_` and 32 random hex digits */
  readonly alias?: string
  /** A name for people, at most 256 bytes. @default the alias */
  readonly label?: string
  /** Size of its key. @default 3072 */
  readonly bits?: RsaKeyBits
  readonly signal?: AbortSignal
}

/** How a share is granted. */
export interface GrantOptions {
  /** What the recipient may do. @default read and write */
  readonly rights?: readonly Right[]
  readonly signal?: AbortSignal
  /** Told each step when it begins. */
  readonly onStep?: (step: GrantStep) => void
}

/** What came of a grant. Plain data that can be written as JSON. */
export interface GrantResult {
  readonly keyId: string
  /** Who has the key now. */
  readonly member: Fingerprint
  readonly rights: readonly Right[]
  readonly generation: number
  /** Whether he has opened the share already. If not, he goes on trying by himself. */
  readonly opened: boolean
}

/** How a key is audited. */
export interface AuditOptions {
  /** Which half has to be proved. @default 'private' */
  readonly part?: KeyPart
  readonly signal?: AbortSignal
}

/**
 * How a key is named: `alias$user@host`, its parts, or the alias alone for our own. For audits also `user@host`, which is
 * that user's master key.
 */
export type ShareName = string | KeyId

/** Sharing: keys that open places for others. */
export interface Shares {
  readonly events: ShareEventTarget
  /** Registers the commands. Once, before the transport starts; packets that come before `start()` get `Busy`. */
  attach(router: PacketRouter): void
  /** Begins to answer, and goes on opening the shares whose grants an earlier run took. Idempotent. */
  start(): Promise<void>
  /** Gives up everything under way. Idempotent; stopped shares do not start again. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
  /**
   * Makes a share. When it fails, the same alias again goes on with the same key; it is the error's `subject`.
   *
   * @throws {ShareError} `KeyConflict`, `PathUnsafe` (alias), `LimitExceeded` (label), `NotFound` without suppliers,
   * `UploadIncomplete` with too few of them, `Cancelled`.
   */
  create(share?: NewShare): Promise<ShareSummary>
  /** All shares, ours and those given to us, in no order. Asks nobody. */
  list(): Promise<readonly ShareSummary[]>
  /**
   * Hands a share of ours to somebody, in the five steps of the documents. He must be online. Doing it again changes his
   * rights, or brings him the key once more.
   *
   * @throws {ShareError} With the `step` at which it failed: `Timeout` (retryable) when he, or the suppliers, cannot be
   * reached; `AuditFailed` when he does not prove his master key; `UploadIncomplete`; `KeyConflict`, `KeyGrantInvalid`
   * and others with which he refuses. Without a step: `NotFound`, `Unauthorized` for a share that is not ours,
   * `WrongAudience` for ourselves, `IdentityKeyChanged`, `LimitExceeded`, `Cancelled`.
   */
  grant(share: ShareName, user: Idurl, options?: GrantOptions): Promise<GrantResult>
  /**
   * Finds out whether somebody holds a key whose public part we have. Nothing is decrypted by anybody.
   *
   * @returns False when he says that he does not, or that it is not for us to ask.
   * @throws {ShareError} `AuditFailed`, `WrongAudience`, `ReplayDetected` when he answered with something that proves
   * nothing; `KeyRevoked` when he says that our generation was replaced; `NotFound`, `Timeout`, `Cancelled`.
   */
  audit(key: ShareName, user: Idurl, options?: AuditOptions): Promise<boolean>
}
