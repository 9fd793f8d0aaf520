import { BitdustError } from '@bitdust/crypto'

/** What went wrong, for code to branch on. Codes are API: adding one is minor, renaming one is major. */
export type IdentityErrorCode =
  | 'IdentityMalformed'
  | 'IdentitySignatureInvalid'
  | 'IdentityKeyChanged'
  | 'IdentityRollback'
  | 'IdentitySourcesDisagree'
  | 'IdentityNameTaken'
  | 'IdurlForbidden'
  | 'PathUnsafe'
  | 'KeyConflict'
  | 'KeyMalformed'
  | 'NotFound'
  | 'Timeout'
  | 'VersionUnsupported'
  | 'RecordInvalid'

/** Every error that this package raises by itself; those of `@bitdust/crypto` pass through only where told. */
export class IdentityError extends BitdustError<IdentityErrorCode> {
  override readonly name = 'IdentityError'
}
