import { randomBytes, sha256, toBase64Url, toHex, utf8Encode } from '@bitdust/crypto'

const LIFETIME_S = 3600

/**
 * Who is signed in, for as long as this process runs. The cookie holds a random token that scripts cannot read and other
 * sites cannot send; only its hash is kept here.
 *
 * @param options.secure - Whether visitors come over https.
 */
export function createSessions({ secure, now = Date.now }) {
  // With this prefix browsers take the cookie from this very host alone, and over https alone.
  const name = secure ? '__Host-session' : 'session'
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  /** Hash of the token: who it is, and until when (ms). */
  const sessions = new Map()

  const keyOf = (cookies) => {
    const pair = cookies.split('; ').find((cookie) => cookie.startsWith(`${name}=`))
    return pair === undefined ? undefined : hashOf(pair.slice(name.length + 1))
  }

  return {
    /** @returns The cookie to set. */
    open(visitor) {
      for (const [key, { expires }] of sessions) if (expires <= now()) sessions.delete(key)
      const token = toBase64Url(randomBytes(32))
      sessions.set(hashOf(token), { visitor, expires: now() + LIFETIME_S * 1000 })
      return `${name}=${token}; Max-Age=${LIFETIME_S}; ${attributes}`
    },

    /** @returns Who sent these cookies, or null. */
    find(cookies = '') {
      const session = sessions.get(keyOf(cookies))
      return session === undefined || session.expires <= now() ? null : session.visitor
    },

    /** @returns The cookie to set. */
    close(cookies = '') {
      sessions.delete(keyOf(cookies))
      return `${name}=; Max-Age=0; ${attributes}`
    },
  }
}

function hashOf(token) {
  return toHex(sha256(utf8Encode(token)))
}
