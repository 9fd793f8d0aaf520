import type { DeviceId, DeviceKey, Fingerprint, RsaPrivateKey, RsaPublicKey } from '@bitdust/crypto'
import type { Idurl, PeerRef } from '@bitdust/identity'
import type { BlockId, EntryHash, JournalId, LocationId, Offer, Opened, Receipt } from '@bitdust/records'

/** What every call into the network takes. */
export interface CallOptions {
  /** Gives up the call, which rejects with the signal's reason. */
  readonly signal: AbortSignal
}

/** Who we are: the customer, and the device on which this runs. */
export interface Self {
  readonly fingerprint: Fingerprint
  /** The IDURL of the moment: the first source of the own identity. */
  idurl(): Idurl
  /** Peer id of this device. */
  readonly peerId: string
  readonly masterPublicKey: RsaPublicKey
  /** Null on an enrolled device: the master key stays where it is, and what needs it throws `Unauthorized` here. */
  readonly masterKey: RsaPrivateKey | null
  /** What is meant for this device is sealed to it: the master key where that lives, else the key in the device's certificate. */
  readonly encryptionKey: RsaPrivateKey
  readonly deviceKey: DeviceKey
  /** Text of this device's certificate, as it stands in the identity. */
  readonly certificate: string
}

/** What every question to a supplier names: whose data is meant. */
export interface CustomerQuery {
  /** Fingerprint of the owner of the data, who is the supplier's customer. */
  readonly customer: Fingerprint
}

/** A supplier's question that has to be answered with a location's key. */
export interface AccessChallenge {
  readonly supplier: Fingerprint
  readonly supplierPeer: string
  readonly customer: Fingerprint
  readonly location: LocationId
  /** 32 bytes. */
  readonly nonce: Uint8Array
}

/** Proves to suppliers of others that we hold the key of a location; what `createSupplierClient` takes. */
export interface AccessProver {
  /** An access proof record over the challenge. */
  prove(challenge: AccessChallenge): Promise<Uint8Array>
}

/** What is asked about one location. */
export interface LocationQuery extends CustomerQuery {
  readonly location: LocationId
}

/** Both fragments of one position. */
export interface FragmentsToStore extends CustomerQuery {
  /** Signed layout record. */
  readonly layout: Uint8Array
  readonly position: number
  /** Data fragment `position` and Parity fragment `n + position`; neither kept nor changed. */
  readonly data: Uint8Array
  readonly parity: Uint8Array
}

/** Which fragments are wanted. */
export interface FragmentQuery extends CustomerQuery {
  readonly block: BlockId
  readonly n: number
  readonly position: number
  readonly want: 'layout' | 'data' | 'parity' | 'both'
  /** Where the block belongs; needed for a location of another owner, to whose suppliers access is proved. */
  readonly location?: LocationId
}

/** What a supplier gave of one position of a block. Nothing about it is verified. */
export interface FoundFragment {
  /** Layout record as it was stored. */
  readonly layout: Uint8Array
  readonly data?: Uint8Array
  readonly parity?: Uint8Array
}

/** One position of a block, as a supplier lists it. */
export interface ListedFragment {
  readonly block: BlockId
  readonly location: LocationId
  readonly n: number
  readonly position: number
  /** Bytes that it takes of the quota. */
  readonly bytes: number
}

/** The owner's records which suppliers keep beside the journals. */
export type StoredRecordKind = 'family' | 'header' | 'members'

/** A record for a supplier to keep. */
export interface RecordToStore extends CustomerQuery {
  readonly kind: StoredRecordKind
  readonly record: Uint8Array
}

/** Which record is wanted. */
export interface RecordQuery extends CustomerQuery {
  readonly kind: StoredRecordKind
  /** Null for the family. */
  readonly location: LocationId | null
}

/** Entries of one journal, following each other. */
export interface EntriesToStore extends LocationQuery {
  /** Journal entry records. */
  readonly entries: readonly Uint8Array[]
  /** The owner copies old entries of his own device: they may name an older revision of the family. @default false */
  readonly backfill?: boolean
}

/** Where a supplier's copy of one journal ends. */
export interface StoredJournalHead {
  readonly journal: JournalId
  readonly writer: Fingerprint
  readonly device: DeviceId
  /** Which of the device's journals. */
  readonly epoch: number
  /** Sequence number of the last entry, from 0. */
  readonly sequence: number
  readonly hash: EntryHash
}

/** Which part of a journal is wanted. */
export interface JournalQuery extends LocationQuery {
  readonly journal: JournalId
  /** Sequence number of the first entry. */
  readonly from: number
}

