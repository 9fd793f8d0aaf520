import { LEAF_BYTES } from '@bitdust/crypto'
import { MAX_CIPHERTEXT_BYTES } from '@bitdust/records'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const SECOND_MS = 1000
const HOUR_MS = 3600 * SECOND_MS
const DAY_MS = 24 * HOUR_MS

/** What a supplier allows. All of it can be set by the person who runs it. */
export interface SupplierLimits {
  /** Most fragment files of one customer, each holding two fragments. Protects inodes. @default 1_000_000 */
  readonly maxFiles: number
  /** Most writes of one customer at the same time; one more is `Busy`. @default 8 */
  readonly maxConcurrentWrites: number
  /** Bytes of the disk that are never filled. The larger of this and `diskReserveShare` counts. @default 1 GiB */
  readonly diskReserveBytes: number
  /** Part of the disk that is never filled, 0 to 1. @default 0.05 */
  readonly diskReserveShare: number
  /** How long a block is kept at least once stored, in ms: somebody may just be writing an entry that names it. @default 7 days */
  readonly keepMs: number
  /** How long data stays readable after the end of its contract, in ms. @default 90 days */
  readonly graceMs: number
  /** Longest contract that is granted, in ms from now. @default 366 days */
  readonly maxContractMs: number
}

/** The limits of `threats.md` A13 and of the design. */
export const DEFAULT_LIMITS: SupplierLimits = {
  maxFiles: 1_000_000,
  maxConcurrentWrites: 8,
  diskReserveBytes: GIB,
  diskReserveShare: 0.05,
  keepMs: 7 * DAY_MS,
  graceMs: 90 * DAY_MS,
  maxContractMs: 366 * DAY_MS,
}

/** Reserved beside the bytes of the fragments themselves: header, layout and the slack of the last disk block. */
export const FILE_OVERHEAD_BYTES = 4 * KIB

/** Most bytes of the two fragments in one packet: n = 2 has the largest ones. */
export const MAX_FRAGMENTS_BYTES = 2 * Math.ceil(MAX_CIPHERTEXT_BYTES / 2)

/** Headers, member lists, families and journals have their own allowance: this, or an eighth of the quota if more. */
export const MIN_ALLOWANCE_BYTES = 16 * MIB
export const ALLOWANCE_DIVISOR = 8

/** Most locations of one customer that have a header or a journal. */
export const MAX_LOCATIONS = 1024
/** Most journals of one location; all heads fit one reply. */
export const MAX_JOURNALS = 256
/** Most blocks in one `DeleteFile`. */
export const MAX_DELETED_BLOCKS = 256
/** Most blocks in one `Retain`. */
export const MAX_RETAINED_BLOCKS = 256
/** Most items in one `Files` reply; they fit the payload of a packet. */
export const MAX_LISTED_ITEMS = 512
/** Most entries in one `Journal` packet or one `RetrieveJournal` reply. */
export const MAX_ENTRIES = 512
/** Most bytes of entries in one packet, lengths included; a sender starts another packet before. */
export const MAX_ENTRIES_BYTES = 2 * MIB

/** Life of the nonce for an access proof, in ms of the monotonic clock. */
export const NONCE_LIFE_MS = 60 * SECOND_MS
/** Most nonces that one connection may have open; a further one makes the oldest void. */
export const MAX_NONCES = 16
/** Most connections whose nonces and proofs are remembered; whoever is forgotten proves again. */
export const MAX_PROVEN_CONNECTIONS = 4096

/** Most subscribers of one location, and of all. */
export const MAX_SUBSCRIBERS = 64
export const MAX_SUBSCRIPTIONS = 4096

/** Life of an offer, in ms. */
export const OFFER_LIFE_MS = HOUR_MS
/** How often contracts are looked at, in ms. */
export const TICK_MS = HOUR_MS
/** Data is dropped for the end of a contract only when two observations agree which lie this far apart on the monotonic clock (`threats.md` A18). */
export const OVERDUE_MS = DAY_MS
/** Pieces in which stored fragments are read, in bytes; a whole number of leaves. */
export const READ_BYTES = 128 * LEAF_BYTES
