import { BitdustError } from '@bitdust/crypto'

/** What went wrong in the node itself, for code to branch on. Errors of the packages below pass through unchanged. */
export type NodeErrorCode =
  | 'ConfigInvalid'
  | 'KeyMalformed'
  | 'KeyConflict'
  | 'FolderInvalid'
  | 'FolderInUse'
  | 'NotInitialized'
  | 'AlreadyInitialized'
  | 'NotRunning'
  | 'AlreadyRunning'
  | 'RoleOff'
  | 'NotFound'
  | 'TargetExists'
  | 'SourceChanged'
  | 'PathUnsafe'
  | 'Unauthorized'
  | 'PacketMalformed'
  | 'LimitExceeded'
  | 'DiskFull'
  | 'InsecureKeyPermissions'
  | 'StorageCorrupt'
  | 'ManifestInvalid'
  | 'VersionUnsupported'
  | 'Timeout'
  | 'Cancelled'
  | 'Internal'

/** The only error class that this package throws on its own account. The message says what, where and what to do. */
export class NodeError extends BitdustError<NodeErrorCode> {
  override readonly name = 'NodeError'
}
