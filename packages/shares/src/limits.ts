const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Packets of one command that one identity may send us in a minute (`threats.md` T49). */
export const PACKETS_PER_MINUTE = 10

/** Identities whose rate is remembered; with more of them those that were silent longest start anew. */
export const MAX_RATED_PEERS = 10_000

/** Most bytes of the payload of any packet of this protocol. */
export const MAX_PAYLOAD_BYTES = 64 * 1024

/** Names in the list of files that follows a grant; the rest stands in the catalog only. */
export const MAX_LISTED_FILES = 1000

/** Most bytes of the paths in that list. With what is around them it fits {@link MAX_PAYLOAD_BYTES}. */
export const MAX_LISTED_PATH_BYTES = 24 * 1024

/** How long a question of an audit may be answered, in ms. */
export const AUDIT_LIFE_MS = MINUTE_MS

/** How far clocks of honest nodes may differ, in ms (`threats.md` A18). */
export const CLOCK_SKEW_MS = 5 * MINUTE_MS

/** Nonces of audits that are remembered until they expire. */
export const MAX_AUDIT_NONCES = 10_000

/** A grant is taken so long after it was made, and so long before by a clock that is behind, in ms. */
export const GRANT_LIFE_MS = HOUR_MS

/** Share keys of one owner that we take. */
export const MAX_KEYS_OF_ONE_OWNER = 100

/** Share keys of others that we take in all. */
export const MAX_GIVEN_KEYS = 1000

/** Grants that are being accepted at once. */
export const MAX_PENDING_GRANTS = 100

/** How long judging a grant may take, in ms: the address of its owner is looked up. */
export const VERIFY_LIMIT_MS = 20 * SECOND_MS

/** How long one attempt to open a share at its suppliers may take, in ms. */
export const LOCATE_LIMIT_MS = 20 * SECOND_MS

/** Pause after the first such attempt that failed, in ms; it doubles each time up to {@link MAX_LOCATE_PAUSE_MS}. */
export const LOCATE_PAUSE_MS = 2 * SECOND_MS

/** Longest such pause, in ms. */
export const MAX_LOCATE_PAUSE_MS = 10 * MINUTE_MS

/** After so long a share whose suppliers never let us in is given up, in ms. */
export const ACCEPTANCE_LIFE_MS = 30 * DAY_MS

/** Longest time of each step of a grant, in ms. Opening the share at the other end falls into the last one. */
export const GRANT_LIMITS_MS = {
  'checking-online': 15 * SECOND_MS,
  'auditing-master': 15 * SECOND_MS,
  publishing: MINUTE_MS,
  'sending-key': 30 * SECOND_MS,
  'sending-list': 30 * SECOND_MS,
} as const

/** Longest audit, in ms. */
export const AUDIT_LIMIT_MS = 30 * SECOND_MS
