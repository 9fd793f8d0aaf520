import { generateRsaKey, randomBytes, toHex, writeKeyFile } from '@bitdust/crypto'
import { formatIdentityDate, idurlOn, idurlToUser, parseIdServer, signIdentity } from '@bitdust/identity'
import { publish } from './talk.mjs'

/**
 * Makes a key and an identity under a random name, which this very site serves.
 *
 * @param passphrase - Protects the key file; empty for none.
 */
export async function makeIdentity(passphrase) {
  const key = await generateRsaKey()
  const name = `visitor-${toHex(randomBytes(3))}`
  const idurl = idurlOn(parseIdServer(window.location.origin, { allowPrivate: true }), name)
  const lists = { sources: [idurl], contacts: [], certificates: [], scrubbers: [] }
  const texts = { postage: '1', date: formatIdentityDate(Date.now()), version: 'login-with-bitdust' }
  const { document, bytes } = await signIdentity({ ...lists, ...texts, revision: 0 }, key)
  await publish(idurl, bytes)
  const keyId = `master$${idurlToUser(idurl)}`
  const options = passphrase === '' ? {} : { passphrase }
  const text = await writeKeyFile({ kind: 'private', keyId, key, creator: document.fingerprint }, options)
  return { idurl, keyFile: new File([text], `${name}.key.json`, { type: 'application/json' }) }
}
