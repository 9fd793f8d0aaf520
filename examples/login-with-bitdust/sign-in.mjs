import { isBitdustError, LABELS } from '@bitdust/crypto'
import { idServerOf, parseIdurl } from '@bitdust/identity'
import { createChallenges } from './challenges.mjs'
import { SignInError } from './sign-in-error.mjs'
import { decodeStatement } from './statement.mjs'

/**
 * The two steps of signing in: a challenge for an IDURL, and the visitor's signed answer to it.
 *
 * @param options.origin - Of this site, as in the address bar.
 * @param options.visitors - Finds identities and remembers their keys, see `createVisitors`.
 * @param options.now - Milliseconds since the epoch.
 */
export function createSignIn({ origin, visitors, now = Date.now }) {
  const challenges = createChallenges({ origin, now })

  return {
    /** @throws `IdurlForbidden` before anything is asked of anybody. */
    challenge: (address) => challenges.issue(readIdurl(address)),

    /** @returns Who it is. The key is who he is; the IDURL is where he lives now. */
    async answer({ statement: bytes, signature }) {
      const statement = decodeStatement(bytes)
      challenges.check(statement)
      const { identity, remember } = await meet(readIdurl(statement.idurl))
      // The statement arrives as the bytes that were signed, so no second encoder has to agree with the first.
      if (!(await identity.publicKey.verify(LABELS.login, bytes, signature)))
        throw new SignInError('SignatureInvalid', `signed by another key than that of ${statement.idurl}`)
      challenges.use(statement)
      await remember()
      return { idurl: identity.sources[0], fingerprint: identity.fingerprint }
    },
  }

  async function meet(idurl) {
    try {
      return await visitors.meet(idurl)
    } catch (error) {
      // Why the only source could not be asked says more than that it could not.
      throw isBitdustError(error, 'Timeout') && isBitdustError(error.cause) ? error.cause : error
    }
  }

  /** Private addresses are refused, but for those of this very site where it runs on one machine for trying out. */
  function readIdurl(address) {
    const idurl = parseIdurl(address, { allowPrivate: true })
    return idServerOf(idurl) === origin ? idurl : parseIdurl(address)
  }
}
