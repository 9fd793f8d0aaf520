import { BitdustError } from '@bitdust/crypto'

/**
 * Why the album refuses something. Besides the codes of `@bitdust/customer`: `NameRefused`, `LengthRequired`,
 * `LimitExceeded`, `Busy`, `WrongOrigin`, `NotFound`.
 */
export class AlbumError extends BitdustError {
  name = 'AlbumError'
}
