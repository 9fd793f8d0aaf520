import { isCertificateCurrent, openCertificate, parseIdurl } from '@bitdust/identity'

/**
 * Suppliers that somebody chose by name, in place of a walk through the DHT.
 *
 * @returns `finder` and `directory`, two of the ports of `createCustomer`.
 */
export function createNamedSuppliers({ idurls, resolver, remotes, clock, allowPrivate }) {
  /** Each device of each supplier that can be found. */
  async function* peers(signal) {
    for (const text of idurls) {
      const idurl = parseIdurl(text, { allowPrivate })
      const document = await resolver.resolve(idurl, { signal }).catch(() => null)
      for (const certificate of document?.certificates ?? []) {
        const opened = await openCertificate(certificate, document.publicKey).catch(() => null)
        if (opened === null || !isCertificateCurrent(opened, clock.now())) continue
        yield { fingerprint: document.fingerprint, idurl, peerId: opened.peerId }
      }
    }
  }

  return {
    finder: {
      async *candidates({ signal, exclude }) {
        for await (const peer of peers(signal)) if (!exclude.has(peer.fingerprint)) yield { peer, addresses: [] }
      },
    },

    // Suppliers keep the list of all of them anyway, so whoever knows one finds the others.
    directory: {
      publish: async () => ({ stored: idurls.length }),
      async find(customer, { signal }) {
        for await (const peer of peers(signal)) {
          const query = { customer, kind: 'family', location: null }
          const family = await remotes.getRecord(peer, query, { signal }).catch(() => null)
          if (family !== null) return family
        }
        return null
      },
    },
  }
}
