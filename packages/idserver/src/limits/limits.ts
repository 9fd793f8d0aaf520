/** Longest wait for the body of an upload, in ms; for platforms that have no such limit themselves. */
export const UPLOAD_TIMEOUT_MS = 15_000

/** Names on one page of the index. */
export const NAMES_PER_PAGE = 200

/** How much one neighbourhood (a /24 of IPv4, a /48 of IPv6) may ask for. Nobody is limited in reading. */
export interface IdServerLimits {
  /** Uploads per minute, good and bad ones. @default 10 */
  readonly uploadsPerMinute: number
  /** Names taken for the first time, per 24 hours. @default 50 */
  readonly newNamesPerDay: number
}

/** What an ID-server on the open Internet should have. */
export const DEFAULT_LIMITS: IdServerLimits = { uploadsPerMinute: 10, newNamesPerDay: 50 }
