/** Most bytes of a value. */
export const MAX_VALUE_BYTES = 16 * 1024
/** Most values that a node keeps for others. */
export const MAX_STORED_VALUES = 100_000
/** Most bytes of values that a node keeps for others, all in memory: a tenth of what so many values could have. */
export const MAX_STORED_BYTES = 160 * 1024 * 1024
/** Most values that a node keeps for one peer. An honest one brings its own two, and those of its customers. */
export const MAX_STORED_VALUES_PER_PEER = 1_000
/** Most holders of one nickname that a node keeps; with large keys fewer fit into a value. */
export const MAX_HOLDERS = 16
/** Most holders of one nickname that one peer may bring. An honest one brings itself. */
export const MAX_HOLDERS_PER_PEER = 2
/** Most holders that a find returns: many nodes may have kept different ones. */
export const MAX_FOUND_HOLDERS = 64
/** Most answers to an enrolment that a find returns. */
export const MAX_FOUND_ANSWERS = 8
/** Nodes forget a value so long after they got it; the same as kad-dht's PROVIDERS_VALIDITY, after which it gives none out. */
export const VALUE_LIFETIME_MS = 48 * 3_600_000
/** Requests to enrol a device count for an hour, answers for a day, and clocks may differ by an hour. */
export const REQUEST_LIFETIME_MS = 2 * 3_600_000
/** @see REQUEST_LIFETIME_MS */
export const ANSWER_LIFETIME_MS = 25 * 3_600_000
/** Owners publish again four times within the lifetime, so that three failures in a row lose nothing. */
export const REPUBLISH_MS = VALUE_LIFETIME_MS / 4
/** Pause before a publication that nobody stored is tried again. */
export const PUBLISH_RETRY_MS = 60_000

/** A sequence number further than this above the one seen last is refused: it would make the key unusable for its owner. */
export const MAX_SEQUENCE_JUMP = 2 ** 20
/** Sequence numbers remembered in memory, the least used forgotten first; two for each value that is kept. */
export const MAX_REMEMBERED_SEQUENCES = 2 * MAX_STORED_VALUES

/** Longest duration of one question to the network, which asks many peers. */
export const QUERY_TIMEOUT_MS = 15_000
/** Longest wait for one peer of a question, dialling included: at first, and when all answers are slow. */
export const PEER_TIMEOUT_MS = { minTimeout: 3_000, maxTimeout: 5_000 } as const
/** A walk goes by as many regions of the network; it ends after it found nobody new in any of them. */
export const WALK_REGIONS = 16

/** How often a node looks whether it is still in the network, and whether something is to be published. */
export const UPKEEP_MS = 1_000
/** Pauses between attempts to reach the seeds double from the first to the longest: a seed that comes back is not stormed. */
export const REJOIN_MS = { first: 1_000, longest: 30_000 } as const
/** How often `ready` looks. */
export const READY_POLL_MS = 50