/** What a supplier says about itself and its customer when pinged. */
export interface SupplierState {
  /** Bytes that are left of the grant. */
  readonly free: number
  readonly used: number
  readonly granted: number
  /** Revision of the family that the supplier keeps for the customer; null: none. */
  readonly familyRevision: number | null
}

/**
 * The suppliers' protocol, from our end; `createSupplierClient` of `@bitdust/supplier` satisfies it.
 *
 * Offers, contracts and receipts are verified before they are returned; all other answers are only well-formed, and
 * whoever uses them checks them. Refusals and broken links throw errors with a `code` (`NotFound`, `QuotaExceeded`,
 * `RecordRollback`, `Busy`, `Timeout`, ...); a `NotFound` that is `retryable` means that no address is known. Access to
 * locations of other owners is proved where it is needed.
 */
export interface RemoteSuppliers {
  /** A current offer, verified: signed by the device that is asked. */
  offer(to: PeerRef, options: CallOptions): Promise<Opened<Offer>>
  /** The contract with our signature goes out, the same with both comes back, both verified. */
  requestContract(
    to: PeerRef,
    request: { readonly contract: Uint8Array; readonly customerKey: Uint8Array },
    options: CallOptions,
  ): Promise<Uint8Array>
  /** Ends the contract; the supplier drops everything of ours. */
  cancel(to: PeerRef, query: CustomerQuery, options: CallOptions): Promise<void>
  putFragments(to: PeerRef, fragments: FragmentsToStore, options: CallOptions): Promise<Opened<Receipt>>
  /** Null: the supplier does not have it, or says so. */
  getFragment(to: PeerRef, query: FragmentQuery, options: CallOptions): Promise<FoundFragment | null>
  /** All that is stored, in one location or (null, owner only) in all of them. */
  listFragments(
    to: PeerRef,
    query: CustomerQuery & { readonly location: LocationId | null },
    options: CallOptions,
  ): AsyncIterable<ListedFragment>
  /** At most 256 blocks. */
  deleteBlocks(
    to: PeerRef,
    query: CustomerQuery & { readonly blocks: readonly BlockId[] },
    options: CallOptions,
  ): Promise<{ readonly freed: readonly BlockId[]; readonly refused: readonly BlockId[] }>
  /** At most 256 blocks of one location. @returns Those which the supplier has; it does not free them for 7 days. */
  retainBlocks(
    to: PeerRef,
    query: LocationQuery & { readonly blocks: readonly BlockId[] },
    options: CallOptions,
  ): Promise<readonly BlockId[]>
  putRecord(to: PeerRef, record: RecordToStore, options: CallOptions): Promise<Opened<Receipt>>
  /** Null: the supplier has none. */
  getRecord(to: PeerRef, query: RecordQuery, options: CallOptions): Promise<Uint8Array | null>
  listLocations(to: PeerRef, query: CustomerQuery, options: CallOptions): Promise<readonly LocationId[]>
  /** The receipt is about the last entry. */
  appendJournal(to: PeerRef, entries: EntriesToStore, options: CallOptions): Promise<Opened<Receipt>>
  journalHeads(to: PeerRef, query: LocationQuery, options: CallOptions): Promise<readonly StoredJournalHead[]>
  /** Entry records from `from` to the end, in order of their sequence. */
  getJournal(to: PeerRef, query: JournalQuery, options: CallOptions): AsyncIterable<Uint8Array>
  /** Asks for `Event` packets about new entries, while the connection lasts. */
  subscribe(to: PeerRef, query: LocationQuery, options: CallOptions): Promise<void>
  ping(to: PeerRef, query: CustomerQuery, options: CallOptions): Promise<SupplierState>
}

/** Somebody who may become a supplier. */
export interface SupplierCandidate {
  readonly peer: PeerRef
  /** Multiaddrs under which it was met, for spreading suppliers over networks. */
  readonly addresses: readonly string[]
}

/** Finds nodes which may become suppliers; walks the DHT in a node. */
export interface SupplierFinder {
  /** Ends when nobody new is found. May repeat somebody. */
  candidates(options: CallOptions & { readonly exclude: ReadonlySet<Fingerprint> }): AsyncIterable<SupplierCandidate>
}

/** Where family records are published and found; the DHT in a node. A hint: what it returns is verified. */
export interface FamilyDirectory {
  publish(family: Uint8Array, ownerSpki: Uint8Array, options: CallOptions): Promise<{ readonly stored: number }>
  find(owner: Fingerprint, options: CallOptions): Promise<Uint8Array | null>
}

/** Public master keys of others; the resolver of identities in a node. */
export interface OwnerKeys {
  /** Rejects when the identity of `owner` is nowhere to be found. */
  publicKey(owner: Fingerprint, options: CallOptions): Promise<RsaPublicKey>
}
