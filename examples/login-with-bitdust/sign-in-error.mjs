import { BitdustError } from '@bitdust/crypto'

/**
 * Why a visitor is not let in. Besides the codes of `@bitdust/identity`: `RequestMalformed`, `WrongAudience`,
 * `ChallengeUnknown`, `ChallengeExpired`, `ReplayDetected`, `SignatureInvalid`, `WrongOrigin`, `RateLimited`,
 * `LimitExceeded`.
 */
export class SignInError extends BitdustError {
  name = 'SignInError'
}
