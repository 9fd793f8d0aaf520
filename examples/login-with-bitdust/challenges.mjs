import { concatBytes, equalBytes, hmacSha256, randomBytes, toHex } from '@bitdust/crypto'
import { SignInError } from './sign-in-error.mjs'
import { encodeStatement } from './statement.mjs'

const NONCE_BYTES = 16
const LIFETIME_MS = 120_000

/**
 * One-time challenges. Ours are recognised by a MAC, so that nothing has to be remembered of those which nobody answers;
 * the ones that let somebody in are remembered until they expire.
 */
export function createChallenges({ origin, now }) {
  const secret = randomBytes(32)
  /** Used challenge, as hex, and when it expires anyway. */
  const used = new Map()

  const seal = (nonce, idurl, expires) =>
    concatBytes(nonce, hmacSha256(secret, encodeStatement({ origin, idurl, challenge: nonce, expires })))

  return {
    issue(idurl) {
      const expires = now() + LIFETIME_MS
      return { challenge: seal(randomBytes(NONCE_BYTES), idurl, expires), expires }
    },

    /** Whether a statement answers a challenge that we made for this site and this IDURL and that is still open. */
    check({ origin: audience, idurl, challenge, expires }) {
      if (audience !== origin) throw new SignInError('WrongAudience', 'signed for another site')
      if (expires <= now()) throw new SignInError('ChallengeExpired', 'signed too late')
      if (!equalBytes(challenge, seal(challenge.slice(0, NONCE_BYTES), idurl, expires)))
        throw new SignInError('ChallengeUnknown', 'signed for a challenge that this site never made')
    },

    /** Uses a checked challenge up. Without waiting for anything, so that two at once cannot both have it. */
    use({ challenge, expires }) {
      for (const [old, end] of used) if (end <= now()) used.delete(old)
      const name = toHex(challenge)
      if (used.has(name)) throw new SignInError('ReplayDetected', 'this challenge was answered before')
      used.set(name, expires)
    },
  }
}
