/** Exit codes of `bitdust`, by kind of outcome. They are API: docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** The input was read and is not valid, or the request was refused. */
  refused: 1,
  /** Wrong usage: unknown command, missing argument, bad configuration. */
  usage: 2,
  notFound: 3,
  /** Nobody answered, or not enough did; trying again may help. */
  unreachable: 4,
  /** Data cannot be given back, or not all of it. */
  dataAtRisk: 5,
  /** Disk full, damaged or insecure files. */
  disk: 6,
  notRunning: 7,
  cancelled: 130,
  internal: 70,
} as const

const BY_CODE: Readonly<Record<string, number>> = {
  ConfigInvalid: EXIT.usage,
  PathUnsafe: EXIT.usage,
  PacketMalformed: EXIT.usage,
  NotInitialized: EXIT.usage,
  AlreadyInitialized: EXIT.usage,
  RoleOff: EXIT.usage,
  NotFound: EXIT.notFound,
  Timeout: EXIT.unreachable,
  Busy: EXIT.unreachable,
  RateLimited: EXIT.unreachable,
  UploadIncomplete: EXIT.unreachable,
  CatalogFreshnessUnknown: EXIT.unreachable,
  NotEnoughFragments: EXIT.dataAtRisk,
  BlockAuthFailed: EXIT.dataAtRisk,
  FragmentCorrupt: EXIT.dataAtRisk,
  FragmentMissing: EXIT.dataAtRisk,
  ManifestInvalid: EXIT.dataAtRisk,
  CatalogFork: EXIT.dataAtRisk,
  CatalogRollback: EXIT.dataAtRisk,
  DiskFull: EXIT.disk,
  StorageCorrupt: EXIT.disk,
  InsecureKeyPermissions: EXIT.disk,
  FolderInvalid: EXIT.disk,
  FolderInUse: EXIT.disk,
  NotRunning: EXIT.notRunning,
  Cancelled: EXIT.cancelled,
  Internal: EXIT.internal,
}

/** The exit code for an error code; what is not listed is a refusal. */
export function exitCodeOf(code: string): number {
  return BY_CODE[code] ?? EXIT.refused
}
