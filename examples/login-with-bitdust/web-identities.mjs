import { lookup as systemLookup } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { IdentityError, isForbiddenAddress, isForbiddenHost, MAX_IDENTITY_BYTES } from '@bitdust/identity'

const TIMEOUT_MS = 10_000

/**
 * Identities as their servers give them over HTTP. Visitors choose whom we ask, so this must not be the platform's
 * `fetch`: names are looked up first, addresses of private networks sorted out, and the connection goes to an address
 * that was checked. Redirects are not followed, long answers cut off.
 */
export function webIdentities({ lookup = systemLookup } = {}) {
  return {
    name: 'web',
    async fetch(query, { signal }) {
      if (!('idurl' in query)) return null
      const url = new URL(query.idurl)
      // Documents may name any address. Such a one is nobody we could ask.
      if (isForbiddenHost(url.hostname)) return null
      const answer = await get(url, lookup, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
      if (answer.statusCode === 200) return readAll(answer)
      answer.destroy()
      if (answer.statusCode === 404 || answer.statusCode === 410) return null
      throw new IdentityError('Timeout', `${url.href} answered ${answer.statusCode}`, { retryable: true })
    },
  }
}

function get(url, lookup, signal) {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const options = { lookup: publicAddresses(lookup), signal, agent: false, headers: { accept: 'application/xml' } }
  return new Promise((resolve, reject) => {
    request(url, options)
      .once('response', resolve)
      .once('error', (cause) => {
        if (cause instanceof IdentityError) return reject(cause)
        reject(new IdentityError('Timeout', `${url.href} does not answer`, { cause, retryable: true }))
      })
      .end()
  })
}

/** A lookup for sockets that gives allowed addresses alone. */
function publicAddresses(lookup) {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, [])
      const allowed = found.filter(({ address }) => !isForbiddenAddress(address))
      if (allowed.length === 0)
        return callback(new IdentityError('IdurlForbidden', `${hostname} is a private or special address`), [])
      if (options.all) callback(null, allowed)
      else callback(null, allowed[0].address, allowed[0].family)
    })
  }
}

async function readAll(answer) {
  const chunks = []
  let size = 0
  for await (const chunk of answer) {
    size += chunk.length
    if (size > MAX_IDENTITY_BYTES)
      throw new IdentityError('IdentityMalformed', 'the answer is too long for an identity')
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
