import type { DeviceId, Fingerprint } from '@bitdust/crypto'
import type { EntryHash, JournalEntry, JournalHead, JournalId, JournalPayload } from '@bitdust/records'
import type { CustomerError } from '../errors.ts'
import type { OpenedFamily } from '../family/types.ts'
import type { SupplierOutcome } from '../locations/quorum.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions } from '../ports.ts'

/** A verified entry as it is kept in memory: without its payload, which stays in the store. */
export interface KnownEntry extends Omit<JournalEntry, 'owner' | 'location' | 'payload' | 'certificate' | 'writerKey'> {
  readonly hash: EntryHash
  readonly journal: JournalId
}

/** What a synchronisation found. */
export interface SyncReport {
  /**
   * Whether enough suppliers answered to be sure that nothing acknowledged was missed, even with floor(n/4) liars among
   * them, and gave what they said they have. False is `CatalogFreshnessUnknown`: what is shown is what this device knows, there may be more.
   */
  readonly fresh: boolean
  /** Suppliers that answered, and how many it takes to be sure. */
  readonly answered: number
  readonly need: number
  /** What did not verify, forks, suppliers that show less than they had. None of it was taken over. */
  readonly problems: readonly CustomerError[]
}

/** What is to be written in our own journal. */
export interface EntryDraft {
  readonly payload: JournalPayload
  /** Milliseconds since the Unix epoch. */
  readonly date: number
}

export interface AppendOptions extends CallOptions {
  /** Revision which the entry names: the one that holds its blocks. */
  readonly family: OpenedFamily
}

/** An entry of ours that H suppliers acknowledged. */
export interface AppendedEntry {
  readonly entry: KnownEntry
  /** How it went at all suppliers; never rejects. */
  readonly rest: Promise<SupplierOutcome<void>>
}

/** The journals of all locations: kept here and at the suppliers, read by everybody who holds the location's secret. */
export interface Journals {
  /**
   * Asks all suppliers that can be reached for entries that are not known here yet. Never fails for lack of answers.
   *
   * @throws The signal's reason; what the store throws.
   */
  sync(location: Location, options: CallOptions): Promise<SyncReport>
  /**
   * Writes an entry in the journal that this device keeps in the location, after everything that is known, and resolves
   * when H suppliers have it. An entry that reached fewer stays in the store and is sent again before the next one.
   *
   * @throws {CustomerError} `CatalogFreshnessUnknown` (retryable): too few suppliers answered to be sure where the journal
   * ends and which key is the newest, nothing was written; `RecordRollback` (retryable): the suppliers know a newer family
   * or key, nothing was written; `KeyRevoked`: the newest key is not for us any more;
   * `UploadIncomplete` (retryable).
   */
  append(location: Location, draft: EntryDraft, options: AppendOptions): Promise<AppendedEntry>
  /**
   * All entries that count: those of our own left out which are not acknowledged, and those of revoked devices beyond the
   * heads that the location's header names. The same array as long as nothing changes.
   */
  entries(location: Location): Promise<readonly KnownEntry[]>
  /** Entries of revoked devices that do not count. */
  ignored(location: Location): Promise<readonly KnownEntry[]>
  /**
   * Where the journals of devices of ours end: one head each, more where it was forked, none where there is none. What is
   * named is at H suppliers then, so that every reader can find it.
   *
   * @throws {CustomerError} `CatalogFreshnessUnknown` (retryable), `UploadIncomplete`.
   */
  journalEnds(
    location: Location,
    devices: readonly DeviceId[],
    options: CallOptions,
  ): Promise<ReadonlyMap<DeviceId, readonly JournalHead[]>>
  /** Decrypts what an entry says. Throws what `openPayload` and `Location.secret` throw. */
  payload(location: Location, entry: KnownEntry): Promise<JournalPayload>
  /** Whether this device of this writer is one that keeps a journal in the location, or our own. */
  isAuthor(location: Location, writer: Fingerprint, device: DeviceId): Promise<boolean>
}
