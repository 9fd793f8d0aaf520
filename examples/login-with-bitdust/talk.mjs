// What the page asks of its site.
import { fromBase64Url, LABELS, toBase64Url } from '@bitdust/crypto'
import { parseIdurl } from '@bitdust/identity'
import { encodeStatement } from './statement.mjs'

/** @returns Who is signed in, and whether the site takes identities for trying out. */
export const askSession = () => ask('GET', '/session')

/**
 * Signs in with the master key of an identity.
 *
 * @param address - The IDURL as it was typed.
 */
export async function signIn(address, key) {
  const idurl = parseIdurl(address, { allowPrivate: true })
  const { challenge, expires } = await ask('POST', '/challenge', JSON.stringify({ idurl }))
  // Whatever the server says, the page signs for the site where it is: no other site can use the answer.
  const { origin } = window.location
  const statement = encodeStatement({ origin, idurl, challenge: fromBase64Url(challenge), expires })
  const signature = await key.sign(LABELS.login, statement)
  const answer = { statement: toBase64Url(statement), signature: toBase64Url(signature) }
  return ask('POST', '/session', JSON.stringify(answer))
}

export const signOut = () => ask('DELETE', '/session')

/** Publishes an identity at this site. */
export const publish = (idurl, bytes) => ask('PUT', new URL(idurl).pathname, bytes)

async function ask(method, path, body) {
  const response = await fetch(path, { method, body }).catch((cause) => {
    throw Object.assign(new Error('the site does not answer', { cause }), { code: 'SiteSilent' })
  })
  const answer = await response.json()
  if (response.ok) return answer
  throw Object.assign(new Error(answer.message), { code: answer.code })
}
